"""Errors and intervals of a mean over questions, independent or in clusters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .arrays import Floats, Integers
from .clusters import cluster_degrees, cluster_sizes, clustered_error, independent_units

CONFIDENCE = 0.95
"""The level of intervals, unless a comparison of several models or an early look asks for a higher one."""


class Interval(NamedTuple):
    """Both ends of an interval, and the name of its formula."""

    low: float
    high: float
    method: str


class Spread(NamedTuple):
    """Standard error of a mean with its degrees of freedom; the error is NaN for fewer than 2 independent units."""

    error: float
    degrees: float

    @property
    def known(self) -> bool:
        """True when there is an error above 0 (beyond rounding): equal values say nothing about it."""
        return self.error > 1e-12


def z_value(probability: float) -> float:
    """Return the quantile of the standard normal distribution.

    >>> round(z_value(0.975), 3)
    1.96
    """
    from scipy.special import ndtri

    return float(ndtri(probability))


def two_sided_z(level: float = CONFIDENCE) -> float:
    """Return how many standard errors a normal interval of this level reaches to either side.

    >>> round(two_sided_z(), 3), round(two_sided_z(0.99), 3)
    (1.96, 2.576)
    """
    return z_value((1 + level) / 2)


def t_value(degrees: float, level: float = CONFIDENCE) -> float:
    """Return how many standard errors an interval of this level reaches to either side, ``t_{(1+level)/2}``.

    >>> round(t_value(29), 3)
    2.045
    """
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + level) / 2))


def spread(values: Floats, clusters: Integers | None = None) -> Spread:
    """Return the standard error of the mean of one value per question.

    Independent questions: ``SE = sqrt(Var(s_i) / n)`` with ddof 1, and n - 1 degrees of freedom. Clusters
    c = 1..C: ``SE² = 1/N² · Σ_c (Σ_{i in c} (s_i - s̄))² / (1 - n_c/N)`` (cluster-robust, CR2) with the degrees of
    freedom of :func:`~grpokit.evaluate.statistics.clusters.cluster_degrees`. Equal clusters have the plain factor
    C/(C-1) and C - 1 (Miller, arXiv 2411.00640, section 2.2); with unequal ones those would be too narrow.

    >>> spread(np.array([0.0, 1.0, 0.0, 1.0])).error.__round__(4)
    0.2887
    >>> spread(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0, 1, 0, 1])).error.__round__(4)
    0.5
    """
    if clusters is None:
        n = len(values)
        return Spread(float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else math.nan, n - 1)
    return Spread(clustered_error(values, clusters), cluster_degrees(cluster_sizes(clusters)))


def macro_error(errors: Sequence[float]) -> float:
    """Return the standard error of the plain mean of T independent tasks: ``SE² = 1/T² · Σ SE_t²``.

    >>> macro_error([0.03, 0.04])
    0.025
    """
    return math.hypot(*errors) / len(errors)


def t_interval(mean: float, standard: Spread, clustered: bool = False, level: float = CONFIDENCE) -> Interval:
    """Return ``mean ± t · SE`` with the degrees of freedom of the error.

    >>> t_interval(0.5, Spread(0.1, 29)).low.__round__(4)
    0.2955
    """
    half = t_value(standard.degrees, level) * standard.error
    return Interval(mean - half, mean + half, "clustered t" if clustered else "t")


def wilson(share: float, n: float, level: float = CONFIDENCE) -> Interval:
    """Return Wilson's score interval of a share of n questions.

    ``(p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)`` (Wilson 1927, JASA 22:209).

    >>> [round(end, 3) for end in wilson(1.0, 30)[:2]]
    [0.886, 1.0]
    """
    z2 = two_sided_z(level) ** 2
    center = share + z2 / (2 * n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n)))
    scale = 1 + z2 / n
    return Interval(max(0.0, (center - half) / scale), min(1.0, (center + half) / scale), "Wilson")


def effective_wilson(share: float, standard: Spread, level: float = CONFIDENCE) -> Interval:
    """Return Wilson's interval over as many independent 0/1 scores as would have this error.

    ``n* = p(1-p)/SE² · (z/t)²``, t with the degrees of freedom of the error (Franco, Little, Louis and Slud 2019,
    J. Survey Statistics and Methodology 7:334; the factor after Korn and Graubard 1998).

    >>> [round(end, 3) for end in effective_wilson(0.9375, Spread(0.0408, 7))[:2]]
    [0.77, 0.985]
    """
    shrunk = two_sided_z(level) / t_value(standard.degrees, level)
    low, high, _ = wilson(share, share * (1 - share) / standard.error**2 * shrunk**2, level)
    return Interval(low, high, "Wilson, effective size")


def mean_interval(
    values: Floats, binary: bool, single: bool, clusters: Integers | None = None, level: float = CONFIDENCE
) -> Interval | None:
    """Return the interval of the mean of one value per question, None where the values hold no information on it.

    ``binary``: the scores behind the values are 0/1; ``single``: there is one score per question. Independent
    single 0/1 scores get Wilson's interval, all others the (clustered) t interval; where that leaves [0, 1], which
    no mean of 0/1 scores can, Wilson's over the effective number of questions. Values that are all equal have an
    error of 0, which is no interval: 0/1 scores get Wilson's over the independent units, graded ones None.

    >>> mean_interval(np.array([1.0] * 30), binary=True, single=True).method
    'Wilson'
    >>> mean_interval(np.array([0.7] * 30), binary=False, single=True) is None
    True
    """
    if not len(values):
        return None
    mean = float(values.mean())
    if binary and single and clusters is None:
        return wilson(mean, len(values), level)
    standard = spread(values, clusters)
    if standard.known:
        interval = t_interval(mean, standard, clusters is not None, level)
        outside = binary and (interval.low < 0 or interval.high > 1)
        return effective_wilson(mean, standard, level) if outside else interval
    units = independent_units(len(values), clusters)
    return wilson(mean, units, level) if binary and (clusters is None or units > 1) else None
