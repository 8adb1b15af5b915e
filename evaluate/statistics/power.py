"""How many questions are enough, and which change a given number can show."""

from __future__ import annotations

from ...errors import GrpokitError
from .intervals import CONFIDENCE, t_value, two_sided_z, z_value

POWER = 0.8


def smallest_detectable(error: float, degrees: float, level: float = CONFIDENCE) -> float:
    """Return the change that a two-sided test finds with power 0.8.

    ``(t_{1-α/2} + t_{1-β}) · SE``, t with the error's degrees of freedom and 1-α the level; 2.802 · SE where there are
    many units. With the noncentral t the factor of five units is 3.76 instead of 3.72.

    >>> [round(smallest_detectable(1.0, degrees), 2) for degrees in (4, 9, 99)]
    [3.72, 3.15, 2.83]
    """
    return (t_value(degrees, level) + t_value(degrees, 2 * POWER - 1)) * error


def questions_needed(variance: float, change: float, level: float = CONFIDENCE) -> int:
    """Return the number of questions that shows ``change`` with power 0.8, rounded.

    ``n = (z_{1-α/2} + z_{1-β})² · V / δ²`` with V the variance of one question's difference, for K samples
    ``ω² + σ²_A/K + σ²_B/K`` (Miller, arXiv 2411.00640, section 5).

    >>> questions_needed(1 / 9 + (1 / 6 + 1 / 6) / 4, 0.03)
    1696
    """
    if not change:
        raise GrpokitError("change=0: no number of questions shows a change of nothing; give one such as 0.02.")
    return max(1, round(variance * ((two_sided_z(level) + z_value(POWER)) / change) ** 2))
