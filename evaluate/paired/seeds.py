"""What arms of several training seeds say: means, changes and verdicts that hold over questions and over seeds.

Everything here rests on the questions' means in each run of an arm, ``[questions, seeds]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..runs.manifest import MixRecord
from ..statistics.arrays import Booleans, Floats, Integers, is_binary, renumber
from ..statistics.clusters import count_clusters, independent_units
from ..statistics.intervals import CONFIDENCE, Interval, Spread, t_interval
from ..statistics.paired import difference_interval
from ..statistics.power import smallest_detectable
from ..statistics.rare import rare_loss, skewed_loss
from ..statistics.samples import Samples
from ..statistics.seeds import crossed_spread
from .arms import SeedMean, Seeds
from .behaviour import NO_UNITS, behaviour
from .change import Difference, HackingCheck, QuestionChange
from .difference import least_above, score_range, summary, within
from .doubts import MOST, MissingValues
from .hacking import judge_hacking, weights_beside
from .summary import TOTAL, Estimate, ModelSummary, RewardSummary
from .table import Table
from .total import score_limits, weighted
from .verdict import Evidence, decide

OVER = "t over questions and seeds"


@dataclass(frozen=True)
class ArmScores:
    """The questions' means of an arm's runs, ``[questions, seeds]``, NaN where there is none.

    ``graded`` names those with other scores than 0 and 1. ``metrics`` holds the rewards and the total, ``parts`` what
    each weighted reward brings to the total, ``beside`` the total without the primary metric (by the rewards it
    consists of), ``behaviour`` what the completions are like.
    """

    ids: tuple[str, ...]
    clusters: Integers | None
    primary: str
    graded: frozenset[str]
    metrics: Mapping[str, Floats]
    parts: Mapping[str, Floats]
    beside: Mapping[str, Floats]
    behaviour: Mapping[str, Floats]

    @classmethod
    def read(cls, table: Table, weights: Mapping[str, float]) -> ArmScores:
        """Return the means of one run, an arm of one seed."""
        beside = weights_beside(table, weights)
        return cls(
            table.ids,
            table.clusters,
            table.primary,
            frozenset(name for name, samples in table.values.items() if not is_binary(samples.values)),
            _columns(table.values),
            _columns({name: weighted(table, {name: weight}) for name, weight in weights.items() if weight}),
            _columns({", ".join(beside): weighted(table, beside)} if beside else {}),
            _columns(behaviour(table)),
        )

    @classmethod
    def joined(cls, runs: Sequence[ArmScores]) -> ArmScores:
        """Put runs side by side, as far as all of them have something of a name; their questions are in one order."""
        first = runs[0]
        return cls(
            first.ids,
            first.clusters,
            first.primary,
            frozenset().union(*(one.graded for one in runs)),
            _stacked([one.metrics for one in runs]),
            _stacked([one.parts for one in runs]),
            _stacked([one.beside for one in runs]),
            _stacked([one.behaviour for one in runs]),
        )


def _columns(values: Mapping[str, Samples]) -> dict[str, Floats]:
    return {name: samples.means()[:, None] for name, samples in values.items()}


def _stacked(columns: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    shared = [name for name in columns[0] if all(name in column for column in columns)]
    return {name: np.concatenate([column[name] for column in columns], axis=1) for name in shared}


@dataclass(frozen=True)
class ArmChange:
    """Tuned minus base on the questions that every run has a value for: which these are, and the error of the mean."""

    kept: Booleans
    base: Floats
    tuned: Floats
    clusters: Integers | None
    level: float
    spread: Spread

    @classmethod
    def of(cls, base: Floats, tuned: Floats, clusters: Integers | None, level: float) -> ArmChange:
        """Pair means ``[questions, seeds]`` whose questions are in the same order, to be judged at ``level``."""
        kept: Booleans = ~np.isnan(base.sum(axis=1) + tuned.sum(axis=1))
        groups = renumber(clusters, kept)
        return cls(
            kept,
            base[kept].mean(axis=1),
            tuned[kept].mean(axis=1),
            groups,
            level,
            crossed_spread(base[kept], tuned[kept], groups, level) if kept.any() else Spread(np.nan, 0),
        )

    @property
    def changes(self) -> Floats:
        """The change of each question's mean; equal means that were summed in another order have none."""
        changes: Floats = self.tuned - self.base
        return np.where(np.abs(changes) < 1e-12, 0.0, changes)

    def interval(self, reach: float) -> Interval | None:
        """Return the interval of the mean change; where nothing varies, that of the questions alone."""
        if self.spread.known:
            return t_interval(float(self.changes.mean()), self.spread, level=self.level)._replace(method=OVER)
        return difference_interval(self.changes, reach, self.clusters, self.level)

    def p(self) -> float | None:
        """Return the two-sided p value that goes with the interval."""
        from scipy.special import stdtr

        if not self.spread.known:
            return None
        return float(2 * stdtr(self.spread.degrees, -abs(float(self.changes.mean())) / self.spread.error))

    def estimate(self, reach: float) -> Estimate:
        """Return the mean change with its interval."""
        return summary(self.changes, self.interval(reach))


