"""Losses so rare that no question, or only a few, may show them: what a number of questions cannot exclude."""

from __future__ import annotations

import math

from .arrays import Floats, Integers
from .clusters import cluster_sums
from .intervals import CONFIDENCE, Spread, t_value, two_sided_z


def rare_loss(units: float, reach: float, level: float = CONFIDENCE) -> float:
    """Return the loss of the mean that ``units`` independent questions cannot exclude although none shows it.

    ``reach · z² / (units + z²)``: the share of questions that may lose everything unseen, times the most that one can
    lose, ``reach``. It is Tango's bound where no pair is discordant (1998, Statistics in Medicine 17:891). A t interval
    does not see such losses: its error is estimated from the questions that were drawn.

    >>> round(rare_loss(100, reach=1.0), 3)
    0.037
    """
    z2 = two_sided_z(level) ** 2
    return reach * z2 / (units + z2)


def skewed_loss(
    changes: Floats, standard: Spread, clusters: Integers | None = None, level: float = CONFIDENCE
) -> float:
    """Return how far below their mean the true mean of ``changes`` may lie, where a few of them lose much.

    The δ for which ``δ² = t² (SE² + κ δ)``, ``κ = -Σ u³ / (N Σ u²)`` of the deviations u from the mean (with clusters
    their sums) and 0 for a longer tail of gains: the further down the true mean, the more of such losses there are, and
    the larger is the error. It is the score interval of scores whose shape is the one seen: Wilson's, where some lose 1
    and others nothing, and ``t SE`` where the changes are symmetric. A t interval takes the error of the losses that
    happened to be drawn: where 2 % of the questions lose everything, it excludes a loss of 2 % in .10 of samples of
    400, this in .014. ``standard`` is the error of the mean; 0 where there is none.

    >>> import numpy as np
    >>> from .intervals import spread
    >>> few = np.array([-1.0] * 3 + [0.0] * 397)
    >>> round(skewed_loss(few, spread(few)), 4), round(skewed_loss(-few, spread(few)), 4)
    (0.0145, 0.0085)
    """
    if not standard.known:
        return 0.0
    t2 = t_value(standard.degrees, level) ** 2
    deviations = changes - changes.mean()
    sums = deviations if clusters is None else cluster_sums(deviations, clusters)
    squares = float(sums @ sums)
    tail = max(0.0, -float((sums**3).sum()) / (len(changes) * squares)) if squares else 0.0
    return (t2 * tail + math.sqrt((t2 * tail) ** 2 + 4 * t2 * standard.error**2)) / 2


def units_to_exclude(loss: float, reach: float, level: float = CONFIDENCE) -> float:
    """Return how many independent questions must be exceeded for :func:`rare_loss` to be below ``loss`` (above 0).

    ``z² · (reach / loss - 1)``

    >>> round(units_to_exclude(0.02, reach=1.0), 1)
    188.2
    """
    return max(0.0, two_sided_z(level) ** 2 * (reach / loss - 1))
