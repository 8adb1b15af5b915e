"""Algebra in worker processes: a pool that any thread or process may use, with deadlines that hold.

Workers are plain child processes that speak over pipes, so no start method runs the user's main module again and
daemonic processes may have them too. A worker that misses its deadline is killed and replaced. The pool is this
process's own: it is made on first use, a forked child makes its own, and it is gone at exit.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import select
import subprocess
import sys
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from functools import lru_cache
from typing import IO, Literal, NamedTuple

from .equality import compare

START_SECONDS = 120.0
"""Seconds in which a worker must have imported math-verify."""

TRIES = 2
"""Workers that a pair is given to, should they die under it."""

MOST_RESULTS = 65_536
"""Verdicts that are remembered."""

_PROGRAM = "import sys; sys.path[:] = {path!r}; from {module} import main; main()"


class Pair(NamedTuple):
    """An answer and the reference it is compared with."""

    answer: str
    reference: str


class VerifierCounts(NamedTuple):
    """How many comparisons were settled exactly, from the cache, by a worker, and how many failed."""

    exact: int = 0
    cached: int = 0
    verified: int = 0
    failed: int = 0


class _WorkerDied(Exception):
    """A worker was killed from outside, or crashed, while it worked."""


class _Worker:
    """One child process; used by one thread at a time."""

    def __init__(self) -> None:
        module = f"{__package__}.verifier_worker"
        program = _PROGRAM.format(path=[entry or os.getcwd() for entry in sys.path], module=module)
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            bufsize=0,  # or a forked child would flush the half of a request that its parent is writing
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._ready = False

    def ask(self, pair: Pair, seconds: float) -> bool | None:
        """Return the verdict; None for a failure or a missed deadline, after which the worker is dead.

        Raises :class:`_WorkerDied` when something else has killed it, which says nothing of the pair.
        """
        request = json.dumps([pair.answer, pair.reference, math.ceil(seconds) + 1]) + "\n"
        reply: bytes | None = b"ready\n"
        try:
            if not self._ready:
                reply = self._reply(START_SECONDS)
                self._ready = reply == b"ready\n"
            if self._ready:
                _pipe(self._process.stdin).write(request.encode())
                reply = self._reply(seconds)
        except OSError:
            reply = b""
        if reply:
            verdict: bool | None = json.loads(reply)
            return verdict
        self.stop()
        if reply is None:
            return None
        raise _WorkerDied

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def _reply(self, seconds: float) -> bytes | None:
        """Return one line, b"" when the worker is gone, None at the deadline. Replies are short: one read each."""
        stream = _pipe(self._process.stdout)
        ready = select.poll()
        ready.register(stream, select.POLLIN)
        return os.read(stream.fileno(), 64) if ready.poll(seconds * 1000) else None

    def stop(self) -> None:
        """Kill the process and wait for it, so that no zombie stays."""
        self._process.kill()
        self.forget()
        self._process.wait()

    def forget(self) -> None:
        """Close this process's ends of the pipes."""
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                _pipe(stream).close()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # both were asked for as pipes
    return stream


class _Question(NamedTuple):
    """What a verdict is remembered by: a failure in little time says nothing of what more time would give."""

    pair: Pair
    seconds: float


