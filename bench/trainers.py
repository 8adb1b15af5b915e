"""The same training run made three ways, for the benches that lay one beside another."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from grpokit.train import Recipe, make_plan, train
from grpokit.train.data import load_prompts

LIMIT = 0.02
"""The part by which a run may take longer than in plain TRL."""

OPEN = ["report_to=none", "evaluation.every=null"]
"""What a recipe is changed to: plain TRL keeps no log and asks no held-out questions."""


def use_one_thread() -> None:
    """Let tensors be computed by one thread, so that processor time is what a run takes."""
    import torch

    torch.set_num_threads(1)


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


PLAIN = "plain TRL"

WAYS: dict[str, Callable[[Recipe, Path], None]] = {
    PLAIN: _plain,
    "grpo-train": _ours,
    "grpo-train, not merged": _not_merged,
}
"""The ways by name: what each makes of a recipe, in a folder."""


def turns(number: int) -> list[str]:
    """Return the names of the ways, each round beginning with another one."""
    first = number % len(WAYS)
    return [*WAYS][first:] + [*WAYS][:first]


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


def overhead(seconds: list[float], plain: list[float]) -> Overhead:
    """Return the geometric mean of the ratios of what ran side by side, with its interval by t of the logarithms."""
    from scipy.stats import t

    ratios = [math.log(ours / theirs) for ours, theirs in zip(seconds, plain, strict=True)]
    middle, count = statistics.mean(ratios), len(ratios)
    half = float(t.ppf(0.975, count - 1)) * statistics.stdev(ratios) / math.sqrt(count) if count > 1 else math.inf
    return Overhead(math.expm1(middle), math.expm1(middle - half), math.expm1(middle + half))


def apart(left: Path, right: Path) -> float:
    """Return the largest difference between the weights of two adapters."""
    from safetensors.torch import load_file

    one, other = (load_file(folder / "adapter_model.safetensors") for folder in (left, right))
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def show(spent: Mapping[str, list[float]], adapters: Mapping[str, Path]) -> None:
    """Print what each way took beside plain TRL, and how far apart the adapters ended."""
    for name, seconds in spent.items():
        over = overhead(seconds, spent[PLAIN])
        print(f"{name:24} {statistics.median(seconds):6.2f}   over plain TRL {over}; under {LIMIT:.0%}: {over.verdict}")
    largest = max(apart(adapters[PLAIN], adapters[name]) for name in WAYS)
    print(f"largest difference between the adapters' weights: {largest:.1e}")
