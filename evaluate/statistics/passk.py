"""Scores of several samples taken together: pass@k, pass^k and maj@k, one value per question."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from ...errors import GrpokitError
from .arrays import Booleans, Floats, Integers

SUBSETS = 128
"""As many subsets of k samples are averaged over for maj@k; all of them where there are no more."""

_BLOCK = 4_000_000


def pass_at_k(samples: Integers, correct: Integers, k: int) -> Floats:
    """Return the chance that at least one of k samples is correct, without bias, per question.

    ``1 - C(n-c, k) / C(n, k)`` as the stable product ``1 - Π_{j<k} (n-c-j)/(n-j)`` (Chen et al.,
    arXiv 2107.03374). Raises :class:`GrpokitError` for k above the samples of a question: never extrapolated.

    >>> pass_at_k(np.array([16, 16]), np.array([3, 0]), 8).tolist()
    [0.9, 0.0]
    """
    return 1.0 - _all_from(samples - correct, samples, k)


def pass_all_k(samples: Integers, correct: Integers, k: int) -> Floats:
    """Return the chance that all of k samples are correct, ``C(c, k) / C(n, k)``, per question (pass^k).

    >>> pass_all_k(np.array([4]), np.array([2]), 2).round(4).tolist()
    [0.1667]
    """
    return _all_from(correct, samples, k)


def _all_from(some: Integers, samples: Integers, k: int) -> Floats:
    """Return the chance that k samples drawn without replacement are all among ``some`` of them."""
    _check(k, int(samples.min()) if len(samples) else k)
    chance = np.ones(len(samples))
    for j in range(k):
        chance *= np.maximum(some - j, 0) / (samples - j)
    return chance


def majority_at_k(scores: Floats, answers: Integers, k: int, seed: int = 0) -> Floats:
    """Return the score of the most frequent answer among k samples, ties by expectation, per question.

    ``scores`` and ``answers`` are ``[questions, samples]``; equal numbers are equal answers, -1 is none, which
    has no vote (k samples without any answer score 0). The mean over all subsets of k samples, or over 128
    drawn from ``seed`` where there are more.

    >>> majority_at_k(np.array([[1.0, 1.0, 0.0]]), np.array([[7, 7, 5]]), 3).tolist()
    [1.0]
    >>> majority_at_k(np.array([[1.0, 0.0]]), np.array([[7, 5]]), 2).tolist()
    [0.5]
    """
    _check(k, scores.shape[1])
    masks = _subsets(scores.shape[1], k, seed)
    size = max(1, _BLOCK // (scores.shape[1] * max(masks.shape)))
    starts = range(0, len(scores), size)
    parts = [_majority(scores[at : at + size], answers[at : at + size], masks) for at in starts]
    return np.concatenate(parts) if parts else np.zeros(0)


def _majority(scores: Floats, answers: Integers, masks: Booleans) -> Floats:
    """Average over the subsets ``masks [subsets, samples]``; a vote is an equal answer in the subset."""
    given = answers >= 0
    equal = ((answers[:, :, None] == answers[:, None, :]) & given[:, :, None]).astype(np.float32)
    votes = (equal @ masks.T.astype(np.float32)) * (masks.T & given[:, :, None])
    winners = (votes == votes.max(axis=1, keepdims=True)) & (votes > 0)
    counts = winners.sum(axis=1)
    sums = np.einsum("qi,qis->qs", scores, winners)
    means: Floats = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0).mean(axis=1)
    return means


def _subsets(samples: int, k: int, seed: int) -> Booleans:
    masks: Booleans = np.zeros((min(SUBSETS, comb(samples, k)), samples), np.bool_)
    if comb(samples, k) <= SUBSETS:
        chosen = list(combinations(range(samples), k))
    else:
        generator = np.random.default_rng(seed)
        chosen = [tuple(generator.permutation(samples)[:k]) for _ in masks]
    for mask, members in zip(masks, chosen, strict=True):
        mask[list(members)] = True
    return masks


def _check(k: int, samples: int) -> None:
    if not 1 <= k <= samples:
        raise GrpokitError(
            f"k={k} with {samples} samples per question: give k from 1 to {samples}, or draw more samples."
        )
