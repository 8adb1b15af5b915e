"""Questions that hang together: the error of a mean over clusters of any sizes, and how much information they hold."""

from __future__ import annotations

import math

import numpy as np

from .arrays import Floats, Integers


def cluster_sizes(clusters: Integers) -> Integers:
    """Return how many questions each cluster has, in the order of their numbers; numbers without any are left out.

    >>> cluster_sizes(np.array([0, 2, 2])).tolist()
    [1, 2]
    """
    sizes = np.bincount(clusters)
    return sizes[sizes > 0].astype(np.int64)


def cluster_sums(values: Floats, clusters: Integers) -> Floats:
    """Return the sum of each cluster's values, scaled so that their squares make the error of the mean without bias.

    ``u_c = Σ_{i in c} v_i / sqrt(1 - n_c/N)``: the correction CR2 of Bell and McCaffrey (2002, Survey Methodology
    28:169), which for a mean is a factor per cluster. With deviations v from the mean, ``SE² = Σ u_c² / N²``.

    >>> cluster_sums(np.array([1.0, 0.0, -1.0, 0.0]), np.array([0, 0, 1, 1])).round(4).tolist()
    [1.4142, -1.4142]
    """
    numbers = np.unique(clusters, return_inverse=True)[1]
    sizes, sums = np.bincount(numbers), np.bincount(numbers, weights=values).astype(np.float64)
    return sums if len(sizes) < 2 else sums / np.sqrt(1 - sizes / len(values))


def cluster_degrees(sizes: Integers) -> float:
    """Return the degrees of freedom of the error that :func:`cluster_sums` makes, by Bell and McCaffrey.

    ``ν = (Σ λ)² / Σ λ²``, λ the eigenvalues of the error as a quadratic form of independent scores; for a mean, with
    ``w_c = n_c² / (1 - n_c/N)``, ``ν = N² / (Σ n_c² + ((Σ w_c)² - Σ w_c²) / N²)``. Equal sizes give C - 1, unequal
    ones less, down to 1.

    >>> round(cluster_degrees(np.array([10, 10, 10, 10, 10])), 9), round(cluster_degrees(np.array([46, 1, 1, 1, 1])), 2)
    (4.0, 1.13)
    """
    if len(sizes) < 2:
        return 0.0
    n = sizes.sum()
    weights = sizes**2 / (1 - sizes / n)
    across = (weights.sum() ** 2 - weights @ weights) / n**2
    return float(n**2 / (sizes @ sizes + across))


def count_clusters(clusters: Integers | None) -> int | None:
    """Return how many clusters there are, None where there are none.

    >>> count_clusters(np.array([0, 0, 1])), count_clusters(None)
    (2, None)
    """
    return None if clusters is None else len(cluster_sizes(clusters))


def independent_units(questions: int, clusters: Integers | None = None) -> float:
    """Return how many independent questions hold as much: their number, or ``(Σ n_c)² / Σ n_c²`` for clusters.

    >>> independent_units(4), independent_units(4, np.array([0, 0, 1, 1])), independent_units(4, np.array([0, 0, 0, 1]))
    (4.0, 2.0, 1.6)
    """
    if clusters is None:
        return float(questions)
    sizes = cluster_sizes(clusters)
    return float(sizes.sum() ** 2 / (sizes @ sizes)) if len(sizes) else 0.0


def clustered_error(values: Floats, clusters: Integers) -> float:
    """Return the standard error of the mean of one value per question; NaN for fewer than two clusters."""
    sums = cluster_sums(values - values.mean(), clusters)
    return math.sqrt(float(sums @ sums)) / len(values) if len(sums) > 1 else math.nan
