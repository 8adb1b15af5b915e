"""How long the completions of two models are, in tokens: medians, and one histogram with shared bins."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import numpy as np

from ..statistics.arrays import Floats
from .table import Table

MOST_BINS = 30
"""Bins of equal width, at the most; what is far longer than the rest is in one more."""


@dataclass(frozen=True)
class LengthBin:
    """The shares of completions with ``low`` to ``high`` tokens, both ends included; ``high`` is None for "or more"."""

    low: int
    high: int | None
    base_share: float
    tuned_share: float


@dataclass(frozen=True)
class Lengths:
    """How long the completions of both models are, in tokens: their medians and one histogram with shared bins."""

    base_median: float
    tuned_median: float
    bins: tuple[LengthBin, ...]


def lengths(base: Table, tuned: Table) -> Lengths | None:
    """Return the lengths of both models' completions; None where the tokens of one are not known."""
    left, right = _known(base), _known(tuned)
    if left is None or right is None:
        return None
    edges = length_edges(np.concatenate((left, right)))
    shares = zip(_shares(left, edges), _shares(right, edges), strict=True)
    bins = [
        LengthBin(int(low), None if np.isinf(high) else int(high) - 1, before, after)
        for low, high, (before, after) in zip(edges[:-1], edges[1:], shares, strict=True)
    ]
    return Lengths(float(np.median(left)), float(np.median(right)), tuple(bins))


def _known(table: Table) -> Floats | None:
    return table.tokens.values if table.tokens.known.all() else None


def length_edges(tokens: Floats) -> Floats:
    """Return the edges of bins for whole numbers: each bin holds those from its edge up to before the next edge.

    The bins are of one round width (1, 2, 5, 10, ...) and at most :data:`MOST_BINS`. Lengths beyond the far-out fence
    of a box plot, the upper quartile and three times the distance of the quartiles (Tukey 1977, Exploratory Data
    Analysis, chapter 2), fall into a last bin without an end, so that a few runaways do not flatten all the rest.

    >>> length_edges(np.array([3.0, 4.0, 4.0, 6.0]))
    array([3., 4., 5., 6., 7.])
    >>> length_edges(np.array([10.0] * 50 + [30.0] * 50 + [2048.0]))[-3:]
    array([90., 95., inf])
    """
    low, high = tokens.min(), tokens.max()
    if high - low < MOST_BINS:
        return np.arange(low, high + 2)
    lower, upper = np.quantile(tokens, (0.25, 0.75))
    fence = min(high, upper + 3 * (upper - lower))
    widths = (digit * 10**power for power in count() for digit in (1, 2, 5))
    width = next(width for width in widths if fence // width - low // width < MOST_BINS)
    edges = np.arange(low // width, fence // width + 2) * width
    return edges if high < edges[-1] else np.append(edges, np.inf)


def _shares(tokens: Floats, edges: Floats) -> list[float]:
    shares: list[float] = (np.histogram(tokens, edges)[0] / len(tokens)).tolist()
    return shares
