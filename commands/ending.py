"""How a command ends: its exit status, and the one line that says why."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TextIO

from ..errors import GrpokitError, Stopped, first_line

OK, FAILED, USAGE, UNDERPOWERED, FAULT = 0, 1, 2, 3, 70
"""Exit statuses: fine, a checked thing failed, wrong usage or input, underpowered under --strict, a fault of ours."""

BY_SIGNAL = 128
"""A signal's number is added to it: 129 hung up, 130 Ctrl-C, 143 terminated."""

WORDS = {signal.SIGHUP: "hung up", signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}

OF_THE_MACHINE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ELOOP,
    errno.EMFILE,
    errno.ENFILE,
    errno.EFBIG,
    errno.EIO,
}
"""What a disk, a path or a limit may refuse at any line that touches a file; it is no fault of the program's."""


def ended(work: Callable[[], int], program: str, *, debug: bool = False) -> int:
    """Do the work and return its exit status; whatever it raises becomes one line on standard error.

    With ``debug`` the traceback goes before that line; else that of a fault goes into a file which the line names.
    """
    try:
        with _signals_interrupt():
            status = work()
        with reader_may_leave():
            return status
        return status
    except KeyboardInterrupt as stop:
        return _interrupted(stop, program)
    except GrpokitError as error:
        return _report(error, str(error), program, debug, USAGE)
    except OSError as error:
        if error.errno not in OF_THE_MACHINE:
            return _fault(error, program, debug)
        where = f"{error.filename}: " if error.filename is not None else ""
        return _report(error, f"{where}{error.strerror}.", program, debug, USAGE)
    except (Exception, SystemExit) as error:  # nobody foresaw it, so it says nothing about what was checked
        return _fault(error, program, debug)


def stopped_status(stop: KeyboardInterrupt) -> int:
    """Return the exit status of work that a signal ended."""
    return BY_SIGNAL + _signal_of(stop)


def stopped_word(stop: KeyboardInterrupt) -> str:
    """Return what a signal did to the work: interrupted, terminated or hung up."""
    return WORDS[_signal_of(stop)]


def _signal_of(stop: KeyboardInterrupt) -> signal.Signals:
    return signal.Signals(stop.number) if isinstance(stop, Stopped) else signal.SIGINT


def _interrupted(stop: KeyboardInterrupt, program: str) -> int:
    """Print the way to go on, which whoever knows it has added to the exception as a note."""
    way_on = " ".join(getattr(stop, "__notes__", []))
    _say(f"{program}: {stopped_word(stop)}" + (f"; {way_on}" if way_on else "."))
    return stopped_status(stop)


def _report(error: BaseException, line: str, program: str, debug: bool, status: int) -> int:
    from ..reports.wording import one_line  # for mistakes alone

    if debug:
        _say(_traceback(error))
    _say(f"{program}: {one_line(line)}")
    return status


def _fault(error: BaseException, program: str, debug: bool) -> int:
    what = f"a fault of this program's, {type(error).__name__}: {first_line(error)}"
    if not debug:
        what += f" ({_keep(_traceback(error))})"
    return _report(error, what, program, debug, FAULT)


def _keep(text: str) -> str:
    """Write a traceback into a file of its own; return where it is."""
    from tempfile import NamedTemporaryFile

    try:
        with NamedTemporaryFile(
            "w", prefix="grpokit-fault-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(text)
    except OSError:
        return "no file can be written to keep its traceback; --debug shows it"
    return f"its traceback is in {file.name}; please report it"


def _traceback(error: BaseException) -> str:
    from traceback import format_exception

    return "".join(format_exception(error)).rstrip()


def _say(text: str) -> None:
    """Print on standard error, which may be full or closed: the status is what counts."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """End a block that prints quietly when the reader of standard output, such as head, has gone.

    Only what prints belongs into the block: rich says by SystemExit that the reader has gone, and what was checked
    must keep its status. Raises :class:`GrpokitError` when standard output cannot be written for another reason.
    """
    try:
        yield
        print(end="", flush=True)  # there may be no standard output at all
    except SystemExit as error:
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        _discard(sys.stdout)
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError as error:
        if error.filename is not None:  # another file
            raise
        _discard(sys.stdout)
        raise GrpokitError(f"cannot write standard output: {error.strerror}.") from None


def _discard(stream: TextIO) -> None:
    """Let what is left in a stream's buffer go nowhere, or Python would try it again at its end and fail."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as Ctrl-C does; one that is ignored, as under nohup, stays so."""
    previous = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                previous[number] = signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)
