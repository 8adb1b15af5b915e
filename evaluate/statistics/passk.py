"""Scores of several samples taken together: pass@k, pass^k and maj@k, one value per question."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import GrpokitError
from .arrays import Floats, Integers

ALL_SUBSETS = 9
"""With so many samples at the most, all subsets of k are averaged over, whatever k is."""

SUBSETS = 128
"""As many subsets of k samples are averaged over for maj@k; all of them where there are no more."""

_BLOCK = 1_000_000


class Patterns(NamedTuple):
    """The ``first`` question of each pattern, and for every question the place of its pattern among them."""

    first: Integers
    places: Integers


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
        if not chance.any():  # nor will more samples bring any back
            break
    return chance


def majority_at_k(scores: Floats, answers: Integers, k: int, seed: int = 0) -> Floats:
    """Return the score of the most frequent answer among k samples, ties by expectation, per question.

    ``scores`` and ``answers`` are ``[questions, samples]``; equal numbers are equal answers, -1 is none, which
    has no vote (k samples without any answer score 0). The mean over all subsets of k samples, or over 128
    drawn from ``seed`` where there are more. Time and memory are linear in the samples.

    >>> majority_at_k(np.array([[1.0, 1.0, 0.0]]), np.array([[7, 7, 5]]), 3).tolist()
    [1.0]
    >>> majority_at_k(np.array([[1.0, 0.0]]), np.array([[7, 5]]), 2).tolist()
    [0.5]
    """
    _check(k, scores.shape[1])
    subsets = subsets_of(scores.shape[1], k, seed)
    at_once = max(1, min(len(subsets), _BLOCK // scores.shape[1]))
    size = max(1, _BLOCK // (scores.shape[1] * at_once))
    sums = np.zeros(len(scores))
    for at in range(0, len(scores), size):
        some = slice(at, at + size)
        for first in range(0, len(subsets), at_once):
            sums[some] += _majority(scores[some], answers[some], subsets[first : first + at_once])
    return sums / len(subsets)


def patterns(scores: Floats, answers: Integers) -> Patterns:
    """Return the different patterns of 0/1 ``scores`` and ``answers``, ``[questions, samples]``.

    A pattern is how often each answer was given, and how many samples are right among those whose answers were given
    as often: the mean over all subsets of k samples depends on no more, since ties are broken by expectation and
    answers given as often win as often. A sample says how often its answer was given, whether that has a vote and
    whether it is right; a question's samples, sorted, say the pattern. Thousands of questions make a few dozen.

    >>> patterns(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), np.array([[1, 2, 2], [3, 7, 3]])).places.tolist()
    [0, 0]
    """
    given = (answers[:, :, None] == answers[:, None, :]).sum(axis=2)
    rows = np.sort((given * 2 + (scores > 0)) * 2 + (answers < 0), axis=1)
    order = np.lexsort(rows.T)
    begins = np.append(True, (rows[order][1:] != rows[order][:-1]).any(axis=1))
    places = np.empty(len(rows), np.int64)
    places[order] = np.cumsum(begins) - 1
    return Patterns(order[begins], places)


def _majority(scores: Floats, answers: Integers, subsets: NDArray[np.int32]) -> Floats:
    """Add up over the subsets ``[subsets, k]`` of places of samples; votes are counted per distinct answer."""
    values, numbers = np.unique(answers, return_inverse=True)
    pairs, numbers = np.unique(
        numbers.reshape(answers.shape) + np.arange(len(answers))[:, None] * len(values), return_inverse=True
    )
    drawn = numbers.reshape(answers.shape)[:, subsets]
    kept = np.zeros(len(pairs), np.bool_)
    kept[drawn] = True  # small subsets hold few of many answers
    pairs = pairs[kept]
    voting = values[pairs % len(values)] >= 0
    chosen = (np.cumsum(kept) - 1)[drawn] * len(subsets) + np.arange(len(subsets))[:, None]
    shape, size = (len(pairs), len(subsets)), len(pairs) * len(subsets)
    votes = np.bincount(chosen.ravel(), minlength=size).reshape(shape) * voting[:, None]
    sums = np.bincount(chosen.ravel(), scores[:, subsets].ravel(), minlength=size).reshape(shape)
    starts = np.searchsorted(pairs, np.arange(len(answers)) * len(values))  # a question's answers follow each other
    most = np.maximum.reduceat(votes, starts)[pairs // len(values)]
    winners = votes == most
    total = np.add.reduceat(sums * winners, starts)
    counts = np.add.reduceat(votes * winners, starts)
    scored: Floats = np.divide(total, counts, out=np.zeros_like(total), where=counts > 0).sum(axis=1)
    return scored


def subsets_of(samples: int, k: int, seed: int = 0) -> NDArray[np.int32]:
    """Return the places of the samples in each subset of k, ``[subsets, k]``: all, or 128 drawn from ``seed``.

    >>> subsets_of(3, 2).tolist()
    [[0, 1], [0, 2], [1, 2]]
    """
    if comb(samples, k) <= SUBSETS:
        return np.array(list(combinations(range(samples), k)), np.int32)
    return _orders(samples, seed)[:, :k]


@lru_cache(maxsize=1)
def _orders(samples: int, seed: int) -> NDArray[np.int32]:
    """Return random orders of the samples: the first k of each are a subset. The latest are kept, for other k."""
    generator = np.random.default_rng(seed)
    return np.array([generator.permutation(samples) for _ in range(SUBSETS)], np.int32)


def _check(k: int, samples: int) -> None:
    if not 1 <= k <= samples:
        raise GrpokitError(
            f"k={k} with {samples} samples per question: give k from 1 to {samples}, or draw more samples."
        )
