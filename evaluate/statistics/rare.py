"""Losses so rare that no question may show them: what a number of questions cannot exclude, however alike they look."""

from __future__ import annotations

from .intervals import CONFIDENCE, two_sided_z


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


def units_to_exclude(loss: float, reach: float, level: float = CONFIDENCE) -> float:
    """Return how many independent questions must be exceeded for :func:`rare_loss` to be below ``loss`` (above 0).

    ``z² · (reach / loss - 1)``

    >>> round(units_to_exclude(0.02, reach=1.0), 1)
    188.2
    """
    return max(0.0, two_sided_z(level) ** 2 * (reach / loss - 1))
