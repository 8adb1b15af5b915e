"""Amounts in several units or in another one of the same kind: "2 hours 30 minutes" is 150 minutes and 2.5 hours."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from .numbers import read_quantity

_KINDS = {
    "time": {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800},
    "metres": {"mm": 1, "cm": 10, "m": 1_000, "km": 1_000_000},
    "feet": {"in": 1, "ft": 12, "yd": 36, "mi": 63_360},
    "grams": {"mg": 1, "g": 1_000, "kg": 1_000_000},
    "pounds": {"oz": 1, "lb": 16},
    "litres": {"ml": 1, "l": 1_000},
    "money": {"cent": 1, "$": 100},
}
_SIZES = {unit: (kind, size) for kind, units in _KINDS.items() for unit, size in units.items()}
_NEXT = re.compile(r"(?<=[A-Za-z.])(?:\s+and\s+|,?\s+)(?=\d)")  # between 5 ft and 3 in


class _Amount(NamedTuple):
    """How much there is of which kind, in its smallest unit."""

    kind: str
    size: Fraction


def same_amount(answer: str, reference: str) -> bool | None:
    """Return whether two amounts of one kind are equal, exactly; None where one is no amount or the kinds differ.

    >>> same_amount("2 hours 30 minutes", "2.5 hours"), same_amount("5 ft 3 in", "5 feet and 3 inches")
    (True, True)
    >>> same_amount("1 hour 5 minutes", "1 hour 50 minutes"), same_amount("5 km", "5 mi"), same_amount("5", "5 km")
    (False, None, None)
    """
    if not _may_be_amount(reference) or not _may_be_amount(answer):
        return None
    wanted, given = _read(reference), _read(answer)
    if wanted is None or given is None or wanted.kind != given.kind:
        return None
    return wanted.size == given.size


def _may_be_amount(text: str) -> bool:
    return text[-1:].isalpha() or text[:1] == "$"


def _read(text: str) -> _Amount | None:
    """Read amounts of one kind, in falling units, as their sum."""
    parts = [read_quantity(part) for part in _NEXT.split(text)]
    sized = [(*_SIZES[part.unit], part.value) for part in parts if part and not part.percent and part.unit in _SIZES]
    kinds, sizes = {kind for kind, _, _ in sized}, [size for _, size, _ in sized]
    if len(sized) < len(parts) or len(kinds) != 1 or sizes != sorted(set(sizes), reverse=True):
        return None
    return _Amount(kinds.pop(), sum((size * value for _, size, value in sized), Fraction()))