def arm_difference(
    base: Floats,
    tuned: Floats,
    clusters: Integers | None,
    margin: float,
    level: float,
    limits: Sequence[float] | None,
    graded: bool,
) -> Difference:
    """Return tuned minus base of means ``[questions, seeds]``, with an interval that holds over questions and seeds.

    The interval alone decides, as its p value is its own: signs of questions cannot be flipped for seeds. ``needed`` is
    None, since questions do not make up for seeds.
    """
    change = ArmChange.of(base, tuned, clusters, level)
    reach = score_range(np.concatenate((base.ravel(), tuned.ravel())), limits)
    estimated = change.estimate(reach)
    unseen = rare_loss(independent_units(estimated.n, change.clusters), 1.0, level)
    rare = max(reach * unseen, skewed_loss(change.changes, change.spread, change.clusters, level))
    floor = (estimated.mean or 0.0) - rare
    interval, p, changes = change.interval(reach), change.p(), change.changes
    return Difference(
        delta=estimated.mean,
        low=estimated.low,
        high=estimated.high,
        n=estimated.n,
        dropped=len(change.kept) - estimated.n,
        p=p,
        p_holm=p,
        test=OVER,
        method=estimated.method,
        fixed=int((changes > 0).sum()),
        broken=int((changes < 0).sum()),
        both_right=int(((change.base == 1) & (change.tuned == 1)).sum()),
        both_wrong=int(((change.base == 0) & (change.tuned == 0)).sum()),
        mde=smallest_detectable(*change.spread, level) if change.spread.known else None,
        needed=None,
        verdict=decide(Evidence(interval, None, floor, estimated.n), margin, level),
        pairing=None,
        variance=None,
        level=level,
        margin=margin,
        low_held=None if interval is None else min(interval.low, floor),
        graded=graded,
        reach=reach,
        unseen=unseen,
        held_above=least_above(changes, change.clusters, reach, margin, level),
        clusters=count_clusters(change.clusters),
        p_exact=None,
        p_models=p,
    )


def arm_summary(
    name: str, models: Mapping[str, ModelSummary], scores: ArmScores, ranges: Mapping[str, Sequence[float]]
) -> ModelSummary:
    """Put the summaries of an arm's runs together: counts add up, means hold over questions and seeds.

    ``models`` are those of the runs, by their labels. An arm has no curves (k samples are of one model) and no total
    per unit of weight.
    """
    runs = list(models.values())
    first = runs[0]

    def whole(metric: str) -> RewardSummary:
        counts: dict[str, int] = {}
        for model in runs:
            for status, count in model.rows()[metric].counts.items():
                counts[status] = counts.get(status, 0) + count
        estimated = _mean(scores.metrics[metric], scores.clusters)
        return RewardSummary(within(estimated, ranges.get(metric)), counts, metric in scores.graded)

    means = scores.metrics[scores.primary]
    known = means[~np.isnan(means).any(axis=1)].mean(axis=0) if means.size else np.empty(0)
    return replace(
        first,
        name=name,
        weights=", ".join(model.weights for model in runs),
        prompts=min(model.prompts for model in runs),
        samples=sum(model.samples for model in runs),
        rewards={reward: whole(reward) for reward in first.rewards},
        total=whole(TOTAL),
        cut=_average([model.cut for model in runs]),
        unanswered=_average([model.unanswered for model in runs]),
        tokens=_average([model.tokens for model in runs]),
        repeated=_average([model.repeated for model in runs]),
        distinct=_average([model.distinct for model in runs]),
        distinct_within=_average([model.distinct_within for model in runs]),
        constant=sum(model.constant for model in runs) / len(runs),
        refused=sum(model.refused for model in runs),
        curves=(),
        per_weight=None,
        proxy=next((_mean(beside, scores.clusters) for beside in scores.beside.values()), None),
        missing=_missing([model.missing for model in runs]),
        seeds=Seeds(
            tuple(SeedMean(label, model.rows()[scores.primary].estimate.mean) for label, model in models.items()),
            float(np.std(known, ddof=1)) if len(known) > 1 else None,
        ),
    )


