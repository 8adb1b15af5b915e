"""Speed and memory of scoring stored completions, in one process and in several.

Writes a synthetic JSONL file, then runs ``grpo-eval score FILE`` on it and ``grpo-eval score RUN`` on the run made of
it, each command in a process of its own, with ``--workers 1`` and with more; and the scoring of that run alone, without
the comparison that the command ends with. Prints seconds, how many times as fast several processes are, whether they
wrote the same bytes, and the peak of resident memory of a process. The goals: a run scored 1.6 times as fast with two
processes, and under 1 GiB.

    python bench/rescoring.py [--rows 1000000] [--samples 8] [--workers 2] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import filecmp
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from grpokit.bench.processes import Spent, spend
from grpokit.files import write_lines

MIX = "correctness=1,xml_format=0.5"
CHEAP_MIX = "length(target=200)=1,repetition=0.5"
LIMIT = 2**30
STEP = "Each of the {0} boxes holds {1} apples, and {0} * {1} = {2}. "
COLUMNS = ("--prompt-column", "question", "--reference-column", "gold", "--id-column", "id")

SCORING = """
import sys
from pathlib import Path
from grpokit.evaluate import Run, score_run
from grpokit.rewards import RewardMix
from grpokit.rewards.fault_isolation import Calls
run, mix, workers = sys.argv[1:]
score_run(Run.open(Path(run)), RewardMix.parse(mix), calls=Calls(workers=int(workers)))
"""


def main() -> None:
    """Write the file, score it and the run made of it, and print what each took."""
    size = _arguments()
    with tempfile.TemporaryDirectory(dir=size.folder) as name:
        folder = Path(name)
        data = folder / "rows.jsonl"
        write_lines(data, _rows(size.rows, size.samples))
        print(f"{size.rows:,} rows, {size.samples} samples per question, {data.stat().st_size / 2**20:,.0f} MiB")
        print(f"load of the machine before: {_load()}; processes: 1 and {size.workers}")
        bench = _Bench(folder, size.workers)
        run = bench.score("score FILE", MIX, [str(data), *COLUMNS])
        bench.score("score RUN", MIX, [str(run)])
        bench.score("score RUN", CHEAP_MIX, [str(run)])
        bench.score_alone(run, MIX)
        print(f"load of the machine after: {_load()}")


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="completions in all (%(default)s)")
    parser.add_argument("--samples", type=int, default=8, help="completions per question (%(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes beside one (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where the files go for the time of the bench (about 6 GB)")
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


class _Bench:
    def __init__(self, folder: Path, workers: int) -> None:
        self.folder = folder
        self.workers = workers
        self.done = 0

    def score(self, what: str, mix: str, source: Sequence[str]) -> Path:
        """Run the command with one process and with several; return the run that it made."""
        self.done += 1
        spent, outs = [], []
        for workers in (1, self.workers):
            out = self.folder / f"{self.done}-{workers}"
            options = ["--rewards", mix, "--workers", str(workers), "--out", str(out)]
            command = [sys.executable, "-m", "grpokit.commands.eval", "score", *source, *options]
            spent.append(spend(command, self.folder / "log"))
            outs.append(out)
        same = filecmp.cmp(outs[0] / "scores.jsonl", outs[1] / "scores.jsonl", shallow=False)
        self._print(what, mix, spent, same)
        return outs[0]

    def score_alone(self, run: Path, mix: str) -> None:
        """Score a run as the command does, and do nothing else that it does."""
        spent, bytes_of = [], []
        for workers in (1, self.workers):
            spent.append(spend([sys.executable, "-c", SCORING, str(run), mix, str(workers)], self.folder / "log"))
            bytes_of.append((run / "scores.jsonl").rename(self.folder / f"scores-{workers}"))
        self._print("scoring", mix, spent, filecmp.cmp(bytes_of[0], bytes_of[1], shallow=False))

    def _print(self, what: str, mix: str, spent: Sequence[Spent], same: bool) -> None:
        one, several = spent
        peak = max(one.peak, several.peak)
        print(
            f"{what:10} {mix:36} {one.seconds:7.1f} s  {several.seconds:7.1f} s  "
            f"{one.seconds / several.seconds:5.2f} times as fast  same bytes: {'yes' if same else 'NO'}  "
            f"peak {peak / 2**20:6,.0f} MiB  under 1 GiB: {'yes' if peak < LIMIT else 'NO'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
