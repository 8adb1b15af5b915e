"""Memory and speed of scoring stored completions: a file of foreign rows, then the run made of it with another mix.

Writes a synthetic JSONL file, runs ``grpo-eval score FILE`` on it and ``grpo-eval score RUN`` on the result, each in
a process of its own, and prints rows per second and the peak of resident memory (the goal: under 1 GiB each).

    python bench/rescoring.py [--rows 1000000] [--samples 8] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grpokit.bench.processes import Spent, spend
from grpokit.files import write_lines

FIRST_MIX = "correctness=1,xml_format=0.5"
OTHER_MIX = "length(target=200)=1,repetition=0.5"
LIMIT = 2**30
STEP = "Each of the {0} boxes holds {1} apples, and {0} * {1} = {2}. "


def main() -> None:
    """Write the file, score it twice, and print what each took."""
    size = _arguments()
    with tempfile.TemporaryDirectory(dir=size.folder) as name:
        folder = Path(name)
        data = folder / "rows.jsonl"
        write_lines(data, _rows(size.rows, size.samples))
        print(f"{size.rows:,} rows, {size.samples} samples per question, {data.stat().st_size / 2**20:,.0f} MiB")
        columns = ["--prompt-column", "question", "--reference-column", "gold", "--id-column", "id"]
        first = _score(folder, [str(data), *columns, "--rewards", FIRST_MIX], "first")
        _print("score FILE", FIRST_MIX, first, size.rows)
        second = _score(folder, [str(folder / "first"), "--rewards", OTHER_MIX], "second")
        _print("score RUN", OTHER_MIX, second, size.rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="completions in all (%(default)s)")
    parser.add_argument("--samples", type=int, default=8, help="completions per question (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where the files go for the time of the bench (about 4 GB)")
    return parser.parse_args()


def _rows(count: int, samples: int) -> Iterator[dict[str, Any]]:
    draw = random.Random(0)
    for number in range(count):
        if number % samples == 0:
            boxes, apples = draw.randint(2, 99), draw.randint(2, 99)
            question = f"There are {boxes} boxes with {apples} apples in each. How many apples are there in all?"
        steps = "".join(STEP.format(boxes, apples, boxes * apples) for _ in range(draw.randint(1, 3)))
        answer = boxes * apples + draw.choice((0, 0, 1))
        yield {
            "id": number // samples,
            "question": question,
            "gold": str(boxes * apples),
            "completion": f"<think>{steps}Nothing else is asked.</think>\n<answer>{answer}</answer>",
        }


def _score(folder: Path, arguments: list[str], out: str) -> Spent:
    command = [sys.executable, "-m", "grpokit.commands.eval", "score", *arguments, "--out", str(folder / out)]
    return spend(command, folder / f"{out}.log")


def _print(what: str, mix: str, spent: Spent, rows: int) -> None:
    print(
        f"{what:10} {mix:38} {spent.seconds:7.1f} s  {rows / spent.seconds:8,.0f} rows/s  "
        f"peak {spent.peak / 2**20:6,.0f} MiB  under 1 GiB: {'yes' if spent.peak < LIMIT else 'NO'}"
    )


if __name__ == "__main__":
    main()
