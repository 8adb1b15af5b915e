"""How the models that are compared came about, in words: what chose a checkpoint, and how lucky its seed was."""

from __future__ import annotations

from typing import NamedTuple

from ..evaluate.paired.comparison import Comparison, Pair
from ..evaluate.paired.summary import ModelSummary
from .units import NUMBERS, Unit
from .verdicts import headline
from .wording import one_line


def claim(pair: Pair) -> str:
    """Return the verdict as a short claim, which says so where the questions that chose the checkpoint judge it."""
    chosen = [choice for choice in pair.choices if not choice.apart]
    if not chosen or pair.verdict is None:
        return headline(pair)
    return f"{headline(pair).rstrip('.')}, on the very {chosen[0].judged.questions} questions that chose it."


def origins(pair: Pair, comparison: Comparison, unit: Unit = NUMBERS) -> list[str]:
    """Return what is to be known of how the models of a pair came about, a sentence or two for each thing."""
    arms = [seeds_apart(model, pair.primary, unit) for model in _sides(pair, comparison) if model.seeds is not None]
    lone = (
        "One training seed: the recipe's own luck is in no interval; grpo-train --seeds 5 would show it."
        if pair.lone_seed
        else ""
    )
    return [line for line in (_choices(pair), *arms, lone) if line]


def _choices(pair: Pair) -> str:
    """Say how the checkpoints were chosen: of one seed which step, of several what they have in common."""
    if len(pair.choices) < 2:
        return one_line(" ".join(choice.sentence for choice in pair.choices))
    first, steps = pair.choices[0], sorted({choice.step for choice in pair.choices})
    looks = sorted({choice.looks for choice in pair.choices})
    flattered = [choice.flattery for choice in pair.choices if choice.flattery is not None]
    chosen = f"a checkpoint (step {_listed(steps)}) was chosen by {_listed(looks)} looks at"
    text = f"In each of {len(pair.choices)} seeds {chosen}"
    if first.apart:
        return one_line(f"{text} {first.asked}; it is judged by {first.judged}, which no look saw.")
    lifted = f", which flatters it by up to about {sum(flattered) / len(flattered):.3f}" if flattered else ""
    return one_line(f"{text} the same {first.judged.questions} questions that judge it here{lifted}.")


def _listed(numbers: list[int]) -> str:
    """Return numbers in a few words.

    >>> _listed([40]), _listed([20, 40, 60])
    ('40', '20 to 60')
    """
    return f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"


def seeds_apart(model: ModelSummary, primary: str, unit: Unit = NUMBERS) -> str:
    """Return how far the seeds of an arm lie apart, "" for a single run."""
    if model.seeds is None:
        return ""
    known = [one.mean for one in model.seeds.means if one.mean is not None]
    if not known:
        return ""
    ends = f"{unit.value(min(known))} to {unit.value(max(known))}"
    return one_line(
        f"{model.name} is {len(model.seeds.means)} training seeds: {primary} {ends}, SD between seeds "
        f"{unit.size(model.seeds.between)}. The interval holds over other questions and other seeds."
    )


def best_of(comparison: Comparison) -> str:
    """Return by how much the best of several models is flattered by the questions that would choose it; "" for one."""
    best = comparison.best_of
    if best is None or best.flattery is None:
        return ""
    noise = f"what the luckiest of {best.models} equally good models gains by noise"
    return one_line(
        f"The best of {best.models} by {comparison.primary} is {best.name}. Chosen by these questions it is flattered "
        f"by up to about {best.flattery:.3f}, {noise}: judge it by questions that did not choose it."
    )


class SeedChange(NamedTuple):
    """One training seed: whose it is, its mean of the primary metric, and its change from the pair's base, twice."""

    model: str
    seed: str
    mean: str
    change: float | None
    shown: str


def seed_changes(pair: Pair, comparison: Comparison, unit: Unit = NUMBERS) -> list[SeedChange]:
    """Return each seed of the arms in a pair, against the mean of the base; none where no side is an arm."""
    base = comparison.model(pair.base).rows()[pair.primary].estimate.mean
    seeds = []
    for model in _sides(pair, comparison):
        for one in model.seeds.means if model.seeds else ():
            change = None if one.mean is None or base is None else one.mean - base
            names = (one_line(model.name), one_line(one.name))
            seeds.append(SeedChange(*names, unit.value(one.mean), change, unit.change(change)))
    return seeds


def _sides(pair: Pair, comparison: Comparison) -> tuple[ModelSummary, ModelSummary]:
    return comparison.model(pair.base), comparison.model(pair.tuned)
