"""Probes of a reward that may hang or do harm: each runs in a process of its own that is killed at its deadline."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from ..reward import REFERENCE_COLUMNS, Batch, Reward

DEADLINE_S = 60.0
MARKER = "grpokit_probe_was_here"

_SIZES = (4_000, 16_000, 64_000, 256_000)
_SUPERLINEAR = 9.0
"""Four times the text may take four times as long; sixteen times is quadratic. The line is drawn between."""
_NOISE_S = 0.05

SHAPES: dict[str, str] = {
    "opening tags": "<think>",
    "closing tags": "</answer>",
    "open boxes": "\\boxed{",
    "brackets": "((((",
    "digits": "7",
    "blanks": " \n",
    "one word": "wait ",
    "sums": "1+",
    "steps": "Step 1: 2 + 2 = 4.\n",
    "Chinese": "因为所以",
    "dollars": "$",
    "hashes": "#### ",
}
"""Texts that break patterns which backtrack: each piece is repeated up to a quarter of a megabyte."""

PAYLOADS = (
    f"__import__('os').system('touch {MARKER}')",
    f"<answer>__import__('pathlib').Path('{MARKER}').touch()</answer>",
    f"\\boxed{{1\\pi*__import__('os').system('touch {MARKER}')}}",
    f"#### (lambda: open('{MARKER}', 'w'))()",
    f"<answer>exec(\"open('{MARKER}','w')\")</answer>",
    f"<answer>$(touch {MARKER})</answer> `touch {MARKER}`",
    f"!!python/object/apply:os.system ['touch {MARKER}']",
    f"<answer>{{{{ ''.__class__.__mro__[1].__subclasses__() }}}} {MARKER}</answer>",
)
"""Texts that leave a file behind, or show up in a compiled piece of code, when something executes them."""


class Outcome(NamedTuple):
    """What a probe reports: ``detail`` is "" when all is well; ``passed`` says how an unfinished probe counts."""

    finished: bool
    passed: bool | None
    detail: str


def in_process(probe: Callable[[Reward], str], reward: Reward, deadline_s: float = DEADLINE_S) -> Outcome:
    """Run a probe in a fresh process and kill it at the deadline."""
    try:
        pickled = pickle.dumps(reward)
    except Exception:  # what pickling raises depends on what is pickled
        return Outcome(False, None, "not tried: the reward cannot be sent to another process")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(probe, pickled, theirs))
    process.start()
    theirs.close()
    try:
        if not ours.poll(deadline_s):
            return Outcome(False, False, f"no end after {deadline_s:g} s; stopped")
        return Outcome(True, None, ours.recv())
    except EOFError:
        return Outcome(False, False, "the process died; it must be able to import the reward")
    finally:
        process.kill()
        process.join()


def growth(reward: Reward) -> str:
    """Return the shape of text on which time grows faster than length, "" when none."""
    reward.judge(_batch("warm up"))
    for shape, piece in SHAPES.items():
        before = _seconds(reward, piece, _SIZES[0])
        for size in _SIZES[1:]:
            taken = _seconds(reward, piece, size)
            if taken > max(_SUPERLINEAR * before, _NOISE_S):
                before, taken = _seconds(reward, piece, size // 4), _seconds(reward, piece, size)  # was it noise?
            if taken > max(_SUPERLINEAR * before, _NOISE_S):
                return f"{size:,} characters of {shape} took {taken:.2f} s, a quarter of them {before:.3f} s"
            before = taken
    return ""


def executed(reward: Reward) -> str:
    """Return the text that was executed, "" when none was: no file left, no code compiled from it."""
    compiled: list[str] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("compile", "os.system", "subprocess.Popen") and MARKER in repr(arguments):
            compiled.append(event)

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.addaudithook(watch)
        for payload in PAYLOADS:
            reward.judge(_batch(payload))
            if compiled or Path(MARKER).exists():
                return f"executed ({', '.join(compiled) or 'left a file'}): {payload}"
        os.chdir("/")
    return ""


def _report(probe: Callable[[Reward], str], pickled: bytes, connection: Connection) -> None:
    try:
        with redirect_stdout(sys.stderr):  # what the reward prints, and the import of its module
            connection.send(probe(pickle.loads(pickled)))
    except Exception as error:  # the reward may be anybody's; what it raised is the finding
        connection.send(f"{type(error).__name__}: {error}")


def _seconds(reward: Reward, piece: str, size: int) -> float:
    """Return the faster of two runs, in seconds of this process's own time."""
    batch = [_batch(piece * (size // len(piece)) + end) for end in ("", "!")]
    return min(_timed(reward, one) for one in batch)


def _timed(reward: Reward, batch: Batch) -> float:
    start = time.process_time()
    reward.judge(batch)
    return time.process_time() - start


def _batch(text: str) -> Batch:
    """Return one completion with all that a reward may ask for; its token ids are its characters."""
    return Batch([text], ["How many?"], [[ord(char) for char in text]], {name: ["18"] for name in REFERENCE_COLUMNS})
