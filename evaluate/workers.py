"""Processes that score blocks of one run side by side; the scores come back in the order of the blocks.

Each gets the run and the mix once, then block after block over its standard input, as the bytes that they are stored
in, and sends back the bytes of ``scores.jsonl``. A block that it cannot score without any fault comes back as None, as
does every block of a process that died: whoever asked scores it, and meets the fault as if there were no processes.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from ..errors import GrpokitError
from ..rewards import RewardMix
from ..rewards.child_process import pipe, start
from .runs.run import Run, Stored

AHEAD = 2
"""Blocks under way per process: one that it scores, and one that waits for it."""

Block = Sequence[Stored]
"""Whole prompts and their completions."""


class ScoredBlock(NamedTuple):
    """The lines of ``scores.jsonl`` of a block, how many they are, and how many completions rewards have judged."""

    lines: bytes
    rows: int
    judged: int


class Job(NamedTuple):
    """What a process is to do: the run and the mix, and how many processes its verifier may have."""

    run: Run
    mix: RewardMix
    verifiers: int


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """So many processes, each served by a thread of this one; they start when there is work for them."""

    def __init__(self, count: int, run: Run, mix: RewardMix) -> None:
        self._count = count
        self._job = Job(run, mix, max(1, cores() // count))
        self._processes: list[_Process] = []
        self._own = threading.local()
        self._threads = ThreadPoolExecutor(count, initializer=self._start)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        """End the processes at once, whatever they are doing."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.kill()
        self._threads.shutdown()
        for process in self._processes:  # and one that was just starting
            process.close()

    def _start(self) -> None:
        self._own.process = None
        with suppress(OSError):  # the machine lets us have no more processes
            self._own.process = _Process(self._job)
            self._processes.append(self._own.process)

    def map(self, blocks: Iterator[Block]) -> Iterator[tuple[Block, ScoredBlock | None]]:
        """Yield each block with its scores. An error that ``blocks`` raises comes after the blocks before it."""
        pending: deque[tuple[Block, Future[ScoredBlock | None]]] = deque()
        fault: GrpokitError | None = None
        while fault is None:
            try:
                block = next(blocks, None)
            except GrpokitError as error:
                fault = error
                break
            if block is None:
                break
            pending.append((block, self._threads.submit(self._ask, block)))
            if len(pending) > AHEAD * self._count:
                first, future = pending.popleft()
                yield first, future.result()
        for first, future in pending:
            yield first, future.result()
        if fault is not None:
            raise fault

    def _ask(self, block: Block) -> ScoredBlock | None:
        process: _Process | None = self._own.process
        return None if process is None else process.ask(block)


class _Process:
    """One process, used by one thread at a time; a dead one is not replaced."""

    def __init__(self, job: Job) -> None:
        self._process = start(f"{__package__}.scoring_worker")
        self._replies = os.fdopen(pipe(self._process.stdout).fileno(), "rb", closefd=False)
        self._alive = True
        self._send(job)

    def ask(self, block: Block) -> ScoredBlock | None:
        """Return the scores of a block, None where the process met a fault or is dead."""
        self._send(list(block))
        try:
            reply: ScoredBlock | None = pickle.load(self._replies) if self._alive else None  # our own child's
        except (OSError, EOFError, pickle.UnpicklingError):
            self._alive, reply = False, None
        return reply

    def _send(self, value: object) -> None:
        left = memoryview(pickle.dumps(value))
        try:
            while self._alive and left:
                left = left[pipe(self._process.stdin).write(left) :]
        except OSError:
            self._alive = False

    def kill(self) -> None:
        """End the process; who waits for its reply gets none."""
        self._process.kill()

    def close(self) -> None:
        """End the process and let nothing of it stay."""
        self.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe(stream).close()
