"""Correctness beside TRL's accuracy_reward: completions per second on the same rows, in one run.

    python bench/correctness.py shared/data/gsm8k/solutions_6b.jsonl shared/data/math/groups_of_8.jsonl

Each file is JSONL with ``output``, ``gold`` and a verdict, ``is_correct`` or ``correct``. TRL gets references and a
last line "A: 18" in a box, as it needs them. The first pass of each is timed with nothing cached but what the process
needs to start (TRL's imports, our worker); then a second pass. Ratios are what to compare: both run in turn.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Row = dict[str, Any]
Judge = Callable[[Sequence[Row]], list[float | None]]


_LAST_LINE = re.compile(r"(?<=\n)A: (.*)\Z")


class Pass(NamedTuple):
    """One pass over the rows: completions per second, and verdicts that differ from the stored ones."""

    speed: float
    disagreements: int


def ours(rows: Sequence[Row]) -> list[float | None]:
    from grpokit.rewards import correctness

    return correctness(completions=[row["output"] for row in rows], answer=[row["gold"] for row in rows])


def trl(rows: Sequence[Row]) -> list[float | None]:
    from trl.rewards.accuracy_rewards import accuracy_reward

    boxed = [_LAST_LINE.sub(r"\\boxed{\1}", row["output"]) for row in rows]
    completions = [[{"role": "assistant", "content": text}] for text in boxed]
    return list(accuracy_reward(completions, [rf"\boxed{{{row['gold']}}}" for row in rows]))


def timed(judge: Judge, rows: Sequence[Row]) -> Pass:
    start = time.perf_counter()
    values = judge(rows)
    seconds = time.perf_counter() - start
    stored = [row["is_correct"] if "is_correct" in row else row["correct"] for row in rows]
    wrong = sum(value != float(verdict) for value, verdict in zip(values, stored, strict=True))
    return Pass(len(rows) / seconds, wrong)


def main() -> None:
    """Print a line for each file and pass."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSONL with output, gold and a verdict")
    files: list[Path] = parser.parse_args().files
    warm = [{"output": r"\boxed{(x+1)^2}", "gold": "x^2+2x+1", "correct": True}]
    for judge in (ours, trl):
        timed(judge, warm)
    for path in files:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for number in ("first", "second"):
            mine, theirs = timed(ours, rows), timed(trl, rows)
            print(
                f"{path.name}, {len(rows)} rows, {number} pass: grpokit {mine.speed:,.0f}/s "
                f"({mine.disagreements} disagreements), TRL {theirs.speed:,.0f}/s ({theirs.disagreements}); "
                f"{mine.speed / theirs.speed:.0f} times"
            )


if __name__ == "__main__":
    main()
