"""How a metric's numbers are written on the page: 0/1 scores in percent and percentage points, others as numbers."""

from __future__ import annotations

from typing import NamedTuple

from ..evaluate.paired.change import Difference
from ..evaluate.paired.comparison import Pair
from ..evaluate.paired.summary import TOTAL, RewardSummary
from .wording import interval, number, share, signed, signed_tenths


class Unit(NamedTuple):
    """The unit of a metric: ``percent`` for scores that are 0 or 1, whose mean is the share of right answers.

    >>> PERCENT.value(0.9395), PERCENT.change(0.6255), PERCENT.size(0.0349), PERCENT.interval(0.6, 0.65)
    ('94.0 %', '+62.5 points', '3.5 points', '+60.0 to +65.0 points')
    >>> NUMBERS.value(0.9395), NUMBERS.change(0.6255), NUMBERS.size(0.0349), NUMBERS.interval(0.6, 0.65)
    ('0.940', '+0.625', '0.035', '+0.600 to +0.650')
    """

    percent: bool

    def value(self, mean: float | None) -> str:
        """Return a mean."""
        return share(mean) if self.percent else number(mean)

    def size(self, width: float | None) -> str:
        """Return a distance, which has no sign."""
        return f"{100 * width:.1f} points" if self.percent and width is not None else number(width)

    def change(self, delta: float | None) -> str:
        """Return a change with its sign."""
        return f"{signed_tenths(100 * delta)} points" if self.percent and delta is not None else signed(delta)

    def interval(self, low: float | None, high: float | None) -> str:
        """Return the interval of a change; "unknown" without one."""
        if not self.percent or low is None or high is None:
            return interval(low, high)
        return f"{signed_tenths(100 * low)} to {signed_tenths(100 * high)} points"

    def ends(self, low: float | None, high: float | None) -> str:
        """Return the interval of a mean in short; "" without one."""
        if low is None or high is None:
            return ""
        return f"{100 * low:.1f}–{100 * high:.1f}" if self.percent else f"{number(low)}–{number(high)}"


NUMBERS, PERCENT = Unit(False), Unit(True)


def units(pair: Pair) -> dict[str, Unit]:
    """Return the unit of every metric: percent where all its scores are 0 or 1. The total, a sum, is a number."""
    return {name: unit_of(name, change) for name, change in pair.rows().items()}


def unit_of(metric: str, scored: Difference | RewardSummary) -> Unit:
    """Return the unit of one metric by its change, or by its mean in one model."""
    return NUMBERS if scored.graded or metric == TOTAL else PERCENT
