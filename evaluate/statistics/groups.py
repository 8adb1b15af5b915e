"""What GRPO could learn from groups of samples of one prompt: how often they all score alike, how far they spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from .arrays import Booleans, Floats
from .passk import pass_all_k, subsets_of
from .samples import Samples

Scale = Literal["group", "batch", "none"]
"""TRL's ``scale_rewards``: what the differences from a group's mean are divided by."""

_DIGITS = 9
_TRL_EPSILON = 1e-4
_BLOCK = 1_000_000


def all_equal(totals: Samples, group: int) -> Floats:
    """Return the chance that a group drawn from a question's samples has equal totals, so no advantage.

    ``Σ_v C(m_v, G) / C(n, G)``, m_v of n samples having the value v: without bias for any G up to n.
    Raises for a question with fewer than G totals. Memory is linear in the samples.

    >>> all_equal(Samples.of([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]), 2).round(4).tolist()
    [0.3333, 1.0]
    """
    questions = totals.questions[totals.known]
    values, numbers = np.unique(np.round(totals.values[totals.known], _DIGITS), return_inverse=True)
    _, places, sizes = np.unique(questions * len(values) + numbers, return_index=True, return_counts=True)
    chances = pass_all_k(totals.counts()[questions[places]], sizes, group)
    sums: Floats = np.bincount(questions[places], chances, minlength=len(totals)).astype(np.float64)
    return sums


def within_spread(totals: Samples) -> Floats:
    """Return the standard deviation (ddof 1) of each question's totals, as GRPO divides by; each has two or more.

    >>> within_spread(Samples.of([[1.0, 0.0, np.nan]])).round(4).tolist()
    [0.7071]
    """
    spread: Floats = np.sqrt(_rounded(totals).variances())
    return spread


def varies(totals: Samples) -> Booleans:
    """Return for each question whether two of its samples have different totals.

    >>> varies(Samples.of([[1.0, 1.0], [1.0, 0.0]])).tolist()
    [False, True]
    """
    rounded = _rounded(totals)
    different: Booleans = rounded.highest() > rounded.lowest()
    return different


def _rounded(totals: Samples) -> Samples:
    return totals.having(np.round(totals.values, _DIGITS))


def advantage_shares(parts: Mapping[str, Samples], group: int, scale: Scale = "group") -> dict[str, float]:
    """Return the share of the advantage, as GRPO takes it, that each part of the total carries.

    The total is ``T = Σ_r P_r``, and a completion's advantage in its group ``A = (T - T̄) / D``, of which
    ``A_r = (P_r - P̄_r) / D`` is the part of r: its share is ``Σ A_r A / Σ A²`` over all groups. ``scale`` says what D
    is, as TRL's ``scale_rewards`` does: with "group" the standard deviation of the group's totals (and 1e-4), so that
    every group with any spread counts alike, however small that is; with "batch" or "none" it is the same for all
    groups. ``parts`` are NaN where there is no total; averaged over the groups of ``group`` that can be drawn from a
    question's samples, or 128 of them. Shares add up to 1; one below 0 works against the others. All 0 when nothing
    varies.

    >>> parts = {"a": Samples.of([[1.0, 0.0], [0.0, 0.0]]), "b": Samples.of([[0.0, 0.0], [0.0, 0.1]])}
    >>> {name: round(share, 2) for name, share in advantage_shares(parts, 2, "group").items()}
    {'a': 0.5, 'b': 0.5}
    >>> {name: round(share, 2) for name, share in advantage_shares(parts, 2, "none").items()}
    {'a': 0.99, 'b': 0.01}
    """
    values, total = np.stack([part.values for part in parts.values()]), next(iter(parts.values()))
    total = total.having(values.sum(axis=0))
    counts, sums = total.counts(), np.zeros(len(values))
    for count in np.unique(counts[counts >= group]).tolist():
        rows = total.known & (counts == count)[total.questions]
        of_rows = values[:, rows].reshape(len(values), -1, count)
        subsets = subsets_of(count, group)
        at_once = max(1, _BLOCK // subsets.size)
        for start in range(0, of_rows.shape[1], at_once):
            drawn = of_rows[:, start : start + at_once][:, :, subsets]
            sums += _products(drawn, scale) / len(subsets)
    whole = float(sums.sum())
    shares = sums / whole if whole > 10.0**-_DIGITS else np.zeros(len(sums))
    return dict(zip(parts, shares.tolist(), strict=True))


def _products(drawn: Floats, scale: Scale) -> Floats:
    """Return ``Σ A_r A`` of each part over groups ``[parts, questions, subsets, group]``."""
    centred = drawn - drawn.mean(axis=-1, keepdims=True)
    total = centred.sum(axis=0)
    spread = np.sqrt((total**2).sum(axis=-1) / (total.shape[-1] - 1))
    divisor = (spread + _TRL_EPSILON) ** 2 if scale == "group" else np.ones_like(spread)
    products: Floats = ((centred * total).sum(axis=-1) * (spread > 10.0**-_DIGITS) / divisor).sum(axis=(1, 2))
    return products
