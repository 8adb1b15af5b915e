"""How many questions are enough, and which change a given number can show."""

from __future__ import annotations

import math

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


def questions_needed(questions: float, base: float, tuned: float, change: float, *, samples: float) -> int:
    """Return the number of questions that shows ``change`` with power 0.8 at alpha 0.05, rounded to the nearest.

    ``n = (z_{1-α/2} + z_{1-β})² (ω² + σ²_A/K + σ²_B/K) / δ²`` (Miller, arXiv 2411.00640, section 5):
    ``questions`` is ω², ``base`` and ``tuned`` are the variances σ² within a question, ``samples`` is K
    (``math.inf`` for the limit).

    >>> questions_needed(1 / 9, 1 / 6, 1 / 6, 0.03, samples=4)
    1696
    """
    if not change:
        raise GrpokitError("change=0: no number of questions shows a change of nothing; give one such as 0.02.")
    variance = questions + (base + tuned) / samples
    return max(1, round(smallest_detectable(math.sqrt(variance)) ** 2 / change**2))
