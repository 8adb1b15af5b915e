"""Do groups differ in their mean? A test by permuting their labels."""

from __future__ import annotations

import numpy as np

from .arrays import Floats, Integers

PERMUTATIONS = 4999


def between_groups(values: Floats, groups: Integers) -> float:
    """Return the sum of squares between groups, ``Σ_g n_g (x̄_g - x̄)²``.

    >>> between_groups(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 1]))
    1.0
    """
    sizes = np.bincount(groups)
    sums = np.bincount(groups, weights=values - values.mean())
    return float((sums[sizes > 0] ** 2 / sizes[sizes > 0]).sum())


def groups_differ(values: Floats, groups: Integers, clusters: Integers | None = None, seed: int = 0) -> float:
    """Return the p value of the permutation test that groups of questions have one mean.

    The statistic is :func:`between_groups`; ``p = (1 + #{T* ≥ T}) / (1 + 4999)`` over labels permuted from ``seed``.
    Where clusters are inside groups, whole clusters change their labels; where a cluster has several labels, these are
    permuted inside of each cluster. Exact where questions (clusters) are exchangeable if the groups do not matter (Good
    2005, Permutation, Parametric and Bootstrap Tests of Hypotheses, chapter 3); the sizes of the groups may differ.

    >>> groups_differ(np.array([0.0] * 8 + [1.0] * 8), np.arange(16) // 8) < 0.01
    True
    >>> groups_differ(np.array([0.0, 1.0] * 8), np.arange(16) // 8)
    1.0
    """
    draw = np.random.default_rng(seed)
    limit = between_groups(values, groups) * (1 - 1e-9)
    reached = sum(between_groups(values, _permuted(groups, clusters, draw)) >= limit for _ in range(PERMUTATIONS))
    return (1 + reached) / (1 + PERMUTATIONS)


def _permuted(groups: Integers, clusters: Integers | None, draw: np.random.Generator) -> Integers:
    if clusters is None:
        return draw.permutation(groups)
    first = np.unique(clusters, return_index=True)[1]
    if (groups[first][clusters] == groups).all():
        return draw.permutation(groups[first])[clusters]
    order = np.argsort(clusters, kind="stable")
    moved = np.empty_like(groups)
    moved[order] = groups[np.lexsort((draw.random(len(groups)), clusters))]
    return moved
