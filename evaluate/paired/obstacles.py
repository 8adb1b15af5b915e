"""Scores that no number of questions mends: both models at an end of the range, answers cut, answers not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from .doubts import MOST, Obstacle
from .summary import ModelSummary

NEAR = 0.01
"""Means this near to an end, as a share of the range, are at it where the difference decides nothing."""


def obstacles(
    models: Sequence[ModelSummary], primary: str, ranges: Mapping[str, Sequence[float]], *, decided: bool
) -> tuple[Obstacle, ...]:
    """Return what keeps the primary metric from telling ``models`` apart: what cut or hid answers first.

    ``ranges`` are the rewards' lowest and highest values; without one there is no end to be at. Where the difference
    is ``decided`` (improved, regressed or held) only models that are exactly at an end count as there.
    """
    return (
        *_mostly("cut", {model.name: model.cut for model in models}),
        *_mostly("unanswered", {model.name: model.unanswered for model in models}),
        *_mostly("constant", {model.name: model.constant for model in models}),
        *_at_an_end(models, primary, ranges.get(primary), 0.0 if decided else NEAR),
    )


def _mostly(kind: Literal["cut", "unanswered", "constant"], shares: Mapping[str, float | None]) -> Iterator[Obstacle]:
    most = {name: share for name, share in shares.items() if share is not None and share > MOST}
    if most:
        yield Obstacle(kind, tuple(most), tuple(most.values()))


def _at_an_end(
    models: Sequence[ModelSummary], primary: str, limits: Sequence[float] | None, near: float
) -> Iterator[Obstacle]:
    means = [mean for model in models if (mean := model.rows()[primary].estimate.mean) is not None]
    if limits is None or not means or len(means) < len(models):
        return
    low, high = limits
    reach = near * (high - low)
    names = tuple(model.name for model in models)
    if max(means) <= low + reach:
        yield Obstacle("floor", names, tuple(means))
    elif min(means) >= high - reach:
        yield Obstacle("ceiling", names, tuple(means))
