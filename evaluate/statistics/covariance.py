"""How the means of several rewards vary together: what the error of any weighted sum of them follows from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .arrays import Floats, Integers


class Covariance(NamedTuple):
    """Covariance matrix of the means of several columns, with its degrees of freedom."""

    matrix: Floats
    degrees: int


def mean_covariance(values: Floats, clusters: Integers | None = None) -> Covariance | None:
    """Return the covariance of the column means of ``values [questions, columns]``; None below 2 independent units.

    ``C = Σ_i (x_i - x̄)(x_i - x̄)ᵀ / ((n-1) n)``; with clusters c = 1..C over N questions
    ``C/(C-1) · 1/N² · Σ_c s_c s_cᵀ``, s_c the sum of a cluster's deviations. So ``wᵀ C w`` is the squared error
    that :func:`~grpokit.evaluate.statistics.intervals.spread` gives of the sums ``values @ w``.

    >>> mean_covariance(np.array([[0.0, 1.0], [2.0, 1.0]])).matrix.tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    deviations, n = values - values.mean(axis=0) if len(values) else values, len(values)
    if clusters is not None:
        numbers = np.unique(clusters, return_inverse=True)[1]
        sums = [np.bincount(numbers, weights=column) for column in deviations.T]
        deviations = np.stack(sums, axis=1) if sums else deviations
    units = len(deviations)
    if units < 2:
        return None
    return Covariance(units / (units - 1) * (deviations.T @ deviations) / n**2, units - 1)
