"""One command as a process of its own: how long it took, and the most memory it held at once.

The command is started by a small process in between: Linux counts the memory of the process that forks as the
child's own peak, so that a large bench would hide a small command.

    python bench/processes.py LOG COMMAND [ARGUMENT ...]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Spent(NamedTuple):
    """Wall-clock seconds, the peak of resident memory in bytes, and the exit status.

    The peak is the largest of the process and of the children it waited for, not their sum.
    """

    seconds: float
    peak: int
    status: int


def spend(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    allowed: Sequence[int] = (0,),
) -> Spent:
    """Run a command to its end, its output in ``log``; any other status than ``allowed`` ends the bench."""
    launcher = [sys.executable, "-S", __file__, str(log), *command]
    done = subprocess.run(
        launcher, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, text=True, check=True
    )
    spent = Spent(**json.loads(done.stdout))
    if spent.status not in allowed:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise SystemExit(f"{' '.join(command)}\nended with status {spent.status}:\n{tail}")
    return spent


def _launch(log: str, command: Sequence[str]) -> Spent:
    with open(log, "wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    return Spent(seconds, usage.ru_maxrss * 1024, process.returncode)


if __name__ == "__main__":
    print(json.dumps(_launch(sys.argv[1], sys.argv[2:])._asdict()))
