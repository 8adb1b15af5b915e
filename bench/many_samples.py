"""Time and memory of comparing two models where one question has thousands of samples.

Writes two pairs of runs: one question with SAMPLES samples of 100 different answers, and such a question beside 1,000
questions with one sample. Compares each pair (the means, pass@k, maj@k and all else) in a process of its own, and
prints the processor time and the memory, beside the time of reading the two runs. The goals for one question with
20,000 samples: under 2 seconds for all that is computed, and 300 MiB. An earlier version, which looked at every pair of
samples, took 150 seconds and 2 GB.

    python bench/many_samples.py [--samples 20000]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from grpokit.evaluate.runs.manifest import Manifest, MixRecord, TaskRecord
from grpokit.evaluate.runs.run import Run, Score
from grpokit.evaluate.types import Row
from grpokit.files import write_lines
from grpokit.rewards.reward import Judgement, Span

SECONDS, MEMORY = 2.0, 300 * 2**20
ANSWERS = 100
WEIGHTS = {"correctness": 1.0}


def main() -> None:
    """Write the runs, compare them, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=20_000, help="samples of the one question (%(default)s)")
    parser.add_argument("--compare", type=Path, nargs=2, metavar="RUN", help="compare these, and print it as JSON")
    options = parser.parse_args()
    if options.compare:
        _compare(options.compare)
        return
    with tempfile.TemporaryDirectory() as name:
        print(f"load of the machine: {os.getloadavg()[0]:.1f}")
        for others in (0, 1000):
            folders = [_write(Path(name) / f"{model}-{others}", model, options.samples, others) for model in (0, 1)]
            _print(options.samples, others, folders)


def _print(samples: int, others: int, folders: Sequence[Path]) -> None:
    command = [sys.executable, __file__, "--compare", *map(str, folders)]
    spent = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    good = spent["seconds"] < SECONDS and spent["peak"] < MEMORY
    beside = f" beside {others:,} with one" if others else ""
    print(
        f"{samples:,} samples of one question{beside}, two models: reading {spent['reading']:.2f} s, "
        f"computing {spent['seconds']:.2f} s, peak {spent['peak'] / 2**20:,.0f} MiB; "
        f"under {SECONDS:g} s and {MEMORY >> 20} MiB: {'yes' if good else 'NO'}"
    )


def _compare(folders: Sequence[Path]) -> None:
    from grpokit.evaluate.paired.pairing import compare
    from grpokit.evaluate.paired.table import read_table

    runs = [Run.open(folder) for folder in folders]
    start = time.process_time()
    for run in runs:
        read_table(run)
    reading = time.process_time() - start
    compare(runs)
    whole = time.process_time() - start - reading
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"reading": reading, "seconds": whole - reading, "peak": peak}))


def _write(folder: Path, model: int, samples: int, others: int) -> Path:
    folder.mkdir()
    name = f"model-{model}"
    Manifest(
        model=name,
        weights=name,
        task=TaskRecord("bench", "correctness", None, "bench", 1 + others, "bench"),
        mix=MixRecord("correctness", WEIGHTS, {"correctness": "bench"}),
        sampling=None,
        engine={"kind": "stored"},
        environment={},
        command="bench",
        created=str(model),
    ).write(folder)
    questions = ({"id": f"q{q}", "text": "How many?", "columns": {"answer": "0"}} for q in range(1 + others))
    write_lines(folder / "prompts.jsonl", questions)
    write_lines(folder / "completions.jsonl", (row.to_json() for row in _rows(name, samples, others)))
    write_lines(folder / "scores.jsonl", _scores(_rows(name, samples, others), model))
    return folder


def _rows(name: str, samples: int, others: int) -> Iterator[Row]:
    places = [(0, sample) for sample in range(samples)] + [(question, 0) for question in range(1, 1 + others)]
    for number, (question, sample) in enumerate(places):
        yield Row(f"q{question}", sample, str(number * number % ANSWERS), "eos", 3, None, name, name)


def _scores(rows: Iterator[Row], model: int) -> Iterator[dict[str, Any]]:
    for row in rows:
        text = str(row.text)
        right = int(text) <= 1 + model
        judged = Judgement(float(right), "correct" if right else "wrong", "by rule", Span(0, len(text)))
        yield Score(row.prompt_id, row.sample, float(right), {"correctness": judged}, repeated=0.0).to_json()


if __name__ == "__main__":
    main()
