"""Asynchronous work in a thread of its own, read as a plain iterator that a signal ends in good order."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")

STOP_S = 1.0
"""How long work that was cancelled may take to let go before it is left behind."""


def in_background(work: Callable[[Callable[[Result], None]], Coroutine[Any, Any, None]]) -> Iterator[Result]:
    """Yield the results that ``work`` hands over, as they come, and raise what it raises after them.

    ``work`` gets the function to hand a result over with, and runs in an event loop of its own, so that it goes on
    while the caller is busy, and also where the caller's thread has a loop already (notebooks). The first SIGINT,
    SIGTERM or SIGHUP that a handler waits for cancels the work; what was handed over until then is still yielded,
    and only then does the handler get the signal. The caller is thus never interrupted between two results.
    """
    results: SimpleQueue[Result | None] = SimpleQueue()  # None: the work or the waiting is over
    errors: list[BaseException] = []
    loop = asyncio.new_event_loop()
    task = loop.create_task(work(results.put))

    def run() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # whatever it is: it is raised again where the results are read
            errors.append(error)
        finally:
            loop.close()
            results.put(None)

    thread = threading.Thread(target=run, daemon=True)
    with _deferred_signals(lambda: results.put(None)) as signals:
        thread.start()
        try:
            while (result := results.get()) is not None:
                yield result
        finally:
            _stop(thread, loop, task)
        while not results.empty():
            if (result := results.get()) is not None:
                yield result
    for number in signals:
        signal.raise_signal(number)
        raise KeyboardInterrupt  # for a handler that only takes note: there are no more results
    for error in errors:
        raise error


def _stop(thread: threading.Thread, loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    try:
        loop.call_soon_threadsafe(task.cancel)
    except RuntimeError:
        return  # the loop is closed: the work has ended by itself
    thread.join(STOP_S)


@contextmanager
def _deferred_signals(notify: Callable[[], None]) -> Iterator[list[int]]:
    """Collect the signals that would interrupt the block, and call ``notify`` for each."""
    arrived: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        arrived.append(number)
        notify()

    handlers = {}
    if threading.current_thread() is threading.main_thread():  # elsewhere signals interrupt nothing
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if callable(signal.getsignal(number)):
                handlers[number] = signal.signal(number, note)
    try:
        yield arrived
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
