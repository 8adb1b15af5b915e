"""How many questions are enough, and which change a given number can show."""

from __future__ import annotations

from ...errors import GrpokitError
from .intervals import z_value

ALPHA = 0.05
POWER = 0.8


def smallest_detectable(error: float) -> float:
    """Return the change that a two-sided test at alpha 0.05 finds with power 0.8.

    ``(z_{1-α/2} + z_{1-β}) · SE = 2.802 · SE``

    >>> round(smallest_detectable(1.0), 3)
    2.802
    """
    return (z_value(1 - ALPHA / 2) + z_value(POWER)) * error


def questions_needed(variance: float, change: float) -> int:
    """Return the number of questions that shows ``change`` with power 0.8 at alpha 0.05, rounded.

    ``n = (z_{1-α/2} + z_{1-β})² · V / δ²`` with V the variance of one question's difference, for K samples
    ``ω² + σ²_A/K + σ²_B/K`` (Miller, arXiv 2411.00640, section 5).

    >>> questions_needed(1 / 9 + (1 / 6 + 1 / 6) / 4, 0.03)
    1696
    """
    if not change:
        raise GrpokitError("change=0: no number of questions shows a change of nothing; give one such as 0.02.")
    return max(1, round(variance * (smallest_detectable(1.0) / change) ** 2))