class _Pool:
    """Idle workers, remembered verdicts and running counts, behind one lock."""

    def __init__(self) -> None:
        self._most = os.cpu_count() or 1
        self._lock = threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._idle: list[_Worker] = []
        self._workers: set[_Worker] = set()
        self._results: OrderedDict[_Question, bool | None] = OrderedDict()
        self.totals = VerifierCounts()

    def verify(self, pairs: Sequence[Pair], seconds: float) -> dict[Pair, bool | None]:
        """Return the verdicts; a pair whose every worker died has none, and so none that is remembered."""
        if not pairs:
            return {}
        todo = deque(pairs)
        results: dict[Pair, bool | None] = {}
        count = min(len(todo), self._most)
        threads = [threading.Thread(target=self._work, args=(todo, results, seconds)) for _ in range(count - 1)]
        for thread in threads:
            thread.start()
        self._work(todo, results, seconds)
        for thread in threads:
            thread.join()
        return results

    def _work(self, todo: deque[Pair], results: dict[Pair, bool | None], seconds: float) -> None:
        worker = self._take()
        try:
            while todo:
                try:
                    pair = todo.popleft()
                except IndexError:
                    return
                for _ in range(TRIES):
                    try:
                        results[pair] = worker.ask(pair, seconds)
                        break
                    except _WorkerDied:
                        worker = self._replace(worker)
                if not worker.alive:
                    worker = self._replace(worker)
        finally:
            self._give(worker)

    def _take(self) -> _Worker:
        """Return an idle worker or a new one; wait while as many as there are processors are in use."""
        with self._freed:
            while True:
                self._bury()
                if self._idle:
                    return self._idle.pop()
                if len(self._workers) < self._most:
                    return self._start()
                self._freed.wait()

    def _give(self, worker: _Worker) -> None:
        with self._freed:
            self._idle.append(worker)
            self._freed.notify()

    def _replace(self, worker: _Worker) -> _Worker:
        worker.stop()
        with self._freed:
            self._workers.discard(worker)
            return self._start()

    def _start(self) -> _Worker:
        worker = _Worker()
        self._workers.add(worker)
        return worker

    def _bury(self) -> None:
        """Drop idle workers that something else has killed."""
        for worker in [worker for worker in self._idle if not worker.alive]:
            worker.stop()
            self._idle.remove(worker)
            self._workers.discard(worker)

    def known(self, pairs: Sequence[Pair], seconds: float) -> dict[Pair, bool | None]:
        with self._lock:
            questions = {pair: _Question(pair, seconds) for pair in pairs}
            return {pair: self._results[question] for pair, question in questions.items() if question in self._results}

    def remember(self, results: dict[Pair, bool | None], seconds: float) -> None:
        with self._lock:
            self._results.update({_Question(pair, seconds): equal for pair, equal in results.items()})
            while len(self._results) > MOST_RESULTS:
                self._results.popitem(last=False)

    def count(self, counts: VerifierCounts) -> None:
        with self._lock:
            self.totals = VerifierCounts(*(before + now for before, now in zip(self.totals, counts, strict=True)))

    def close(self) -> None:
        """Kill all workers; one that is in use fails its request."""
        with self._lock:
            workers, self._workers, self._idle = self._workers, set(), []
        for worker in workers:
            worker.stop()

    def abandon(self) -> None:
        """In a forked child: let go of the parent's workers."""
        for worker in self._workers:
            worker.forget()


_pool = _Pool()


def _renew() -> None:
    global _pool
    _pool.abandon()
    _pool = _Pool()


os.register_at_fork(after_in_child=_renew)
atexit.register(lambda: _pool.close())


class Verdict(NamedTuple):
    """Whether a pair is equal, None when the verifier failed, and how that was settled."""

    equal: bool | None
    how: Literal["exact", "cached", "verified", "failed"]


_EXACT = {equal: Verdict(equal, "exact") for equal in (True, False, None)}


@lru_cache(maxsize=MOST_RESULTS)
def _exact(pair: Pair) -> bool | None:
    return compare(pair.answer, pair.reference)


def settle(pairs: Sequence[Pair], seconds: float) -> list[Verdict]:
    """Return a verdict for each pair: exact where that decides, remembered, or from worker processes in parallel.

    ``seconds`` is the deadline of one comparison; beyond it, and on a crash, ``equal`` is None. Safe to call from
    any thread, from a forked, spawned or daemonic process, and inside a running event loop (it blocks).

    >>> settle([Pair("1/2", "0.5"), Pair("1/3", "0.33")], seconds=5.0)
    [Verdict(equal=True, how='exact'), Verdict(equal=False, how='exact')]
    """
    decided = [_exact(pair) for pair in pairs]
    verdicts = [_EXACT[equal] for equal in decided]
    open_at = [index for index, equal in enumerate(decided) if equal is None]
    if open_at:
        _settle_open(pairs, open_at, verdicts, seconds)
    _pool.count(count(verdicts))
    return verdicts


def _settle_open(pairs: Sequence[Pair], open_at: list[int], verdicts: list[Verdict], seconds: float) -> None:
    pool = _pool
    wanted = list(dict.fromkeys(pairs[index] for index in open_at))
    known = pool.known(wanted, seconds)
    fresh = pool.verify([pair for pair in wanted if pair not in known], seconds)
    pool.remember(fresh, seconds)
    for index in open_at:
        pair = pairs[index]
        if pair in known:
            verdicts[index] = Verdict(known[pair], "cached")
        else:
            equal = known[pair] = fresh.get(pair)
            verdicts[index] = Verdict(equal, "failed" if equal is None else "verified")


def count(verdicts: Sequence[Verdict]) -> VerifierCounts:
    """Return how many verdicts were reached in which way.

    >>> count([Verdict(True, "exact"), Verdict(None, "failed")])
    VerifierCounts(exact=1, cached=0, verified=0, failed=1)
    """
    hows = Counter(verdict.how for verdict in verdicts)
    return VerifierCounts(hows["exact"], hows["cached"], hows["verified"], hows["failed"])


def counts() -> VerifierCounts:
    """Return the running totals of this process."""
    return _pool.totals
