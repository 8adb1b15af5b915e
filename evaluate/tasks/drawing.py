"""Rows drawn at random, so that the same rows are drawn again wherever the seed is the same."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..types import Prompt
from .filters import NumberedRow


class Drawing(NamedTuple):
    """Prompts that were drawn at random, in the order of the data, and of how many ``rows``."""

    prompts: list[Prompt]
    rows: int


def draw(rows: Iterable[NumberedRow], count: int, seed: int) -> tuple[list[NumberedRow], int]:
    """Return ``count`` of the rows, drawn at random without replacement, in their order, and how many there were.

    Whether a row is drawn depends on the seed and the numbers of the rows alone: the rows with the smallest digests of
    both. A smaller ``count`` draws a part of what a larger one draws. Memory holds ``count`` rows.

    >>> rows = [NumberedRow(number, {}) for number in range(100)]
    >>> drawn, of = draw(rows, 3, seed=0)
    >>> [row.number for row in drawn], of
    ([14, 49, 57], 100)
    """
    read = 0

    def counted() -> Iterator[NumberedRow]:
        nonlocal read
        for row in rows:
            read += 1
            yield row

    drawn = heapq.nsmallest(count, counted(), key=lambda row: place(row.number, seed))
    return sorted(drawn, key=lambda row: row.number), read


def place(number: int, seed: object) -> bytes:
    """Return what a row's place in a random order of the rows is decided by."""
    return hashlib.sha256(f"{seed}\0{number}".encode("utf-8", "surrogatepass")).digest()
