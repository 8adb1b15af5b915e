"""How many questions a sure verdict takes: the demo and its trained adapter, and two models' stored answers, by looks.

    python bench/early.py --adapter runs/first --solutions shared/data/gsm8k/solutions_6b.jsonl --simulate 20000

An adapter of the demo comes from: grpo-train arithmetic-tiny --out runs/first

The stored answers are asked through the replay engine in as many random orders as wanted; each order is one evaluation
that stops at the first look at which the verdict is sure. Shown are the questions asked of each model, and how often
that many were enough.

false verdicts: evaluations without a true change that end as IMPROVED or as REGRESSED; each may be 2.5 %
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from grpokit.evaluate import Evaluation, Run, compare, find_runs, import_completions, load_task, task_record
from grpokit.evaluate.by_looks import ask_by_looks
from grpokit.evaluate.engines import load_engines
from grpokit.evaluate.engines.replay import ReplayEngine
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.logs.log import Columns
from grpokit.evaluate.order import shuffled
from grpokit.evaluate.paired.difference import Design, difference
from grpokit.evaluate.paired.stages import decided
from grpokit.evaluate.progress import unwatched
from grpokit.evaluate.statistics.samples import Samples
from grpokit.evaluate.statistics.sequential import PlannedLook, confidence, planned_looks
from grpokit.evaluate.types import Engine, Sampling
from grpokit.rewards import RewardMix


class Stop(NamedTuple):
    """Where an evaluation stopped: after how many questions, with which verdict, change and interval."""

    questions: int
    verdict: str
    change: float | None
    low: float | None
    high: float | None


def until_decided(evaluation: Evaluation, engines: Sequence[Engine], folder: Path) -> Stop:
    """Ask both models until the verdict is sure."""
    for runs in ask_by_looks(evaluation, engines, [folder / "a", folder / "b"], lambda *_: nullcontext(unwatched)):
        (pair,) = compare(runs).pairs
        if decided(pair):
            break
    gain = pair.gain
    return Stop(gain.n, str(gain.verdict), gain.delta, gain.low, gain.high)


def demo(adapter: Path, seed: int) -> Stop:
    """Ask the demo and its adapter the 500 questions of the arithmetic task."""
    task = load_task("arithmetic")
    prompts = shuffled(list(task.prompts()), task.cluster, seed)
    record = task_record(task.name, task.primary, task.cluster, prompts, "test split", task.reference, seed)
    evaluation = Evaluation(record, prompts, task.sampling(seed=seed), RewardMix.parse(task.rewards))
    specs = [ModelSpec.parse("base=demo"), ModelSpec.parse(f"tuned=demo+{adapter}")]
    with tempfile.TemporaryDirectory() as folder:
        return until_decided(evaluation, list(load_engines(specs)), Path(folder))


def stored(solutions: Path, folder: Path) -> list[Run]:
    """Make runs of the stored answers."""
    columns = Columns(completion="output", reference="gold", prompt="question", model="model", id="idx")
    import_completions(solutions, columns, RewardMix.parse("correctness"), "correctness", folder)
    return find_runs([folder])


def in_order(runs: Sequence[Run], seed: int) -> Stop:
    """Ask the stored answers in one random order."""
    prompts = shuffled(list(runs[0].asked()), None, seed)
    record = task_record("stored", "correctness", None, prompts, "stored", order=seed)
    evaluation = Evaluation(record, prompts, Sampling(), RewardMix.parse("correctness"))
    engines = [ReplayEngine(run.model, run.path) for run in runs]
    with tempfile.TemporaryDirectory() as folder:
        return until_decided(evaluation, engines, Path(folder))


def false_verdicts(times: int, questions: int) -> Counter[str]:
    """Simulate evaluations of 0/1 answers without a true change; count how they end."""
    draw, looks = np.random.default_rng(0), planned_looks([1] * questions)
    ends: Counter[str] = Counter()
    for _ in range(times):
        chance = draw.beta(0.5, 0.8, questions)
        base, tuned = (draw.random(questions) < chance for _ in range(2))
        broken, fixed = np.cumsum(base & ~tuned), np.cumsum(tuned & ~base)
        for look in looks:
            verdict = judged(int(broken[look.units - 1]), int(fixed[look.units - 1]), look)
            if verdict in ("IMPROVED", "REGRESSED"):
                break
        ends[verdict] += 1
    return ends


@cache
def judged(broken: int, fixed: int, look: PlannedLook) -> str:
    """Return the verdict on so many questions that changed; those that did not are wrong in both."""
    base = np.repeat([1.0, 0.0], [broken, look.units - broken])
    tuned = np.repeat([0.0, 1.0, 0.0], [broken, fixed, look.units - broken - fixed])
    left, right = (Samples.of([[one] for one in side]) for side in (base, tuned))
    return str(difference(left, right, Design(None, False, confidence(look.z)), 0.02, (0.0, 1.0)).verdict)


def show(stop: Stop) -> str:
    """Return where an evaluation stopped, in words."""
    return f"{stop.verdict} after {stop.questions} questions: {stop.change:+.3f} ({stop.low:+.3f} to {stop.high:+.3f})"


def main() -> None:
    """Show what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adapter", type=Path, help="the folder of an adapter of the demo")
    parser.add_argument("--solutions", type=Path, metavar="FILE", help="stored answers of two models")
    parser.add_argument("--orders", type=int, default=100, metavar="N", help="random orders (default: %(default)s)")
    parser.add_argument("--simulate", type=int, metavar="N", help="evaluations without a true change")
    args = parser.parse_args()
    if args.adapter is not None:
        for seed in range(3):
            print(f"demo, order {seed}: {show(demo(args.adapter, seed))}")
    if args.solutions is not None:
        with tempfile.TemporaryDirectory() as folder:
            runs = stored(args.solutions, Path(folder) / "stored")
            stops = [in_order(runs, seed) for seed in range(args.orders)]
        most, verdicts = max(stop.questions for stop in stops), dict(Counter(stop.verdict for stop in stops))
        print(f"stored answers in {len(stops)} orders: {verdicts}, at most {most} questions of each model")
        for questions, count in sorted(Counter(stop.questions for stop in stops).items()):
            changes = [stop.change or 0.0 for stop in stops if stop.questions == questions]
            print(f"  {questions:5} questions were enough in {count:3}; mean of the changes {np.mean(changes):+.3f}")
    for questions in (400, 1600) if args.simulate else ():
        ends = false_verdicts(args.simulate, questions)
        shares = ", ".join(f"{name} {count / args.simulate:.4f}" for name, count in sorted(ends.items()))
        print(f"{questions} questions, no true change, {args.simulate} evaluations: {shares}")


if __name__ == "__main__":
    main()
