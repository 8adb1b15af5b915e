"""Looking at the data while they grow: at which looks, and how strict each must be so that all together err seldom.

A test that is made again and again at the level of a single one errs far more often than it says: five looks at 1.96
standard errors find a change that is not there in 17 % of evaluations. Here the error is spent: little of it early,
most of it at the end, where nearly all of the power is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

import numpy as np

from ...errors import GrpokitError
from .arrays import Floats
from .intervals import z_value

LOOKS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""The shares of all questions after which the data are looked at."""

FEWEST = 50
"""No look has fewer questions than this: the formulas of an interval are for that many or more."""

ERROR = 0.025
"""What may be spent in all on calling a model better that is not; as much on calling one worse."""

_NODES = 128
_FAR = 8.0
"""Standard errors beyond which nothing is left of a normal distribution."""


class PlannedLook(NamedTuple):
    """A look at the first ``units`` clusters (or questions that are in none), with its critical value ``z``."""

    units: int
    z: float


def spent(share: float, comparisons: int = 1) -> float:
    """Return the error that may be spent by the time that this share of the data is seen: ``0.025 · t²``.

    The spending function of Kim and DeMets (1987, Biometrika 74:149) with power 2. Several ``comparisons`` with one
    base share the error.

    >>> spent(0.5), spent(1.0), spent(1.0, comparisons=5)
    (0.00625, 0.025, 0.005)
    """
    return ERROR / comparisons * share**2


@lru_cache(maxsize=64)
def critical_values(shares: tuple[float, ...], comparisons: int = 1) -> tuple[float, ...]:
    """Return for looks after these shares of the data the values that a standardised mean must pass.

    ``P(Z_1 < z_1, …, Z_{k-1} < z_{k-1}, Z_k ≥ z_k) = spent(t_k) - spent(t_{k-1})`` where the Z are jointly normal with
    correlation ``sqrt(t_i / t_j)``, which is the recursion of Armitage, McPherson and Rowe (1969, J. R. Statist. Soc. A
    132:235), integrated numerically. Each side is held apart: the same value with a minus is the other side's. The
    values are right to three decimals.

    Raises :class:`GrpokitError` for shares that do not rise up to 1.

    >>> [round(z, 3) for z in critical_values((1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0))]
    [3.725, 3.421, 3.02, 2.563, 2.023]
    >>> [round(z, 3) for z in critical_values((1 / 8, 1 / 4, 1 / 2, 1.0))]
    [3.359, 3.017, 2.562, 2.023]
    >>> round(critical_values((1.0,))[0], 3)
    1.96
    """
    if not shares or shares[-1] != 1 or not all(a < b for a, b in pairwise((0.0, *shares))):
        raise GrpokitError(f"looks at {shares}: give shares of the data that rise from above 0 to 1, such as 0.5, 1.0.")
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    values = [z_value(1 - spent(shares[0], comparisons))]
    places, masses = _grid(nodes, weights, shares[0], values[0])
    masses = masses * np.exp(-(places**2) / (2 * shares[0])) / sqrt(2 * np.pi * shares[0])
    for before, share in pairwise(shares):
        step = sqrt(share - before)
        wanted = spent(share, comparisons) - spent(before, comparisons)
        values.append(_crossed(places, masses, step, sqrt(share), wanted))
        following, widths = _grid(nodes, weights, share, values[-1])
        steps = (following[:, None] - places) / step
        density = np.exp(-(steps**2) / 2) @ masses / (step * sqrt(2 * np.pi))
        places, masses = following, widths * density
    return tuple(values)


def _grid(nodes: Floats, weights: Floats, share: float, z: float) -> tuple[Floats, Floats]:
    """Return the places below a boundary, and their weights, that a sum over the share is integrated over."""
    low, high = -_FAR * sqrt(share), z * sqrt(share)
    return (low + high) / 2 + (high - low) / 2 * nodes, (high - low) / 2 * weights


def _crossed(places: Floats, masses: Floats, step: float, scale: float, wanted: float) -> float:
    """Return the boundary, in units of ``scale``, that what has not crossed before crosses now with this chance."""
    from scipy.special import ndtr

    low, high = 0.0, _FAR
    for _ in range(50):
        middle = (low + high) / 2
        chance = float(ndtr((places - middle * scale) / step) @ masses)
        low, high = (middle, high) if chance > wanted else (low, middle)
    return (low + high) / 2


def planned_looks(sizes: Sequence[int], comparisons: int = 1) -> list[PlannedLook]:
    """Return the looks at clusters of these sizes, in the order in which they are asked (1 where there are none).

    After a 1/16, 1/8, 1/4, 1/2 and all of the clusters, without those of fewer than 50 questions; the critical values
    are those of the looks left. A look is shared by the whole of a cluster.

    >>> [(look.units, round(look.z, 3)) for look in planned_looks([1] * 500)]
    [(63, 3.359), (125, 3.017), (250, 2.562), (500, 2.023)]
    >>> [(look.units, round(look.z, 2)) for look in planned_looks([1] * 60)]
    [(60, 1.96)]
    """
    asked = np.cumsum(sizes)
    shares = {-int(-share * len(sizes) // 1): share for share in LOOKS}  # of looks at the same clusters the last one
    kept = {units: share for units, share in shares.items() if share == 1 or asked[units - 1] >= FEWEST}
    return [PlannedLook(*look) for look in zip(kept, critical_values(tuple(kept.values()), comparisons), strict=True)]


def confidence(z: float) -> float:
    """Return the confidence of an interval that reaches ``z`` standard errors to both sides.

    >>> round(confidence(1.959964), 4)
    0.95
    """
    from scipy.special import ndtr

    return float(2 * ndtr(z) - 1)
