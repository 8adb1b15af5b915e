"""Types of the arrays that the statistics work on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Scores, or one number per question; NaN where there is none."""

Integers = NDArray[np.int64]
"""Counts, or cluster numbers from 0, one per question."""

Booleans = NDArray[np.bool_]


def renumber(clusters: Integers | None, kept: Booleans) -> Integers | None:
    """Return the clusters of the questions that are kept, numbered from 0 without gaps; None without clusters.

    >>> renumber(np.array([0, 1, 2, 2]), np.array([True, False, True, True]))
    array([0, 1, 1])
    """
    return None if clusters is None else np.unique(clusters[kept], return_inverse=True)[1].astype(np.int64)


def is_binary(scores: Floats) -> bool:
    """Return whether all scores are 0 or 1 (NaN left out, and at least one is known)."""
    known = scores[~np.isnan(scores)]
    return bool(known.size and ((known == 0) | (known == 1)).all())
