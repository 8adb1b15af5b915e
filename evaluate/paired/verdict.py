"""What a paired difference proves: the verdict, as a pure function of the evidence, the margin and the level."""

from __future__ import annotations

from typing import NamedTuple

from ..statistics.intervals import Interval
from .change import FEWEST, Verdict


class Evidence(NamedTuple):
    """What a verdict is drawn from.

    ``interval`` is that of the mean difference, at the level in force (None: the data hold none); ``p`` the two-sided p
    value that must agree with it (None: the interval decides alone, as with clusters); ``floor`` the lowest change
    that rare losses leave possible, which no question showed or only a few did (see
    :mod:`~grpokit.evaluate.statistics.rare`); ``n`` the questions.
    """

    interval: Interval | None
    p: float | None
    floor: float
    n: int


def decide(evidence: Evidence, margin: float, level: float) -> Verdict:
    """Return what the evidence proves, in the order that :class:`Verdict` gives.

    HELD is a claim that nothing was lost, so its lower end is the lower one of the interval's and ``floor``; nor is it
    above 0, which would be IMPROVED. An
    interval that reaches from -margin or below to 0 or above decides nothing, whatever the smallest detectable change:
    "not significant" is never "held".

    >>> enough = Evidence(Interval(-0.01, 0.03, "t"), p=0.4, floor=-0.003, n=1000)
    >>> decide(enough, margin=0.02, level=0.95).value
    'HELD'
    >>> decide(enough._replace(floor=-0.03), margin=0.02, level=0.95).value
    'UNDERPOWERED'
    >>> decide(enough._replace(interval=Interval(0.01, 0.03, "t"), p=0.06), margin=0.0, level=0.95).value
    'UNDERPOWERED'
    """
    interval = evidence.interval
    if interval is None or evidence.n < FEWEST:
        return Verdict.UNDERPOWERED
    agrees = evidence.p is None or evidence.p <= 1 - level
    if agrees and interval.low > 0:
        return Verdict.IMPROVED
    if min(interval.low, evidence.floor, 0.0) > -margin:
        return Verdict.HELD
    return Verdict.REGRESSED if agrees and interval.high < 0 else Verdict.UNDERPOWERED
