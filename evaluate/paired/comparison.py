"""The comparison of runs as a frozen value: every report is a view of it and computes nothing.

Means are over questions: the samples of a question are averaged first. Intervals of means are 95 %, those of a pair's
changes as its ``level`` says. A number is None where it does not exist: no question had a value, or the scores do not
vary and so say nothing about their error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from .alarms import Alarm
from .doubts import Mismatch, MissingValues, NoiseFloor, Obstacle
from .looks import Looks
from .margins import Margins

if TYPE_CHECKING:  # these compute with arrays, which the values do without
    from .arms import Seeds
    from .choice import BestOf, Choice
    from .drift import Drift
    from .lengths import Lengths
    from .subgroups import Subgroups
    from .total import PerWeight

TOTAL = "total"
"""The metric beside the rewards' own names: their weighted sum. No reward may be called so."""

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
    """One k of a curve over k samples per question."""

    k: int
    estimate: Estimate


@dataclass(frozen=True)
class Curve:
    """``pass@k`` or ``maj@k`` (``kind``) of a 0/1 reward, for k up to the number of samples."""

    reward: str
    kind: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class ModelSummary:
    """One model on the task.

    ``prompts`` questions have been answered, by ``samples`` completions each at most. ``cut`` is the share of
    completions that met the token limit, ``unanswered`` the share in which the primary reward found no answer,
    ``tokens`` the mean number of generated tokens; None where the source of the completions did not say.
    ``repeated`` is the mean share of triples of units that were there before in the same completion, and
    ``repeated_unit`` what it counts: "token", or "word" where token ids are not known; None where the run was scored
    without it, or token ids are known of some completions only. ``proxy`` is the weighted total without the
    primary reward, None where nothing else is rewarded. ``distinct`` is the share of different texts over the
    questions, ``distinct_within`` that within a question (None with one sample), and ``constant`` the share of
    questions that got one and the same long text although their references differ. An endpoint ``refused`` so many
    completions, which count as empty texts. ``missing`` are those without a value of the primary metric, which is the
    first model's throughout. ``notes`` are to be read before the numbers: what the log lacks that the completions are
    from. Of an arm (runs that differ by the training seed) ``seeds`` are its runs, and all else holds over them
    together. ``system`` says where system messages went ("moved" into the first question, or "left out") if its chat
    template shows none.
    """

    name: str
    weights: str
    prompts: int
    samples: int
    rewards: Mapping[str, RewardSummary]
    total: RewardSummary
    cut: float | None
    unanswered: float | None
    tokens: float | None
    repeated: float | None
    repeated_unit: str | None
    distinct: float | None
    distinct_within: float | None
    constant: float
    refused: int
    system: str | None
    proxy: Estimate | None
    curves: tuple[Curve, ...]
    per_weight: PerWeight | None
    missing: MissingValues
    notes: tuple[str, ...] = ()
    seeds: Seeds | None = None

    def rows(self) -> dict[str, RewardSummary]:
        """Return every metric by name, in the order in which reports show them: the rewards, then the total."""
        return {**self.rewards, TOTAL: self.total}


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
    end that rare losses which no question showed leave possible, if that is lower; ``reach`` is the most that one
    question can lose, ``unseen`` the share of questions that may lose or gain it without one that shows it, and HELD of
    no change at all needs more than ``held_above`` questions (None for a margin of 0). ``p`` is two-sided by ``test``
    (McNemar's mid-p where the scores are single 0/1 ones, ``p_exact`` beside it); ``p_holm`` is adjusted over the
    rewards (the total is a test of its own), ``p_models`` over the models. ``fixed`` and ``broken`` count the questions
    whose mean rose and fell, ``both_right`` and ``both_wrong`` those whose mean is 1 and 0 in both, which means right
    and wrong unless the scores are ``graded``: others than 0 and 1. ``mde`` is the
    smallest change detectable with power 0.8 at that level. ``needed`` questions like these would make the margin
    detectable and exclude rare losses of it (None for a margin of 0). ``pairing`` is how many times wider the interval
    of an unpaired comparison would be. ``verdict`` is None where most values are missing.
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


@dataclass(frozen=True)
class Pair:
    """A base and a tuned model. ``primary`` names the task's primary metric: a reward, or :data:`TOTAL`.

    ``contributions`` are the parts of the total's change that each reward brought; they add up to it.
    ``changes`` are the questions whose primary mean changed, the worst loss first. ``hacking`` is None when
    nothing but the primary metric is rewarded; ``suspects`` are the ids of questions whose total rose while their
    primary metric fell. ``behaviour`` holds the changes of what the completions are like, by the names that
    :class:`ModelSummary` gives them: "cut", "unanswered", "tokens" and "repeated", as far as both models' are
    known. ``lengths`` is None where token counts are not known. ``alarms`` were raised while the tuned model trained.
    ``obstacles`` are what more questions would not mend. ``trained_for`` names the rewards that the tuned model was
    trained for, none where that is not known, and ``outside`` the measured ones that it was not trained for.
    ``choices`` say how its checkpoint was chosen, one per seed; ``lone_seed``: it is the only run of its recipe here,
    whose luck is then in no interval. ``looks``, ``subgroups`` and ``drift`` are None where they were not asked for.
    """

    base: str
    tuned: str
    primary: str
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
    behaviour: Mapping[str, Estimate] = field(default_factory=dict)
    lengths: Lengths | None = None
    alarms: tuple[Alarm, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    trained_for: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    lone_seed: bool = False
    looks: Looks | None = None
    subgroups: Subgroups | None = None
    drift: Drift | None = None

    def rows(self) -> dict[str, Difference]:
        """Return every metric by name, in the order in which reports show them: the rewards, then the total."""
        return {**self.rewards, TOTAL: self.total}

    @property
    def gain(self) -> Difference:
        """The change of the primary metric, which gives the verdict."""
        return self.rows()[self.primary]

    @property
    def verdict(self) -> Verdict | None:
        """What the interval of the primary metric's change says; None where most of its values are missing."""
        return self.gain.verdict

    @property
    def studied(self) -> bool:
        """True when nothing was measured, the primary metric included, that the tuned model was not trained for."""
        return bool(self.trained_for) and not self.outside

    @property
    def comparable(self) -> bool:
        """True when the manifests differ in nothing that matters."""
        return not self.mismatches


@dataclass(frozen=True)
class Comparison:
    """Models on one task, and each later model paired with the first one.

    ``primary`` names the metric that gives the verdicts: that of the first model's task. ``margin`` is the loss of it
    that still counts as held, of the ``margins`` that were asked for. The verdicts of all pairs together hold at
    ``level``; a change has its own, which is higher where several models share one base. ``noise`` is the first run's
    noise floor, None where it was not measured. ``obstacles`` are those of a model that is paired with none.
    """

    task: str
    primary: str
    margin: float
    margins: Margins
    level: float
    weights: Mapping[str, float]
    models: tuple[ModelSummary, ...]
    pairs: tuple[Pair, ...]
    noise: NoiseFloor | None
    obstacles: tuple[Obstacle, ...] = ()
    best_of: BestOf | None = None

    def model(self, name: str) -> ModelSummary:
        """Return the model of this name; names are different within a comparison."""
        return next(model for model in self.models if model.name == name)
