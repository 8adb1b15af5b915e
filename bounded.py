"""Programs of others, such as chat templates, in a child process that holds them to a time, a memory and a size.

The child is forked, so that it has what its parent has loaded, and costs next to nothing. It holds nothing else of its
parent's open, and goes when its parent does.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from .errors import first_line

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

SECONDS = 10.0
"""Processor time that a program may take for one answer; a template takes a ten-thousandth of that."""

PATIENCE = 6
"""How many times as long its answer is waited for, since the machine may do other things beside it."""

CHARACTERS = 1_000_000
"""How much a program may add to the texts that it is given."""

MEMORY = 2**30
"""Bytes that a program may take, where the system limits a process's memory."""


class Reply(NamedTuple):
    """What came of a program: its "text", or the predicate of a sentence on it.

    It "refused" by its own will, "failed" on what it was given, or "overran" its time or memory.
    """

    kind: Literal["text", "refused", "failed", "overran"]
    text: str


class ProgramError(Exception):
    """A program of others gave no text. The message is the predicate of a sentence on it, which the caller makes."""


class ProgramOverrun(ProgramError):
    """A program of others took more time or memory than it may, or ended the process that it ran in."""


class ProgramRefusal(ProgramError):
    """A program of others says by its own will that it makes no text; the message is its own."""


def sized(text: str, given: int) -> Reply:
    """Return a program's text, unless it has more than :data:`CHARACTERS` beyond those that it was ``given``.

    >>> sized("2+2=", 4).kind, sized("4" * 2_000_000, 4)
    ('text', Reply(kind='failed', text='makes a text of 2,000,000 characters'))
    """
    if len(text) > CHARACTERS + given:
        return Reply("failed", f"makes a text of {len(text):,} characters")
    return Reply("text", text)


class BoundedProcess:
    """A child process that makes a reply of a request by ``answer``; threads that ask it wait for each other.

    Raises :class:`ProgramError` where no process can be started.
    """

    def __init__(self, answer: Callable[[bytes], Reply]) -> None:
        import multiprocessing  # only who has a program to run pays for it

        self._parent = os.getpid()
        self._ended = False
        self._lock = threading.Lock()
        context = multiprocessing.get_context("fork")
        self._ours, theirs = context.Pipe()
        self._child = context.Process(target=_serve, args=(answer, theirs), daemon=True)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # the child runs no code that waits for a thread
                self._child.start()
        except (OSError, AssertionError) as error:  # no room for it, or a daemon of multiprocessing, which has no child
            raise ProgramError(f"cannot have a process of its own here: {first_line(error)}") from None
        theirs.close()

    @property
    def usable(self) -> bool:
        """Whether it can be asked: it has not ended, and is this process's own child."""
        return not self._ended and self._parent == os.getpid()

    def ask(self, request: bytes) -> str:
        """Return the text that the program makes of a request.

        Raises :class:`ProgramError` where it makes none, :class:`ProgramRefusal` where it says so by its own will, and
        :class:`ProgramOverrun` where it took more time or memory than it may.
        """
        reply = self._reply(request)
        if reply.kind != "text":
            kinds = {"refused": ProgramRefusal, "overran": ProgramOverrun}
            raise kinds.get(reply.kind, ProgramError)(reply.text)
        return reply.text

    def _reply(self, request: bytes) -> Reply:
        with self._lock:
            try:
                self._ours.send_bytes(request)
                if self._ours.poll(PATIENCE * SECONDS):
                    return Reply(*json.loads(self._ours.recv_bytes()))
            except (OSError, EOFError):
                self._child.join(1.0)  # one that the kernel has ended says why
            self._ended = True
            late = self._child.exitcode in (None, -signal.SIGPROF)
            self._child.kill()
            self._child.join()
            said = f"takes more than {SECONDS:g} s for one text" if late else "ends the process that it runs in"
            return Reply("overran", said)

    def __del__(self) -> None:
        """Let the child end, which waits for more to do."""
        if hasattr(self, "_ours"):
            self._ours.close()


def _serve(answer: Callable[[bytes], Reply], pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end ends this
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    os.closerange(3, pipe.fileno())
    os.closerange(pipe.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
    _limit_memory()
    try:
        while True:
            request = pipe.recv_bytes()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            reply = _safely(answer, request)
            signal.setitimer(signal.ITIMER_PROF, 0)
            pipe.send_bytes(json.dumps(reply).encode())
    except (EOFError, OSError, MemoryError):  # the parent is gone, or there is no room to say more
        os._exit(0)


def _limit_memory() -> None:
    """Let the process grow by :data:`MEMORY`, where its size can be read."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    size = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _safely(answer: Callable[[bytes], Reply], request: bytes) -> Reply:
    try:
        return answer(request)
    except MemoryError:
        return Reply("overran", f"takes more than {MEMORY:,} bytes")
    except Exception as error:  # a program divides by zero, indexes past an end, recurses
        return Reply("failed", f"fails: {type(error).__name__}: {first_line(error)}")
