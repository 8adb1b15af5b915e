"""How many different texts a model wrote, over the questions and within one, and whether one text answers them all.

A text that never changes can earn what is paid for form alone (a "null model", Zheng et al., arXiv 2410.07137).
"""

from __future__ import annotations

import numpy as np

from ..statistics.arrays import Floats, Integers

LONG = 20
"""Characters; shorter texts (a letter, yes, a number) are rightly the same for many questions."""


def distinct_over(texts: Integers, questions: Integers) -> Floats:
    """Return per completion 1 over the number of questions that got its text; the mean is the share of distinct ones.

    ``texts`` are equal where two completions are, ``questions`` says which question each answers.

    >>> distinct_over(np.array([7, 7, 8]), np.array([0, 1, 2])).tolist()
    [0.5, 0.5, 1.0]
    """
    values, codes = np.unique(texts, return_inverse=True)
    asked = np.unique(codes * (questions.max(initial=0) + 1) + questions) // (questions.max(initial=0) + 1)
    shares: Floats = 1.0 / np.bincount(asked, minlength=len(values))[codes]
    return shares


def distinct_within(texts: Integers, questions: Integers) -> Floats:
    """Return per completion 1 over the number of its question's completions that are it; NaN for the only one.

    >>> distinct_within(np.array([7, 7, 8, 7]), np.array([0, 0, 0, 1])).tolist()
    [0.5, 0.5, 1.0, nan]
    """
    values, codes = np.unique(texts, return_inverse=True)
    _, places, counts = np.unique(questions * len(values) + codes, return_inverse=True, return_counts=True)
    samples = np.bincount(questions)[questions]
    shares: Floats = np.where(samples > 1, 1.0 / counts[places], np.nan)
    return shares


def constant_share(texts: Integers, long: Integers, questions: Integers, references: Integers) -> float:
    """Return the share of questions that got one and the same ``long`` text although their references differ.

    ``long`` is 1 where a completion has more than :data:`LONG` characters; ``references`` has a number per question,
    equal where two references are. 0 where no long text answers two questions with different references.

    >>> constant_share(np.array([7, 7, 8]), np.array([1, 1, 1]), np.array([0, 1, 2]), np.array([0, 1, 2])).__round__(3)
    0.667
    """
    kept = long > 0
    if not kept.any():
        return 0.0
    pairs = np.unique(np.stack((texts[kept], questions[kept])), axis=1)
    values, counts = np.unique(pairs[0], return_counts=True)
    at = int(counts.argmax())
    answered = pairs[1][pairs[0] == values[at]]
    if len(np.unique(references[answered])) < 2:
        return 0.0
    return float(counts[at] / len(references))
