"""What GRPO could learn from groups of samples of one prompt: how often they all score alike, how far they spread."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .arrays import Booleans, Floats
from .passk import pass_all_k

_DIGITS = 9


def all_equal(totals: Floats, group: int) -> Floats:
    """Return the chance that a group drawn from a question's samples has equal totals, so no advantage.

    ``Σ_v C(m_v, G) / C(n, G)``, m_v of n samples having the value v: without bias for any G up to n.
    ``totals`` is ``[questions, samples]``, NaN where there is none; raises for a question with fewer than G. Memory is
    linear in the samples.

    >>> all_equal(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]), 2).round(4).tolist()
    [0.3333, 1.0]
    """
    known = ~np.isnan(totals)
    questions = np.nonzero(known)[0]
    values, numbers = np.unique(np.round(totals[known], _DIGITS), return_inverse=True)
    _, places, sizes = np.unique(questions * len(values) + numbers, return_index=True, return_counts=True)
    chances = pass_all_k(known.sum(axis=1)[questions[places]], sizes, group)
    sums: Floats = np.bincount(questions[places], chances, minlength=len(totals)).astype(np.float64)
    return sums


def within_spread(totals: Floats) -> Floats:
    """Return the standard deviation (ddof 1) of each question's totals, as GRPO divides by; each has two or more.

    >>> within_spread(np.array([[1.0, 0.0, np.nan]])).round(4).tolist()
    [0.7071]
    """
    spread: Floats = np.nanstd(np.round(totals, _DIGITS), axis=1, ddof=1)
    return spread


def varies(totals: Floats) -> Booleans:
    """Return for each question whether two of its samples have different totals.

    >>> varies(np.array([[1.0, 1.0], [1.0, 0.0]])).tolist()
    [False, True]
    """
    rounded = np.round(totals, _DIGITS)
    different: Booleans = np.nanmax(rounded, axis=1) > np.nanmin(rounded, axis=1)
    return different


def carried_variance(parts: Mapping[str, Floats]) -> dict[str, float]:
    """Return the share of the variance within questions that each part of the total carries.

    The total is ``T = Σ_r P_r``; the share of r is ``Cov(P_r, T) / Var(T)`` within questions, averaged over all
    before dividing. Shares add up to 1; one below 0 works against the others. All 0 when nothing varies.

    >>> carried_variance({"a": np.array([[0.0, 1.0]]), "b": np.array([[0.0, 3.0]])})
    {'a': 0.25, 'b': 0.75}
    """
    centred = {name: part - np.nanmean(part, axis=1, keepdims=True) for name, part in parts.items()}
    total = np.sum(list(centred.values()), axis=0)
    variance = float(np.nansum(total * total))
    if variance < 10.0**-_DIGITS:
        return dict.fromkeys(parts, 0.0)
    return {name: float(np.nansum(part * total)) / variance for name, part in centred.items()}
