"""Calling code that is not ours: its own copies of what it is given, a deadline, and where it raised."""

from __future__ import annotations

import inspect
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, TypeVar, cast

from ..errors import first_line

T = TypeVar("T")


class LateError(Exception):
    """A call did not end before its deadline; ``thread`` is where it goes on."""

    def __init__(self, thread: threading.Thread) -> None:
        super().__init__()
        self.thread = thread


class _CallThread(threading.Thread):
    """A thread for one call, made by the thread ``caller``, that does not keep the process from ending."""

    def __init__(self, run: Callable[[], None]) -> None:
        super().__init__(target=run, daemon=True)  # those of concurrent.futures are waited for at exit
        self.caller = threading.current_thread()


class _Stdout:
    """Standard output, which for one thread, and for calls that it makes, is standard error."""

    def __init__(self, stream: TextIO, late: threading.Thread) -> None:
        self._stream = stream
        self._late = late

    def __getattr__(self, name: str) -> Any:
        thread = threading.current_thread()
        while isinstance(thread, _CallThread) and thread is not self._late:
            thread = thread.caller
        return getattr(sys.stderr if thread is self._late else self._stream, name)


@contextmanager
def printing_aside() -> Iterator[None]:
    """Send what the block prints to standard error, and what the thread of a late call in it prints ever after."""
    before = sys.stdout
    sys.stdout = sys.stderr
    try:
        yield
    except LateError as error:
        before = cast(TextIO, _Stdout(before, error.thread))
        raise
    finally:
        sys.stdout = before


def copied(value: Any) -> Any:
    """Return a value whose lists and mappings are the receiver's own, at any depth.

    >>> given = [{"role": "user", "content": ["2+2?"]}]
    >>> copied(given)[0]["content"].clear()
    >>> given
    [{'role': 'user', 'content': ['2+2?']}]
    """
    if isinstance(value, Mapping):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [copied(item) for item in value]
    return value


def in_thread(call: Callable[[], T], seconds: float | None = None) -> T:
    """Return what the call gives, or raise what it raises, from a thread of its own.

    Raises :class:`LateError` after so many ``seconds``. A thread cannot be ended: a late one goes on beside us, and
    holds up neither the process's work nor its end.

    >>> in_thread(lambda: 18, seconds=60)
    18
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # whatever it is belongs to the caller's thread
            errors.append(error)

    thread = _CallThread(run)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise LateError(thread)
    return results[0]


def described(error: BaseException, code: object) -> str:
    """Return an exception in one line: its type, what it says, and the file and line of ``code`` that raised it.

    Of a traceback that does not pass through the file of ``code``, the last line counts.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == _file(code)]
    place = f" ({Path((own or frames)[-1].filename).name}, line {(own or frames)[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {first_line(error)}{place}"


def _file(code: object) -> str | None:
    try:
        return inspect.getsourcefile(inspect.unwrap(code) if callable(code) else type(code))
    except TypeError:  # a built-in
        return None
