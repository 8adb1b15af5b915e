"""Time and memory of a comparison: 20,000 questions, 8 samples, 8 rewards, a base and seven tuned models.

Writes such runs, which takes minutes, then compares them: how long it takes to read them, and to compute the rest.

    python bench/comparison.py [--questions 20000] [--samples 8] [--rewards 8] [--models 8]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from grpokit.evaluate.paired import side
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.paired.table import Table, read_table
from grpokit.evaluate.runs.manifest import Manifest, MixRecord, TaskRecord
from grpokit.evaluate.runs.run import Run, Score
from grpokit.evaluate.types import Row
from grpokit.files import write_lines
from grpokit.rewards.reward import Judgement, Span

TEXT = "<reasoning>" + "16 - 3 - 4 = 9 eggs are left, and 9 * 2 = 18. " * 8 + "</reasoning><answer>%d</answer>"
LIMIT = 3.0


class Cost(NamedTuple):
    """Seconds on the clock and of processor time: the same on an idle machine."""

    wall: float
    processor: float


def main() -> None:
    """Write the runs, compare them, and print what it took."""
    size = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        names = ["base", *(f"tuned-{number}" for number in range(1, size.models))]
        runs = [write_run(Path(folder) / name, name, seed, size) for seed, name in enumerate(names)]
        compare(runs[:1])  # what is imported at the first use is no statistics
        reading = Cost(0.0, 0.0)

        def read(*given: Any, **named: Any) -> Table:
            nonlocal reading
            tables: list[Table] = []
            cost = _cost(lambda: tables.append(side_reads(*given, **named)))
            reading = Cost(reading.wall + cost.wall, reading.processor + cost.processor)
            return tables[0]

        side_reads = read_table
        setattr(side, "read_table", read)  # noqa: B010 - its own name, which a type check lets nobody assign
        whole = _cost(lambda: compare(runs))
    statistics = Cost(whole.wall - reading.wall, whole.processor - reading.processor)
    print(f"{size.questions:,} questions x {size.samples} samples x {size.rewards} rewards, {size.models} models")
    for name, cost in (("reading", reading), ("statistics", statistics), ("together", whole)):
        print(f"{name:10} {cost.wall:5.1f} s   processor {cost.processor:5.1f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    print(f"statistics under {LIMIT:.0f} s of processor time: {'yes' if statistics.processor < LIMIT else 'NO'}")


def _cost(work: Callable[[], object]) -> Cost:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - processor)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name, value in (("questions", 20_000), ("samples", 8), ("rewards", 8), ("models", 8)):
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser.parse_args()


def write_run(folder: Path, name: str, seed: int, size: argparse.Namespace) -> Run:
    """Write a run of ``size`` (``questions``, ``samples``, ``rewards``); models of other seeds answer otherwise."""
    folder.mkdir()
    weights = dict.fromkeys(("correctness", *(f"reward_{i}" for i in range(1, size.rewards))), 1.0)
    fingerprints = {reward: reward for reward in weights}
    Manifest(
        model=name,
        weights=name,
        task=TaskRecord("bench", "correctness", None, "bench", size.questions, "bench"),
        mix=MixRecord("bench", weights, fingerprints),
        sampling={"samples": size.samples, "temperature": 1.0},
        engine={"kind": "transformers"},
        environment={},
        command="bench",
        created=str(seed),
    ).write(folder)
    questions = ({"id": f"q{q}", "text": "How many?", "columns": {"answer": "18"}} for q in range(size.questions))
    write_lines(folder / "prompts.jsonl", questions)
    write_lines(folder / "completions.jsonl", _rows(name, size))
    write_lines(folder / "scores.jsonl", _scores(list(weights), seed, size))
    return Run.open(folder)


def _rows(name: str, size: argparse.Namespace) -> Iterator[dict[str, Any]]:
    ids = list(range(200))
    for place in range(size.questions * size.samples):
        question, sample = divmod(place, size.samples)
        text = TEXT % (place % 5)
        yield Row(f"q{question}", sample, text, "eos", 180 + place % 50, ids, name, name)._asdict()


def _scores(rewards: list[str], seed: int, size: argparse.Namespace) -> Iterator[dict[str, Any]]:
    generator = np.random.default_rng(seed)
    difficulty = np.random.default_rng(99).random(size.questions)
    span = Span(len(TEXT) - 11, len(TEXT) - 10)
    for question in range(size.questions):
        right = generator.random(size.samples) < difficulty[question] * (0.9 + 0.1 * seed)
        graded = generator.random((size.samples, len(rewards)))
        for sample in range(size.samples):
            values = [float(right[sample]), *graded[sample, 1:].round(3).tolist()]
            judged = {
                reward: Judgement(value, "correct" if value == 1 else "graded", "18 equals 18", span)
                for reward, value in zip(rewards, values, strict=True)
            }
            yield Score(f"q{question}", sample, sum(values), judged, repeated=float(graded[sample, 0])).to_json()


if __name__ == "__main__":
    main()
