"""How the means of several rewards vary together: what the error of any weighted sum of them follows from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .arrays import Floats, Integers
from .clusters import cluster_degrees, cluster_sizes, cluster_sums


class Covariance(NamedTuple):
    """Covariance matrix of the means of several columns, with its degrees of freedom."""

    matrix: Floats
    degrees: float


def mean_covariance(values: Floats, clusters: Integers | None = None) -> Covariance | None:
    """Return the covariance of the column means of ``values [questions, columns]``; None below 2 independent units.

    ``C = Σ_i (x_i - x̄)(x_i - x̄)ᵀ / ((n-1) n)``; with clusters c over N questions ``1/N² · Σ_c u_c u_cᵀ``, u_c the
    sums of :func:`~grpokit.evaluate.statistics.clusters.cluster_sums`. So ``wᵀ C w`` is the squared error
    that :func:`~grpokit.evaluate.statistics.intervals.spread` gives of the sums ``values @ w``.

    >>> mean_covariance(np.array([[0.0, 1.0], [2.0, 1.0]])).matrix.tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    n = len(values)
    if n < 2:
        return None
    deviations = values - values.mean(axis=0)
    if clusters is None:
        return Covariance(deviations.T @ deviations / ((n - 1) * n), n - 1)
    degrees = cluster_degrees(cluster_sizes(clusters))
    if not degrees:
        return None
    sums = np.stack([cluster_sums(column, clusters) for column in deviations.T], axis=1)
    return Covariance(sums.T @ sums / n**2, degrees)
