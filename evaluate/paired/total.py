"""What the weighted total is made of: each reward's part of it and of its change, at the run's weights or at any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..runs.manifest import MixRecord
from ..statistics.arrays import Booleans, Floats, Integers, renumber
from ..statistics.covariance import mean_covariance
from ..statistics.intervals import CONFIDENCE, t_value
from ..statistics.samples import Samples
from .difference import Design, paired_estimate
from .summary import TOTAL, Estimate
from .table import Table


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


def weighted(table: Table, weights: Mapping[str, float]) -> Samples:
    """Return ``Σ weight · value`` over some rewards; NaN where there is no total.

    A reward that does not apply counts as 0, as it does in the total.
    """
    total = table.values[TOTAL]
    sums: Floats = np.where(total.known, 0.0, np.nan)
    for reward, weight in weights.items():
        sums = sums + weight * table.parts[reward].values
    return total.having(sums)


def score_limits(mix: MixRecord, metric: str) -> Sequence[float] | None:
    """Return the lowest and highest value that a metric can have, None where a reward behind it declares none.

    The total's are the sums over its weighted rewards, each of which counts 0 where it does not apply.

    >>> mix = MixRecord("by hand", {"a": 2.0, "b": -1.0}, {}, {"a": [0.0, 1.0], "b": [0.0, 1.0]})
    >>> score_limits(mix, "a"), score_limits(mix, TOTAL)
    ([0.0, 1.0], [-1.0, 2.0])
    """
    if metric != TOTAL:
        return mix.ranges.get(metric)
    weighted = {reward: weight for reward, weight in mix.weights.items() if weight}
    if not weighted.keys() <= mix.ranges.keys():
        return None
    ends = [[0.0, *(weight * end for end in mix.ranges[reward])] for reward, weight in weighted.items()]
    return [sum(map(min, ends)), sum(map(max, ends))]


def contributions(base: Table, tuned: Table, weights: Mapping[str, float], design: Design) -> dict[str, Estimate]:
    """Return per reward ``weight · value`` of tuned minus base, with its paired interval.

    On the completions that have a total; where a reward does not apply it brings 0, as it does to the total. So
    the contributions add up to the change of the total. Rewards of weight 0 bring nothing and are left out.
    """
    return {
        reward: _scaled(paired_estimate(base.parts[reward], tuned.parts[reward], design), weight)
        for reward, weight in weights.items()
        if weight
    }


def _scaled(estimated: Estimate, weight: float) -> Estimate:
    """Return the estimate of ``weight`` times as much; a weight below 0 turns the interval round."""
    ends = [None if end is None else weight * end for end in (estimated.low, estimated.high)]
    low, high = ends if weight > 0 else ends[::-1]
    return replace(estimated, mean=None if estimated.mean is None else weight * estimated.mean, low=low, high=high)


def model_per_weight(table: Table) -> PerWeight | None:
    """Return a model's mean total per unit of weight; None where no completion has a total."""
    return _per_weight(table.statuses, _parts(table), table.clusters, CONFIDENCE)


def pair_per_weight(base: Table, tuned: Table, level: float) -> PerWeight | None:
    """Return the change of the mean total per unit of weight; None where no question has a total in both."""
    return _per_weight(base.statuses, _parts(tuned) - _parts(base), base.clusters, level)


def _parts(table: Table) -> Floats:
    """Return per question the mean of each reward, ``[questions, rewards]``; NaN where there is no total."""
    return np.stack([table.parts[reward].means() for reward in table.statuses], axis=1)


def _per_weight(rewards: Iterable[str], parts: Floats, clusters: Integers | None, level: float) -> PerWeight | None:
    known: Booleans = ~np.isnan(parts.sum(axis=1))
    if not known.any():
        return None
    covariance = mean_covariance(parts[known], renumber(clusters, known))
    return PerWeight(
        rewards=tuple(rewards),
        means=tuple(parts[known].mean(axis=0).tolist()),
        covariance=None if covariance is None else tuple(tuple(row) for row in covariance.matrix.tolist()),
        t=None if covariance is None else t_value(covariance.degrees, level),
        n=int(known.sum()),
    )
