"""What vLLM and its processes write while they start: on to standard error, with the error that ended them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

_ERROR = re.compile(r"(?:^|\s)[\w.]*(?:Error|Exception): (.+)$")
"""The last line of a traceback, behind whatever a log puts before it."""

LAST_WORDS_S = 5.0
"""How long a process that has failed may go on writing."""


class ProcessOutput:
    """What processes begun within :func:`forwarded` write to standard output and error, in all their lives."""

    def __init__(self) -> None:
        self._cause: str | None = None
        self._pending = b""
        self._thread: Thread | None = None

    def begin(self, source: int, target: int) -> None:
        """Forward all that comes, as it comes, until the last process that writes has ended."""
        self._thread = Thread(target=self._forward, args=(source, target), daemon=True)
        self._thread.start()

    def last_cause(self) -> str | None:
        """Return the last error that was written, once a process that has failed has had the time to write it."""
        if self._thread is not None:
            self._thread.join(LAST_WORDS_S)
        return self._cause

    def _forward(self, source: int, target: int) -> None:
        while chunk := os.read(source, 2**16):
            os.write(target, chunk)
            *lines, self._pending = (self._pending + chunk).split(b"\n")
            for line in lines:
                if error := _ERROR.search(line.decode(errors="replace").rstrip()):
                    self._cause = error[1]
        os.close(source)
        os.close(target)


@contextmanager
def forwarded(output: ProcessOutput) -> Iterator[None]:
    """Send what is written within the block, and by processes begun there, to standard error.

    It must not be taken for the command's own output, and what made another process fail stands nowhere else.
    """
    _flush()
    saved = [os.dup(number) for number in (1, 2)]
    source, sink = os.pipe()
    output.begin(source, os.dup(2))
    for number in (1, 2):
        os.dup2(sink, number)
    os.close(sink)
    try:
        yield
    finally:
        _flush()
        for number, own in zip((1, 2), saved, strict=True):
            os.dup2(own, number)
            os.close(own)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
