r"""Which of many answers are the same value: 0.5, 1/2 and \frac12 are one, whoever gave them.

Two answers are equal where :func:`~grpokit.rewards.answers.equality.compare` says so without algebra. Numbers and
words are looked up by what they say, so that the time grows with the number of answers and not with its square.
Anything else is compared with those before it, in at most :data:`MOST_COMPARISONS` comparisons.

Answers that only algebra would call equal, such as x(x+1) and x^2+x, are two: algebra takes tens of milliseconds per
pair, in a process of its own, and the pairs grow as the square of the answers. So in maj@k wrong answers of this kind
vote apart, which can only help a right one; right ones are one, since correctness has compared them with the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from .arithmetic import calculate
from .choices import read_choice
from .equality import compare, is_words, word_key
from .intervals import read_interval
from .normalize import LONGEST, tidy
from .numbers import Quantity, read_quantity
from .sentences import lone_number
from .structure import is_deep, read_shape
from .units import without_unit

MOST_COMPARISONS = 2_000
"""Comparisons of two answers among all that are given; beyond, only the same text or number is the same answer."""


class _Meaning(NamedTuple):
    """What an answer says by itself: a number, or a text that stands for it; ``compared`` where it may say more."""

    text: str
    number: Quantity | None
    compared: bool


def equal_answers(texts: Sequence[str]) -> list[int]:
    r"""Return a number for each text, from 0 in order of appearance: the same one for equal answers.

    Where equality is not transitive (5 is 5 km and 5 m, 50% is 0.5 and 50), a number without a unit goes with the
    first unit, and a percentage with the number as it is written before its hundredth.

    >>> equal_answers(["0.5", "1/2", r"\frac12", "2", "(1, 2)", "(1,2)", "No solution.", "no solution"])
    [0, 0, 0, 1, 2, 2, 3, 3]
    >>> equal_answers(["50%", "0.5", "50", "5 km", "5 m"])
    [0, 1, 0, 2, 3]
    """
    meanings = [_read(text) for text in texts]
    classes = _Classes()
    given: dict[int, int] = {}
    for at in sorted(range(len(texts)), key=lambda at: _turn(meanings[at])):
        given[at] = classes.number(texts[at], meanings[at])
    order: dict[int, int] = {}
    return [order.setdefault(given[at], len(order)) for at in range(len(texts))]


def _turn(meaning: _Meaning) -> int:
    """Return when an answer is looked up: those that can go with several others wait until these are there."""
    if meaning.number is None:
        return 3
    return 2 if meaning.number.percent else 1 if not meaning.number.unit else 0


@lru_cache(maxsize=65_536)
def _read(text: str) -> _Meaning:
    if len(text) > LONGEST or is_deep(text):
        return _Meaning(text, None, compared=False)
    quantity = read_quantity(text)
    if quantity is not None:
        return _Meaning(text, quantity, compared=False)
    plain = tidy(text)
    shape = read_interval(plain) or read_shape(plain)
    choice = read_choice(plain)
    if shape.kind != "single" or choice:
        return _Meaning(plain, None, compared=True)
    single = without_unit(shape.items[0])
    if is_words(single):
        return _Meaning(word_key(single), lone_number(single), compared=False)
    value = calculate(single)
    number = read_quantity(single) if value is None else Quantity(value, percent=False, unit="")
    return _Meaning(single.replace(" ", ""), number, compared=number is None)


class _Classes:
    """Classes of equal answers, each with the first answer in it."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._numbers: dict[Fraction, dict[str, int]] = {}  # the classes with a value, by unit
        self._first: list[str] = []
        self._comparisons = 0

    def number(self, text: str, meaning: _Meaning) -> int:
        """Return the number of the class that an answer belongs to; of a new one where it equals none."""
        known = self._texts.get(meaning.text)
        if known is None and meaning.number is not None:
            known = self._of_quantity(meaning.number)
        if known is None and meaning.compared:
            known = self._compared(text)
        if known is None:
            known = len(self._first)
            self._first.append(text)
        self._texts[meaning.text] = known
        if meaning.number is not None:
            self._numbers.setdefault(meaning.number.value, {}).setdefault(meaning.number.unit, known)
        return known

    def _of_quantity(self, number: Quantity) -> int | None:
        values = [number.value, number.value / 100] if number.percent else [number.value]
        for value in values:
            units = self._numbers.get(value, {})
            if number.unit in units:
                return units[number.unit]
            if "" in units or (units and not number.unit):
                return units.get("", next(iter(units.values())))
        return None

    def _compared(self, text: str) -> int | None:
        for known, first in enumerate(self._first):
            if self._comparisons == MOST_COMPARISONS:
                return None
            self._comparisons += 1
            if compare(text, first):
                return known
        return None
