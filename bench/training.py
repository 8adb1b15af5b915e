"""What ``grpo-train`` costs over plain TRL, what merged rollouts gain, and how soon the command answers.

The same run (``arithmetic-tiny``: same base, prompts, rewards, seeds and settings, no held-out evaluation) is made
by plain TRL as its documentation has it, by this package, and by this package without merged rollouts, turn by turn
in one process, so that whatever else the machine does falls on all three alike. Processor time is compared, which a
busy machine does not change much; the overhead is the geometric mean over rounds of the ratio within a round, with its
95 % interval (t, of the logarithms). All must end with the same weights. Of a recipe of one's own the steps after the
first are compared, since the self-test of the first one, once per run, is much of so short a run.

    python bench/training.py [--steps 60] [--rounds 12]
    python bench/training.py --recipe examples/real/smollm2-length.yaml model.path=FOLDER task.data=prompts.jsonl \\
        --steps 2 --rounds 4     a step of a real model, with merged rollouts and without
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from grpokit.train import Recipe, load_recipe, make_plan, train
from grpokit.train.data import load_prompts

SHIPPED = "arithmetic-tiny"
LIMIT = 0.02
LOOKS = (["--help"], ["--list"], ["--show", "arithmetic-tiny"], ["arithmetic-tiny", "--dry-run"])
LOOK_LIMIT_S = 0.4
TRIES = 7
OPEN = ["report_to=none", "evaluation.every=null"]


def main() -> None:
    """Time everything and print it."""
    size = _arguments()
    _use_one_thread()
    recipe = load_recipe(size.recipe, [*OPEN, *size.overrides, f"max_steps={size.steps}"])
    ways: dict[str, Callable[[Recipe, Path], None]] = {
        "plain TRL": _plain,
        "grpo-train": _ours,
        "grpo-train, not merged": _not_merged,
    }
    alone = size.recipe == SHIPPED
    with tempfile.TemporaryDirectory() as folder:
        spent, adapters = _rounds(ways, recipe, size.rounds, Path(folder), first=alone)
        apart = max(_apart(adapters["plain TRL"], adapters[name]) for name in ways)
    what = "a whole run" if alone else "the steps after the first"
    print(f"{size.steps} steps of {size.recipe}, {size.rounds} rounds, processor seconds of {what} (median)")
    for name, seconds in spent.items():
        over = _overhead(seconds, spent["plain TRL"])
        print(f"{name:24} {statistics.median(seconds):6.2f}   over plain TRL {over}")
    print(f"largest difference between the adapters' weights: {apart:.1e}")
    for name in ("grpo-train", "grpo-train, not merged"):
        print(f"overhead of {name} under {LIMIT:.0%}: {_overhead(spent[name], spent['plain TRL']).verdict}")
    if alone:
        _look()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="the overhead of grpo-train over plain TRL")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="changes of the recipe")
    parser.add_argument("--recipe", default=SHIPPED, metavar="NAME_OR_FILE")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=12)
    return parser.parse_args()


def _use_one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _rounds(
    ways: dict[str, Callable[[Recipe, Path], None]], recipe: Recipe, rounds: int, folder: Path, *, first: bool
) -> tuple[dict[str, list[float]], dict[str, Path]]:
    """Run all ways in turn, each round beginning with another one; the first round warms up and is left out.

    Return the processor seconds of the whole runs, or where the ``first`` step is not to count, of those after it.
    """
    spent: dict[str, list[float]] = {name: [] for name in ways}
    adapters = {}
    names = list(ways)
    for number in range(rounds + 1):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            out = folder / f"{number}-{name}"
            start = time.process_time()
            with _step_ends() as ends:
                ways[name](recipe, out)
            if number:
                spent[name].append(time.process_time() - start if first else ends[-1] - ends[0])
            adapters[name] = out
    return spent, adapters


@contextmanager
def _step_ends() -> Iterator[list[float]]:
    """Keep the processor time at which each step of any trainer ends."""
    from transformers.trainer_callback import CallbackHandler

    real, ends = CallbackHandler.on_step_end, list[float]()

    def noted(self: CallbackHandler, *arguments: Any) -> Any:
        ends.append(time.process_time())
        return real(self, *arguments)

    CallbackHandler.on_step_end = noted  # type: ignore[assignment, method-assign]  # the trainers have nothing else in common
    try:
        yield ends
    finally:
        CallbackHandler.on_step_end = real  # type: ignore[method-assign]


def _plain(recipe: Recipe, out: Path) -> None:
    """The run as TRL's documentation writes it."""
    from datasets import Dataset
    from grpokit.evaluate.engines.loading import load_base
    from grpokit.train.heldout.questions import loading
    from grpokit.train.quiet import quiet
    from grpokit.train.trl.arguments import make_arguments
    from peft import LoraConfig
    from transformers import PrinterCallback
    from trl.trainer.grpo_trainer import GRPOTrainer

    prompts = load_prompts(recipe)
    base = load_base(recipe.model.base, loading(recipe))
    with quiet():
        trainer = GRPOTrainer(
            base.model,
            reward_funcs=[*recipe.mix.reward_funcs],
            args=make_arguments(recipe, make_plan(recipe, len(prompts)), out),
            train_dataset=Dataset.from_list([{**prompt.columns, "prompt": prompt.text} for prompt in prompts]),
            processing_class=base.tokenizer,
            peft_config=LoraConfig(
                r=recipe.lora.r, lora_alpha=recipe.lora.alpha, target_modules="all-linear", task_type="CAUSAL_LM"
            ),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        trainer.save_model(str(out))


def _ours(recipe: Recipe, out: Path) -> None:
    train(recipe, out)


def _not_merged(recipe: Recipe, out: Path) -> None:
    from grpokit.evaluate.engines import merging

    real = merging.mergeable_layers
    merging.mergeable_layers = lambda model, adapter: []
    try:
        train(recipe, out)
    finally:
        merging.mergeable_layers = real


class Overhead(NamedTuple):
    """By which part a run takes longer than another, with the 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:+.1%} ({self.low:+.1%} to {self.high:+.1%})"

    @property
    def verdict(self) -> str:
        """Say yes or no only where the whole interval does."""
        if self.low < LIMIT <= self.high:
            return "cannot be told; it needs more rounds or a quieter machine"
        return "yes" if self.high < LIMIT else "NO"


def _overhead(seconds: list[float], plain: list[float]) -> Overhead:
    from scipy.stats import t

    ratios = [math.log(ours / theirs) for ours, theirs in zip(seconds, plain, strict=True)]
    middle, count = statistics.mean(ratios), len(ratios)
    half = float(t.ppf(0.975, count - 1)) * statistics.stdev(ratios) / math.sqrt(count) if count > 1 else math.inf
    return Overhead(math.expm1(middle), math.expm1(middle - half), math.expm1(middle + half))


def _apart(left: Path, right: Path) -> float:
    from safetensors.torch import load_file

    one, other = (load_file(folder / "adapter_model.safetensors") for folder in (left, right))
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def _look() -> None:
    """Time what a person waits for before anything is trained: whole processes, the fastest of some."""
    print(f"\ngrpo-train as a process, wall-clock seconds, fastest of {TRIES}; goal: under {LOOK_LIMIT_S}")
    for argv in LOOKS:
        seconds = min(_process(argv) for _ in range(TRIES))
        print(f"{' '.join(argv):32} {seconds:.2f}")


def _process(argv: list[str]) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "grpokit.commands.train", *argv]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
