"""What became of completions, in shares that add up: right, wrong, no answer, cut; or what each reward found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..evaluate.paired.summary import ModelSummary
from ..rewards.reward import NO_ANSWER
from .samples import Answer

CUT = "cut"
KINDS = ("correct", "scored", "wrong", "no answer", CUT, "no value")
"""The outcomes of the primary metric, in the order in which they are drawn; "scored" where scores are graded."""


_VALUED = ("correct", "scored", "wrong")


class Slice(NamedTuple):
    """Some of a model's completions: how many, and the ``width`` of their part of the bar in percent.

    ``colour`` names the class of the bar's part: an outcome, or a shade for what only a reward knows.
    """

    label: str
    completions: int
    width: float
    colour: str


class Stack(NamedTuple):
    """The bar of one model, whose slices add up to its completions."""

    model: str
    slices: tuple[Slice, ...]


def outcome(answer: Answer, primary: str) -> str:
    """Return what became of a completion by the primary metric: one of :data:`KINDS`.

    A completion that was cut counts as cut where that cost its answer: where it is worth nothing, or none was found.
    """
    judged = answer.rewards.get(primary)
    value = answer.total if judged is None else judged.value
    if value is None:
        return "no value"
    lost = judged is not None and judged.status in NO_ANSWER
    if answer.finish_reason == "length" and (lost or value == 0):
        return CUT
    if lost:
        return "no answer"
    return "correct" if value == 1 else "wrong" if value == 0 else "scored"


def primary_stacks(outcomes: Mapping[str, Mapping[str, int]]) -> list[Stack]:
    """Return the bars of the primary metric, from its outcomes counted by model: graded scores are not right or wrong.

    >>> [bar.slices for bar in primary_stacks({"base": {"correct": 3, "scored": 1}})]
    [(Slice(label='scored', completions=4, width=100.0, colour='scored'),)]
    """
    graded = any("scored" in counts for counts in outcomes.values())
    bars = []
    for model, counts in outcomes.items():
        valued = sum(counts.get(kind, 0) for kind in _VALUED)
        merged = {**counts, **dict.fromkeys(_VALUED, 0), "scored": valued} if graded else counts
        bars.append(_stack(model, {kind: merged[kind] for kind in KINDS if merged.get(kind)}, KINDS))
    return bars


def status_stacks(models: Sequence[ModelSummary], reward: str) -> list[Stack]:
    """Return the bars of what one reward found in the completions of ``models``, the same shades in all of them."""
    found = [model.rewards[reward].counts for model in models]
    statuses = sorted(
        {status for counts in found for status in counts}, key=lambda one: -max(c.get(one, 0) for c in found)
    )
    return [
        _stack(model.name, {status: counts[status] for status in statuses if counts.get(status)}, statuses)
        for model, counts in zip(models, found, strict=True)
    ]


def _stack(model: str, counts: Mapping[str, int], order: Sequence[str]) -> Stack:
    whole = sum(counts.values()) or 1
    colours = {name: name.replace(" ", "-") if name in KINDS else f"shade-{order.index(name) % 6}" for name in counts}
    return Stack(
        model, tuple(Slice(name, count, round(100 * count / whole, 3), colours[name]) for name, count in counts.items())
    )


def stacks(
    models: Sequence[ModelSummary], primary: str, outcomes: Mapping[str, Mapping[str, int]]
) -> dict[str, list[Stack]]:
    """Return the bars of ``models`` by metric, the primary one's first; ``outcomes`` are counted by model."""
    others = [name for name in models[0].rewards if name != primary]
    found = {name: status_stacks(models, name) for name in others}
    return {primary: primary_stacks({model.name: outcomes[model.name] for model in models}), **found}
