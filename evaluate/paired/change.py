"""What is said of the change from one model to another: of a metric with its verdict, and of what explains it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .summary import CurvePoint, Estimate

FEWEST = 5
"""Below so many questions there is no verdict but UNDERPOWERED: their spread is no measure of anything."""


class Verdict(StrEnum):
    """What a paired difference proves, given the margin that the user set.

    In this order: IMPROVED when the interval's lower end is above 0; HELD when a loss as large as the margin is ruled
    out; REGRESSED when the upper end is below 0; else UNDERPOWERED. For the first and third, the p value must agree.
    """

    IMPROVED = "IMPROVED"
    HELD = "HELD"
    REGRESSED = "REGRESSED"
    UNDERPOWERED = "UNDERPOWERED"


@dataclass(frozen=True)
class VarianceParts:
    """What the error of a difference is made of: ``SE² = (questions + samples) / n``.

    ``questions`` is the variance of the true differences between questions, ``samples`` what drawing a finite
    number of completions adds to it. ``noise_narrowing`` is how many times wider the interval would be without shared
    random numbers (1: no gain; None: not shared). ``advice`` says in a sentence what would narrow the interval.
    """

    questions: float
    samples: float
    noise_narrowing: float | None
    advice: str


@dataclass(frozen=True)
class Difference:
    """Tuned minus base on the ``n`` questions that both have a value for; ``dropped`` questions had none in one.

    ``low`` and ``high`` are at ``level``. HELD, at the ``margin`` of this metric, is judged by ``low_held``: the lower
    end that rare losses leave possible, which no question showed or only a few did, if that is lower; ``reach`` is the
    most that one question can lose, ``unseen`` the share of questions that may lose or gain it without one that shows
    it (of the ``clusters``, where the questions make so many; else None), and HELD of no change at all needs more than
    ``held_above`` questions (None for a margin of 0). ``p`` is two-sided by ``test`` (McNemar's mid-p where the scores
    are single 0/1 ones, ``p_exact`` beside it); ``p_holm`` is adjusted over the rewards (the total is a test of its
    own), ``p_models`` over the models. ``fixed`` and ``broken``
    count the questions whose mean rose and fell, ``both_right`` and ``both_wrong`` those whose mean is 1 and 0 in both,
    which means right and wrong unless the scores are ``graded``: others than 0 and 1. ``mde`` is the smallest change
    detectable with power 0.8 at that level. ``needed`` questions like these would make the margin detectable and
    exclude rare losses of it (None for a margin of 0). ``pairing`` is how many times wider the interval of an unpaired
    comparison would be. ``verdict`` is None where most values are missing.
    """

    delta: float | None
    low: float | None
    high: float | None
    n: int
    dropped: int
    p: float | None
    p_holm: float | None
    test: str
    method: str
    fixed: int
    broken: int
    both_right: int
    both_wrong: int
    mde: float | None
    verdict: Verdict | None
    pairing: float | None
    variance: VarianceParts | None
    needed: int | None
    level: float
    margin: float
    low_held: float | None
    reach: float
    unseen: float
    graded: bool
    held_above: int | None
    clusters: int | None
    p_exact: float | None
    p_models: float | None


@dataclass(frozen=True)
class CurveDifference:
    """Tuned minus base along a curve, with the 95 % band of the paired difference.

    ``crossing`` is the k, interpolated on a logarithmic scale, at which the sign of the difference changes;
    None when it never does.
    """

    reward: str
    kind: str
    points: tuple[CurvePoint, ...]
    crossing: float | None


@dataclass(frozen=True)
class QuestionChange:
    """A question whose mean of the primary metric changed."""

    prompt_id: str
    base: float
    tuned: float

    @property
    def delta(self) -> float:
        """Tuned minus base."""
        return self.tuned - self.base


@dataclass(frozen=True)
class Factor:
    """One way to split a change of the primary metric: ``delta = shift + within``.

    Completions fall into ``bins`` ("complete" and "cut"). ``shift`` is what the change of the bins' shares
    brought, ``within`` what the change of the means inside the bins brought; both with 95 % intervals.
    """

    name: str
    bins: tuple[FactorBin, ...]
    shift: Estimate
    within: Estimate


@dataclass(frozen=True)
class FactorBin:
    """The share of completions in a bin and their mean; a mean is None where the bin is empty."""

    name: str
    base_share: float
    tuned_share: float
    base_mean: float | None
    tuned_mean: float | None


@dataclass(frozen=True)
class HackingCheck:
    """Did the rewards other than the primary one rise while the primary one did not?

    ``suspected`` when ``proxy`` (the weighted total without the primary reward) has its interval above 0 and
    the whole interval of the primary's change is below the margin. False alarms: at most 2.5 % of comparisons
    in which the proxy did not rise, or the primary rose by the margin or more.
    """

    suspected: bool
    proxy: Estimate
    reason: str
