"""The comparison of runs as a frozen value: every report is a view of it and computes nothing.

Means are over questions: the samples of a question are averaged first. Intervals of means are 95 %, those of a pair's
changes as its ``level`` says. A number is None where it does not exist: no question had a value, or the scores do not
vary and so say nothing about their error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .alarms import Alarm
from .change import CurveDifference, Difference, Factor, HackingCheck, QuestionChange, Verdict
from .doubts import Mismatch, NoiseFloor, Obstacle
from .looks import Looks
from .margins import Margins
from .summary import TOTAL, Estimate, ModelSummary

if TYPE_CHECKING:  # these compute with arrays, which the values do without
    from .choice import BestOf, Choice
    from .drift import Drift
    from .lengths import Lengths
    from .subgroups import Subgroups
    from .total import PerWeight


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
    changes: tuple[QuestionChange, ...]
    hacking: HackingCheck | None
    suspects: tuple[str, ...]
    behaviour: Mapping[str, Estimate] = field(default_factory=dict)
    factors: tuple[Factor, ...] = ()
    curves: tuple[CurveDifference, ...] = ()
    per_weight: PerWeight | None = None
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
    def risen(self) -> tuple[str, ...]:
        """The rewards that are surely higher: IMPROVED, and, beside the primary metric, Holm's p, if any, agrees."""
        return tuple(
            name
            for name, change in self.rewards.items()
            if change.verdict is Verdict.IMPROVED
            and (name == self.primary or change.p_holm is None or change.p_holm <= 1 - change.level)
        )

    @property
    def fallen(self) -> tuple[str, ...]:
        """The rewards beside the primary metric that are surely lower: REGRESSED, and Holm's p, if any, agrees."""
        return tuple(
            name
            for name, change in self.rewards.items()
            if name != self.primary
            and change.verdict is Verdict.REGRESSED
            and (change.p_holm is None or change.p_holm <= 1 - change.level)
        )

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
