"""What the total would be with other weights: its parts per unit of weight, so that a page can add them up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..statistics.arrays import Booleans, Floats, Integers, question_means
from ..statistics.covariance import mean_covariance
from ..statistics.intervals import t_value
from .comparison import PerWeight
from .contributions import weighted
from .difference import Design
from .table import Table


def model_per_weight(table: Table) -> PerWeight | None:
    """Return a model's mean total per unit of weight; None where no completion has a total."""
    return _per_weight(table.statuses, _parts(table), table.clusters)


def pair_per_weight(base: Table, tuned: Table) -> PerWeight | None:
    """Return the change of the mean total per unit of weight; None where no question has a total in both."""
    return _per_weight(base.statuses, _parts(tuned) - _parts(base), base.clusters)


def _parts(table: Table) -> Floats:
    """Return per question the mean of each reward, ``[questions, rewards]``; NaN where there is no total."""
    return np.stack([question_means(weighted(table, {reward: 1.0})) for reward in table.statuses], axis=1)


def _per_weight(rewards: Iterable[str], parts: Floats, clusters: Integers | None) -> PerWeight | None:
    known: Booleans = ~np.isnan(parts.sum(axis=1))
    if not known.any():
        return None
    found = mean_covariance(parts[known], Design(clusters, shared_noise=False).only(known))
    return PerWeight(
        rewards=tuple(rewards),
        means=tuple(parts[known].mean(axis=0).tolist()),
        covariance=None if found is None else tuple(tuple(row) for row in found.matrix.tolist()),
        t=None if found is None else t_value(found.degrees),
        n=int(known.sum()),
    )
