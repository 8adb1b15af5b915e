"""What another tool has already made of each completion, as a reward: its value is taken as it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from .reward import Batch, Judgement, Range, Reward
from .text import RewardError

GRADED = "graded"
"""The column in which a batch holds, per completion, its grades by metric; None where its source has graded none."""

STATUSES = ("graded right", "graded wrong", "graded", "not graded")
"""The statuses of :class:`Graded`: the highest value of the range, the lowest, any other, none."""


class Grade(NamedTuple):
    """A value that another tool gave, None where it gave none, and what it says of it."""

    value: float | None
    said: str = ""


@dataclass(frozen=True)
class Graded(Reward):
    """The values that a log holds for one ``metric``, such as ``inspect/match``; the reward bears its name.

    ``low`` and ``high`` are the ends of the metric's range, None where it has none or the log does not say. A
    completion without a grade has no value.

    >>> match = Graded("inspect/match", 0, 1)
    >>> match(completions=["18", "17"], graded=[{"inspect/match": (1.0, "C")}, None])
    [1.0, None]
    >>> match.__name__, match.range
    ('inspect/match', Range(low=0, high=1))
    """

    metric: str
    low: float | None = None
    high: float | None = None

    name: ClassVar[str] = "graded"

    def __post_init__(self) -> None:
        if not isinstance(self.metric, str) or not self.metric:
            raise RewardError(f"graded: metric={self.metric!r} is no name; give such as metric='inspect/match'.")
        if not self.range.low < self.range.high:
            raise RewardError(f"{self.metric}: the range {self.low} to {self.high} is empty; give low below high.")

    @property
    def __name__(self) -> str:
        """The metric's own name."""
        return self.metric

    @property
    def range(self) -> Range:
        """The range that the log's tool documents, or the one that was given."""
        return Range(-math.inf if self.low is None else self.low, math.inf if self.high is None else self.high)

    def judge(self, batch: Batch) -> list[Judgement]:
        """Return each completion's grade."""
        rows = batch.columns.get(GRADED) or [None] * len(batch)
        return [self._judgement(row) for row in rows]

    def _judgement(self, grades: Mapping[str, tuple[float | None, str]] | None) -> Judgement:
        value, said = Grade(*(grades or {}).get(self.metric, (None, "the source has no value here")))
        right, wrong, between, missing = STATUSES
        if value is None:
            return Judgement(None, missing, said)
        return Judgement(value, {self.low: wrong, self.high: right}.get(value, between), said)
