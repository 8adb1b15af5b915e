"""Child processes that run a module of this package, spoken to over pipes.

They are no children of :mod:`multiprocessing`: no start method runs the user's main module again, and daemonic
processes may have them too. A pipe that closes is how they learn that their parent is gone, however it ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO

_PROGRAM = "import sys; sys.path[:] = {path!r}; from {module} import main; main()"


def start(module: str) -> subprocess.Popen[bytes]:
    """Start a process that runs ``main`` of a module, with pipes to its standard input and from its output.

    It is in a session of its own, so that Ctrl-C in a terminal reaches the parent alone.
    """
    program = _PROGRAM.format(path=[entry or os.getcwd() for entry in sys.path], module=module)
    return subprocess.Popen(
        [sys.executable, "-c", program],
        bufsize=0,  # or a forked child would flush the half of a request that its parent is writing
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """Return a pipe of :func:`start`'s process, which has both."""
    assert stream is not None
    return stream
