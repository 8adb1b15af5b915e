"""Algebra in worker processes: a pool that any thread or process may use, with deadlines that hold.

Workers are plain child processes that speak over pipes, so no start method runs the user's main module again and
daemonic processes may have them too. A worker that misses its deadline is killed and replaced. The pool is this
process's own: it is made on first use, a forked child makes its own, and it is gone at exit.

What the answer breaks costs the answer: a comparison that uses up its processor time, or fails twice, while a simple
answer can be compared with the same reference, is "complex", and the answer is not the reference. Where the reference
breaks that too, it is "failed"; so is a missed deadline, since that depends on what else the machine does.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from functools import lru_cache, partial
from operator import attrgetter
from typing import Literal, NamedTuple

from .equality import compare, is_too_complex
from .verifier_process import Outcome, Pair, Worker, WorkerDied

_SIMPLE = r"7\sqrt{3}x+1"
"""An answer that breaks nothing."""

TRIES = 2
"""Workers that a pair is given to, should they be killed from outside."""

MOST_SECONDS = 60.0
"""Seconds in which new comparisons of one batch begin; what is left then has failed."""

MOST_RESULTS = 65_536
"""Verdicts that are remembered."""


class VerifierCounts(NamedTuple):
    """How many comparisons were settled exactly, from the cache, by a worker, and how many failed; how many of them
    were too complex."""

    exact: int = 0
    cached: int = 0
    verified: int = 0
    failed: int = 0
    complex: int = 0


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
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()
        self._results: OrderedDict[_Question, Outcome] = OrderedDict()
        self.totals = VerifierCounts()

    def verify(self, pairs: Sequence[Pair], seconds: float) -> dict[Pair, Outcome]:
        """Return the outcomes: all at once, then alone what failed beside others, and references alone."""
        until = time.monotonic() + MOST_SECONDS
        results = self._ask_all(pairs, seconds, until)
        for pair in [pair for pair, outcome in results.items() if outcome in ("failed", "missed")]:
            results |= self._ask_all([pair], seconds, until)
        for pair in [pair for pair, outcome in results.items() if outcome in ("late", "failed")]:
            probe = Pair(_SIMPLE, pair.reference)
            known = self.known([probe], seconds) or self._ask_all([probe], seconds, until)
            self.remember(known, seconds)
            if probe in known:
                results[pair] = "complex" if known[probe] in ("equal", "different") else "failed"
            else:  # the time was up
                del results[pair]
        return {pair: "failed" if outcome == "missed" else outcome for pair, outcome in results.items()}

    def _ask_all(self, pairs: Sequence[Pair], seconds: float, until: float) -> dict[Pair, Outcome]:
        """Return the outcomes of those pairs that were asked before the time was up."""
        if not pairs:
            return {}
        todo = deque(pairs)
        results: dict[Pair, Outcome] = {}
        count = min(len(todo), self._most)
        work = partial(self._work, todo, results, seconds, until)
        threads = [threading.Thread(target=work) for _ in range(count - 1)]
        for thread in threads:
            thread.start()
        work()
        for thread in threads:
            thread.join()
        return results

    def _work(self, todo: deque[Pair], results: dict[Pair, Outcome], seconds: float, until: float) -> None:
        worker = self._take()
        try:
            while todo and time.monotonic() < until:
                try:
                    pair = todo.popleft()
                except IndexError:
                    return
                for _ in range(TRIES):
                    try:
                        results[pair] = worker.ask(pair, seconds)
                        break
                    except WorkerDied:
                        worker = self._replace(worker)
                if not worker.alive:
                    worker = self._replace(worker)
        finally:
            self._give(worker)

    def _take(self) -> Worker:
        """Return an idle worker or a new one; wait while as many as there are processors are in use."""
        with self._freed:
            while True:
                self._bury()
                if self._idle:
                    return self._idle.pop()
                if len(self._workers) < self._most:
                    return self._start()
                self._freed.wait()

    def _give(self, worker: Worker) -> None:
        with self._freed:
            self._idle.append(worker)
            self._freed.notify()

    def _replace(self, worker: Worker) -> Worker:
        worker.stop()
        with self._freed:
            self._workers.discard(worker)
            return self._start()

    def _start(self) -> Worker:
        worker = Worker()
        self._workers.add(worker)
        return worker

    def _bury(self) -> None:
        """Drop idle workers that something else has killed."""
        for worker in [worker for worker in self._idle if not worker.alive]:
            worker.stop()
            self._idle.remove(worker)
            self._workers.discard(worker)

    def known(self, pairs: Sequence[Pair], seconds: float) -> dict[Pair, Outcome]:
        with self._lock:
            questions = {pair: _Question(pair, seconds) for pair in pairs}
            return {pair: self._results[question] for pair, question in questions.items() if question in self._results}

    def remember(self, results: dict[Pair, Outcome], seconds: float) -> None:
        with self._lock:
            self._results.update({_Question(pair, seconds): outcome for pair, outcome in results.items()})
            while len(self._results) > MOST_RESULTS:
                self._results.popitem(last=False)

    def count(self, counts: VerifierCounts) -> None:
        with self._lock:
            self.totals = VerifierCounts(*(before + now for before, now in zip(self.totals, counts, strict=True)))

    def limit(self, processes: int) -> None:
        with self._lock:
            self._most = processes

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
    """Whether a pair is equal, None when the verifier failed, how that was settled, and whether the answer is not equal
    because it is too complex to compare."""

    equal: bool | None
    how: Literal["exact", "cached", "verified", "failed"]
    complex: bool = False


@lru_cache(maxsize=MOST_RESULTS)
def _exact(pair: Pair) -> Verdict:
    """Return the verdict without algebra; ``equal`` is None where that is left to a worker."""
    try:
        equal = compare(pair.answer, pair.reference)
        return Verdict(equal, "exact", equal is False and is_too_complex(pair.answer))
    except Exception:  # the last net under a training run: what the answer breaks costs the answer
        return Verdict(False if _is_readable(pair.reference) else None, "failed", True)


def _is_readable(reference: str) -> bool:
    try:
        compare(reference, "0")
    except Exception:  # as above: then it is the reference that fails
        return False
    return True


def settle(pairs: Sequence[Pair], seconds: float) -> list[Verdict]:
    """Return a verdict for each pair: exact where that decides, remembered, or from worker processes in parallel.

    ``seconds`` is the deadline of one comparison; beyond it, and on a crash, ``equal`` is None. Safe to call from
    any thread, from a forked, spawned or daemonic process, and inside a running event loop (it blocks).

    >>> settle([Pair("1/2", "0.5"), Pair("1/3", "0.33")], seconds=5.0)
    [Verdict(equal=True, how='exact', complex=False), Verdict(equal=False, how='exact', complex=False)]
    """
    verdicts = [_exact(pair) for pair in pairs]
    open_at = [index for index, verdict in enumerate(verdicts) if verdict.equal is None and verdict.how == "exact"]
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
        outcome = known.get(pair) or fresh.get(pair, "failed")
        equal = None if outcome == "failed" else outcome == "equal"
        how: Literal["cached", "verified", "failed"] = "verified" if equal is not None else "failed"
        verdicts[index] = Verdict(equal, "cached" if pair in known else how, outcome == "complex")
        known[pair] = outcome


def count(verdicts: Sequence[Verdict]) -> VerifierCounts:
    """Return how many verdicts were reached in which way.

    >>> count([Verdict(True, "exact"), Verdict(None, "failed")])
    VerifierCounts(exact=1, cached=0, verified=0, failed=1, complex=0)
    """
    hows = Counter(map(attrgetter("how"), verdicts))
    too_complex = sum(map(attrgetter("complex"), verdicts))
    return VerifierCounts(hows["exact"], hows["cached"], hows["verified"], hows["failed"], too_complex)


def limit_processes(most: int) -> None:
    """Let this process have at most so many worker processes, where it is one of several that share the machine."""
    _pool.limit(most)


def counts() -> VerifierCounts:
    """Return the running totals of this process."""
    return _pool.totals
