"""Who watches a long job: a function that is given how much more of it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias


class Advance(Protocol):
    """Told how many more items are done, and how many tokens were generated for them."""

    def __call__(self, count: int, tokens: int = 0) -> None: ...


Grow: TypeAlias = Callable[[int], None]
"""Told how many more tokens were generated, while their items are not finished."""


def unwatched(count: int, tokens: int = 0) -> None:
    """Report to nobody."""
