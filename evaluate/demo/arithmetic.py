"""The procedural task: two-digit addition with a carry in the units, 3,645 problems of which 500 are held out."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Literal, NamedTuple

Split = Literal["train", "test"]

HELD_OUT = 500
"""How many problems the test split has."""

_TWO_DIGITS = range(10, 100)


class Problem(NamedTuple):
    """One row of the task: what is asked, the right answer, and the two summands."""

    id: str
    question: str
    reference: str
    left: int
    right: int


def problems(split: Split) -> list[Problem]:
    """Return the rows of a split, always the same ones in the same order.

    >>> len(problems("train")), len(problems("test"))
    (3145, 500)
    >>> problem = problems("test")[0]
    >>> problem.question == f"what is {problem.left}+{problem.right}?"
    True
    >>> set(problems("train")).isdisjoint(problems("test"))
    True
    """
    ordered = _shuffled()
    return ordered[:HELD_OUT] if split == "test" else ordered[HELD_OUT:]


@cache
def _shuffled() -> list[Problem]:
    """All problems, ordered by a hash of their id: a shuffle that no version of Python or numpy can change."""
    carries = [
        Problem(f"{a}+{b}", f"what is {a}+{b}?", str(a + b), a, b)
        for a in _TWO_DIGITS
        for b in _TWO_DIGITS
        if a % 10 + b % 10 >= 10
    ]
    return sorted(carries, key=lambda problem: hashlib.sha256(problem.id.encode()).digest())
