"""Which rows of a data set a task asks: filters on columns, with counts of what each one dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...errors import nearest
from ..types import EvaluationError

Scalar = str | int | float | bool | None
Where = Mapping[str, Scalar | tuple[Scalar, ...]]
"""Column -> the value, or the values, that a kept row has there."""


class EmptyPrompt(EvaluationError):
    """A row has nothing to ask, or to show: a column of its prompt is null or blank."""


class NumberedRow(NamedTuple):
    """A row and its place in the source, counted from 0 before any filter."""

    number: int
    values: Mapping[str, Any]


class Sieve:
    """Keeps the rows whose columns have a value that is asked for, and counts the others.

    Values are compared as text, case aside, since CSV files know nothing else; null, a missing value and an empty
    one are the same. ``dropped`` counts rows by the first filter that they failed.

    >>> sieve = Sieve({"role": "prompter", "lang": ("en", "es")})
    >>> rows = [{"role": "prompter", "lang": "ES"}, {"role": "prompter", "lang": "de"}, {"role": "x", "lang": "de"}]
    >>> [row.number for row in sieve.keep(rows)], dict(sieve.dropped)
    ([0], {'lang is not en or es': 1, 'role is not prompter': 1})
    """

    def __init__(self, where: Where) -> None:
        self._wanted = {column: _keys(value) for column, value in where.items()}
        self.dropped: Counter[str] = Counter()

    def keep(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[NumberedRow]:
        """Yield the rows that pass every filter; raise :class:`EvaluationError` for a column that no row has."""
        unseen = set(self._wanted)
        row: Mapping[str, Any] = {}
        for number, row in enumerate(rows):
            unseen.difference_update(row)
            failed = self._failed(row)
            if failed is None:
                yield NumberedRow(number, row)
            else:
                self.dropped[self._reason(failed)] += 1
        if row and unseen:
            raise _no_column(min(unseen), row)

    def _failed(self, row: Mapping[str, Any]) -> str | None:
        for column, wanted in self._wanted.items():
            if column not in row and "" not in wanted:
                raise _no_column(column, row)
            if _key(row.get(column)) not in wanted:
                return column
        return None

    def _reason(self, column: str) -> str:
        return f"{column} is not {' or '.join(value or 'null' for value in self._wanted[column])}"


def parse_where(texts: Sequence[str]) -> Where:
    """Read filters as they are written on a command line.

    Raises :class:`EvaluationError` for one that is not ``COLUMN=VALUE`` or ``COLUMN=VALUE,VALUE``.

    >>> parse_where(["lang=en,es", "parent_id=null"])
    {'lang': ('en', 'es'), 'parent_id': (None,)}
    """
    where: dict[str, tuple[Scalar, ...]] = {}
    for text in texts:
        column, equals, values = text.partition("=")
        if not column or not equals or not values:
            raise EvaluationError(f"--where {text!r}: write COLUMN=VALUE or COLUMN=VALUE,VALUE, such as lang=en,es.")
        where[column] = tuple(None if value == "null" else value for value in values.split(","))
    return where


def _keys(wanted: Scalar | tuple[Scalar, ...]) -> tuple[str, ...]:
    return tuple(map(_key, wanted if isinstance(wanted, tuple) else (wanted,)))


def _key(value: Any) -> str:
    return "" if value is None else str(value).casefold()


def _no_column(column: str, row: Mapping[str, Any]) -> EvaluationError:
    return EvaluationError(f"no column {column!r} to filter by. {nearest(column, list(row))}")