def _mean(scores: Floats, clusters: Integers | None) -> Estimate:
    change = ArmChange.of(np.zeros((len(scores), 1)), scores, clusters, CONFIDENCE)
    interval = t_interval(float(change.tuned.mean()), change.spread) if change.spread.known else None
    return summary(change.tuned, None if interval is None else interval._replace(method=OVER))


def _average(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def _missing(all_missing: Sequence[MissingValues]) -> MissingValues:
    """Put together what is missing; rows are named in the first file alone."""
    counts: dict[str, int] = {}
    for missing in all_missing:
        for status, count in missing.counts.items():
            counts[status] = counts.get(status, 0) + count
    first = next((missing for missing in all_missing if missing.counts), all_missing[0])
    return first._replace(of=sum(missing.of for missing in all_missing), counts=counts)


@dataclass(frozen=True)
class ArmPair:
    """Two arms on the same questions, of which at least one has several seeds."""

    base: ArmScores
    tuned: ArmScores
    mix: MixRecord
    level: float

    def difference(self, metric: str, margin: float) -> Difference:
        """Return the change of one metric, without a verdict where most values of one arm are missing."""
        limits = score_limits(self.mix, metric)
        left, right = self.base.metrics[metric], self.tuned.metrics[metric]
        graded = metric in self.base.graded | self.tuned.graded
        change = arm_difference(left, right, self.base.clusters, margin, self.level, limits, graded)
        missing = max(float(np.isnan(means).mean()) for means in (left, right))
        return replace(change, verdict=None) if missing > MOST else change

    def contributions(self) -> dict[str, Estimate]:
        """Return per reward the change of what it brings to the total."""
        return self._estimates(self.base.parts, self.tuned.parts)

    def behaviour(self) -> dict[str, Estimate]:
        """Return the changes of what completions are like; a text is distinct beside others, which has no interval."""
        changes = self._estimates(self.base.behaviour, self.tuned.behaviour)
        if "distinct" in changes:
            changes["distinct"] = replace(changes["distinct"], low=None, high=None, method=NO_UNITS)
        return changes

    def hacking(self, gain: Difference) -> HackingCheck | None:
        """Judge the change of what is rewarded beside the primary metric."""
        for names, change in self._estimates(self.base.beside, self.tuned.beside).items():
            return judge_hacking(change, [names], gain, self.base.primary)
        return None

    def suspects(self) -> tuple[str, ...]:
        """Return the ids of the questions whose total rose while their primary metric fell."""
        total, primary = (self._moves(metric) for metric in (TOTAL, self.base.primary))
        return tuple(self.base.ids[at] for at in np.flatnonzero((total > 0) & (primary < 0)))

    def changes(self) -> tuple[QuestionChange, ...]:
        """Return the questions whose mean of the primary metric over the seeds changed, the worst loss first."""
        before, after = (side.metrics[side.primary].mean(axis=1) for side in (self.base, self.tuned))
        moved = np.flatnonzero(np.nan_to_num(self._moves(self.base.primary)))
        changes = [QuestionChange(self.base.ids[at], float(before[at]), float(after[at])) for at in moved]
        return tuple(sorted(changes, key=lambda change: change.delta))

    def _moves(self, metric: str) -> Floats:
        changes: Floats = self.tuned.metrics[metric].mean(axis=1) - self.base.metrics[metric].mean(axis=1)
        return np.where(np.abs(changes) < 1e-12, 0.0, changes)

    def _estimates(self, left: Mapping[str, Floats], right: Mapping[str, Floats]) -> dict[str, Estimate]:
        return {
            name: ArmChange.of(left[name], right[name], self.base.clusters, self.level).estimate(
                _seen_range(left[name], right[name])
            )
            for name in left
            if name in right
        }


def _seen_range(left: Floats, right: Floats) -> float:
    scores = np.concatenate((left.ravel(), right.ravel()))
    known = scores[~np.isnan(scores)]
    return float(np.ptp(known)) if known.size else 0.0
