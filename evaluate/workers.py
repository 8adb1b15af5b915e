"""Processes that do pieces of one job side by side; the results come back in the order of the pieces.

Each gets the job once, then piece after piece over its standard input. A piece that it cannot do without any fault
comes back as None, as does every piece of a process that died: whoever asked does it, and meets the fault as if there
were no processes.
"""

from __future__ import annotations

import gc
import os
import pickle
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from ..errors import GrpokitError
from ..files import raw_lines
from ..rewards.child_process import pipe, start

MANY = 20_000
"""From so many completions on there is one process per processor, unless the user says otherwise."""

AHEAD = 2
"""Pieces under way per process: one that it does, and one that waits for it."""

RARELY = (100_000, 20, 20)
"""Thresholds of the garbage collector while pieces of thousands of lines come and go, which hold no cycles."""

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class Job(ABC, Generic[Piece, Result]):
    """What is to be done; it is pickled once per process. A piece is small: it says where lines stand in a file."""

    @abstractmethod
    def done(self, piece: Piece) -> Result | None:
        """Return what a piece gives; None, or any exception, leaves it to the parent."""


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes(path: Path, workers: int | None) -> int:
    """Return how many processes are to work on the lines of a file; None: as many as are worth it."""
    if workers is not None:
        return workers
    return cores() if sum(1 for _ in islice(raw_lines(path), MANY)) == MANY else 1


def spread(
    job: Job[Piece, Result], pieces: Iterator[Piece], count: int
) -> Generator[tuple[Piece, Result | None], None, None]:
    """Yield each piece with its result; with one process nothing is done, and every result is None.

    An error that ``pieces`` raises comes after the pieces before it.
    """
    if count == 1:
        yield from ((piece, None) for piece in pieces)
        return
    with Workers(count, job) as workers:
        yield from workers.map(pieces)


class Workers(Generic[Piece, Result]):
    """So many processes, each served by a thread of this one; they start when there is work for them."""

    def __init__(self, count: int, job: Job[Piece, Result]) -> None:
        self._count = count
        self._job = job
        self._processes: list[_Process[Result]] = []
        self._own = threading.local()
        self._threads = ThreadPoolExecutor(count, initializer=self._start)

    def __enter__(self) -> Workers[Piece, Result]:
        self._collected = gc.get_threshold()
        gc.set_threshold(*RARELY)
        return self

    def __exit__(self, *error: object) -> None:
        """End the processes at once, whatever they are doing."""
        gc.set_threshold(*self._collected)
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

    def map(self, pieces: Iterator[Piece]) -> Iterator[tuple[Piece, Result | None]]:
        """Yield each piece with its result. An error that ``pieces`` raises comes after the pieces before it."""
        pending: deque[tuple[Piece, Future[Result | None]]] = deque()
        fault: GrpokitError | None = None
        while fault is None:
            try:
                piece = next(pieces, None)
            except GrpokitError as error:
                fault = error
                break
            if piece is None:
                break
            pending.append((piece, self._threads.submit(self._ask, piece)))
            if len(pending) > AHEAD * self._count:
                first, future = pending.popleft()
                yield first, future.result()
        while pending:
            first, future = pending.popleft()
            yield first, future.result()
        if fault is not None:
            raise fault

    def _ask(self, piece: Piece) -> Result | None:
        process: _Process[Result] | None = self._own.process
        return None if process is None else process.ask(piece)


class _Process(Generic[Result]):
    """One process, used by one thread at a time; a dead one is not replaced."""

    def __init__(self, job: object) -> None:
        self._process = start(f"{__package__}.worker_process")
        self._replies = os.fdopen(pipe(self._process.stdout).fileno(), "rb", closefd=False)
        self._alive = True
        self._send(job)

    def ask(self, piece: object) -> Result | None:
        """Return what a piece gives, None where the process met a fault or is dead."""
        self._send(piece)
        try:
            reply: Result | None = pickle.load(self._replies) if self._alive else None  # our own child's
        except (OSError, EOFError, pickle.UnpicklingError):
            self._alive, reply = False, None
        return reply

    def _send(self, value: object) -> None:
        left = memoryview(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
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
