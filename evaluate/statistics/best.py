"""The best of several, judged by the scores that chose it: how far its noise lifts it."""

from __future__ import annotations

import math

import numpy as np

from ...errors import GrpokitError
from .arrays import Floats, Integers
from .intervals import spread


def expected_maximum(count: int) -> float:
    """Return the expected largest of ``count`` independent standard normal values, ``∫ x · m · φ(x) · Φ(x)^(m-1) dx``.

    It is 0.564 for 2, 1.539 for 10 and 1.867 for 20 (Harter 1961, Biometrika 48:151). Raises :class:`GrpokitError` for
    none.

    >>> [round(expected_maximum(count), 3) for count in (1, 2, 10, 20)]
    [0.0, 0.564, 1.539, 1.867]
    """
    from scipy.special import ndtr

    if count < 1:
        raise GrpokitError(f"count={count}: the largest of no values is none; give at least 1.")
    x = np.linspace(-10.0, 10.0, 20_001)
    density = count * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) * ndtr(x) ** (count - 1)
    return float(np.trapezoid(x * density, x)) if count > 1 else 0.0


def flattery(scores: Floats, clusters: Integers | None = None) -> float:
    """Return by how much the best mean of scores ``[questions, m]`` is expected to exceed what it stands for.

    ``E[max of m] · sqrt(MS_rest / n)``: that is the expected maximum of m normal noises that are equally correlated,
    since ``E[max] = σ · sqrt(1-ρ) · E[max of m independent ones]`` (Owen and Steck 1962, Ann. Math. Statist. 33:1286)
    and ``MS_rest / n``, half the mean variance of the difference of two columns' means, estimates σ²(1-ρ); with
    clusters it is the clustered one. It holds where the m are truly alike; where one is better by much more than the
    noise, the best is flattered by less, and by a tenth less where neighbours share more than others (20 checkpoints,
    each with .8 of the last one's answers). Fewer than two columns, or than two questions (clusters), give 0.

    >>> scores = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    >>> round(flattery(scores), 3)
    0.191
    """
    if min(scores.shape) < 2:
        return 0.0
    rest = scores - scores.mean(axis=1, keepdims=True)
    errors = [spread(column, clusters).error for column in rest.T]
    variance = sum(error**2 for error in errors) / (len(errors) - 1)
    return expected_maximum(len(errors)) * math.sqrt(variance) if math.isfinite(variance) else 0.0
