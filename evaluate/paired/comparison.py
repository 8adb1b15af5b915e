"""The comparison of runs as a frozen value: every report is a view of it and computes nothing.

Means are over questions: the samples of a question are averaged first. Intervals are 95 %. A number is None
where it does not exist: no question had a value, or the scores do not vary and so tell nothing about their error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .explanation import Alarm, Factor, HackingCheck, Lengths


class Verdict(StrEnum):
    """What the interval of a paired difference says, given the margin that the user set.

    In this order: IMPROVED when its lower end is above 0, REGRESSED when its upper end is below 0, HELD when its
    lower end is above -margin (a loss as large as the margin is excluded), else UNDERPOWERED: neither a change
    nor a loss beyond the margin can be told, and more questions or samples are needed.
    """

    IMPROVED = "IMPROVED"
    HELD = "HELD"
    REGRESSED = "REGRESSED"
    UNDERPOWERED = "UNDERPOWERED"


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval. ``n`` questions had a value; ``method`` names the interval's formula."""

    mean: float | None
    low: float | None
    high: float | None
    n: int
    method: str


@dataclass(frozen=True)
class RewardSummary:
    """One reward of one model: its mean and how often each status occurred (completions, not questions)."""

    estimate: Estimate
    counts: Mapping[str, int]


@dataclass(frozen=True)
class CurvePoint:
    """One k of a curve over k samples a question."""

    k: int
    estimate: Estimate


@dataclass(frozen=True)
class Curve:
    """``pass@k`` or ``maj@k`` (``kind``) of a 0/1 reward, for k up to the number of samples."""

    reward: str
    kind: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class PerWeight:
    """A mean of the weighted total, or of its change, for any weights w of the ``rewards``.

    ``mean = w · means`` and ``SE² = wᵀ · covariance · w``; the 95 % interval is ``mean ± t · SE``. ``means`` are those
    of the rewards over the ``n`` questions that have a total; where a reward does not apply it counts 0, as in the
    total. ``covariance`` (of the means, clustered where the task is) and ``t`` are None for fewer than two
    independent questions.
    """

    rewards: tuple[str, ...]
    means: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...] | None
    t: float | None
    n: int


@dataclass(frozen=True)
class ModelSummary:
    """One model on the task.

    ``prompts`` questions have been answered, by ``samples`` completions each at most. ``truncated`` is the share
    of completions that met the token limit, ``unanswered`` the share in which the primary reward found no answer,
    ``tokens`` the mean number of generated tokens; None where the source of the completions did not say.
    ``repeated`` is the mean share of triples of units that were there before in the same completion, and
    ``repeated_unit`` what it counts: "token", or "word" where token ids are not known; None where the run was scored
    without it, or token ids are known of some completions only. ``proxy`` is the weighted total without the
    primary reward, None where nothing else is rewarded. The primary reward is the first model's, whatever the others'
    tasks say.
    """

    name: str
    weights: str
    prompts: int
    samples: int
    rewards: Mapping[str, RewardSummary]
    total: RewardSummary
    truncated: float | None
    unanswered: float | None
    tokens: float | None
    repeated: float | None
    repeated_unit: str | None
    proxy: Estimate | None
    curves: tuple[Curve, ...]
    per_weight: PerWeight | None


@dataclass(frozen=True)
class VarianceParts:
    """What the error of a difference is made of: ``SE² = (questions + samples) / n``.

    ``questions`` is the variance of the true differences between questions, ``samples`` what drawing a finite
    number of completions adds to it. ``noise_narrowing`` is how many times wider the interval would be had the
    two models not shared their random numbers (1: no gain; None: they did not share them). ``advice`` says in a
    sentence what would narrow the interval.
    """

    questions: float
    samples: float
    noise_narrowing: float | None
    advice: str


@dataclass(frozen=True)
class Difference:
    """Tuned minus base on the ``n`` questions that both have a value for; ``dropped`` questions had none in one.

    ``p`` is two-sided by ``test``; ``p_holm`` is adjusted over the rewards (the total is a test of its own).
    ``fixed`` and ``broken`` count the questions whose mean rose and fell, ``both_right`` and ``both_wrong`` those
    whose mean is 1 and 0 in both. ``mde`` is the smallest change detectable with power 0.8 at alpha 0.05.
    ``needed`` questions like these would make the margin detectable (None for a margin of 0).
    ``pairing`` is how many times wider the interval of an unpaired comparison would be.
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
    verdict: Verdict
    pairing: float | None
    variance: VarianceParts | None
    needed: int | None = None


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
class Mismatch:
    """One thing in which two manifests differ: ``fatal`` where the comparison would be meaningless."""

    what: str
    base: str
    tuned: str
    fatal: bool


@dataclass(frozen=True)
class Pair:
    """A base and a tuned model: the verdict is that of the task's primary metric (a reward's name, or "total").

    ``contributions`` are the parts of the total's change that each reward brought; they add up to it.
    ``changes`` are the questions whose primary mean changed, the worst loss first. ``hacking`` is None when
    nothing but the primary metric is rewarded; ``suspects`` are the ids of questions whose total rose while their
    primary metric fell. ``habits`` are the changes of what the completions are like, by the names that
    :class:`ModelSummary` gives them: "truncated", "unanswered", "tokens" and "repeated", as far as both models' are
    known. ``lengths`` is None where token counts are not known. ``alarms`` were raised while the tuned model trained.
    """

    base: str
    tuned: str
    primary: str
    verdict: Verdict
    mismatches: tuple[Mismatch, ...]
    rewards: Mapping[str, Difference]
    total: Difference
    contributions: Mapping[str, Estimate]
    factors: tuple[Factor, ...]
    curves: tuple[CurveDifference, ...]
    changes: tuple[QuestionChange, ...]
    hacking: HackingCheck | None
    suspects: tuple[str, ...]
    per_weight: PerWeight | None
    habits: Mapping[str, Estimate] = field(default_factory=dict)
    lengths: Lengths | None = None
    alarms: tuple[Alarm, ...] = ()

    @property
    def comparable(self) -> bool:
        """True when the manifests differ in nothing that matters."""
        return not self.mismatches


@dataclass(frozen=True)
class NoiseFloor:
    """Of ``rows`` completions generated again: the share whose text differs and the share whose value differs.

    The same weights answered the same requests in batches of another size. ``primary`` names the reward whose
    values were compared.
    """

    model: str
    primary: str
    rows: int
    text_changed: float
    value_changed: float


@dataclass(frozen=True)
class Comparison:
    """Models on one task, and each later model paired with the first one.

    ``noise`` is the first run's noise floor, None where it was not measured.
    """

    task: str
    margin: float
    weights: Mapping[str, float]
    models: tuple[ModelSummary, ...]
    pairs: tuple[Pair, ...]
    noise: NoiseFloor | None
