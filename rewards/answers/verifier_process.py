"""A child process in which model text meets math-verify, as its parent sees it: asked over pipes, with deadlines."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import subprocess
from typing import Literal, NamedTuple

from ..child_process import pipe, start

START_SECONDS = 120.0
"""Seconds in which a worker must have imported math-verify."""

Outcome = Literal["equal", "different", "late", "missed", "failed", "complex"]
"""How one comparison ended: "late" when its processor time is used up, "missed" when the caller's deadline passed
first, which says more of the machine than of the pair. "complex": see :mod:`~grpokit.rewards.answers.verifier`."""


class Pair(NamedTuple):
    """An answer and the reference it is compared with."""

    answer: str
    reference: str


class WorkerDied(Exception):
    """A worker was killed from outside while it worked."""


class Worker:
    """One child process; used by one thread at a time."""

    def __init__(self) -> None:
        self._process = start(f"{__package__}.verifier_worker")
        self._ready = False

    def ask(self, pair: Pair, seconds: float) -> Outcome:
        """Return the outcome; the worker is dead after a missed deadline.

        Raises :class:`WorkerDied` when something else has killed it, which says nothing of the pair.
        """
        request = json.dumps([pair.answer, pair.reference, math.ceil(seconds) + 1]) + "\n"
        reply: bytes | None = b"ready\n"
        try:
            if not self._ready:
                reply = self._reply(START_SECONDS)
                self._ready = reply == b"ready\n"
            if self._ready:
                pipe(self._process.stdin).write(request.encode())
                reply = self._reply(seconds)
        except OSError:
            reply = b""
        if reply:
            return _OUTCOMES[reply]
        self.stop()
        if reply == b"" and self._process.returncode == -signal.SIGKILL:
            raise WorkerDied
        if reply is None:
            return "missed"
        return "late" if self._process.returncode == -signal.SIGVTALRM else "failed"

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def _reply(self, seconds: float) -> bytes | None:
        """Return one line, b"" when the worker is gone, None at the deadline. Replies are short: one read each."""
        stream = pipe(self._process.stdout)
        ready = select.poll()
        ready.register(stream, select.POLLIN)
        return os.read(stream.fileno(), 64) if ready.poll(seconds * 1000) else None

    def stop(self) -> None:
        """Kill the process and wait for it, so that no zombie stays."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.05)  # one that the kernel has ended says why
        self._process.kill()
        self.forget()
        self._process.wait()

    def forget(self) -> None:
        """Close this process's ends of the pipes."""
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe(stream).close()


_OUTCOMES: dict[bytes, Outcome] = {
    b"equal\n": "equal",
    b"different\n": "different",
    b"late\n": "late",
    b"failed\n": "failed",
}
