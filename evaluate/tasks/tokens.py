"""How long prompts are, in the tokens of a model."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from math import ceil
from typing import NamedTuple

BINS = 12


class Bin(NamedTuple):
    """How many prompts have ``low`` to ``high`` tokens, both included."""

    low: int
    high: int
    prompts: int


class TokenCounts(NamedTuple):
    """The token counts of prompts, in ascending order; at least one.

    >>> counts = TokenCounts.of([30, 10, 20, 40])
    >>> counts.at(0), counts.at(0.5), counts.at(1)
    (10, 20, 40)
    """

    ordered: tuple[int, ...]

    @classmethod
    def of(cls, counts: Iterable[int]) -> TokenCounts:
        """Put counts in order."""
        return cls(tuple(sorted(counts)))

    def at(self, share: float) -> int:
        """Return the smallest count that at least this share of the prompts does not exceed."""
        return self.ordered[max(0, ceil(share * len(self.ordered)) - 1)]

    def histogram(self, bins: int = BINS) -> list[Bin]:
        """Return at most ``bins`` neighbouring bins of equal width from the smallest count to the largest.

        >>> TokenCounts.of([1, 2, 2, 6]).histogram(bins=3)
        [Bin(low=1, high=2, prompts=3), Bin(low=3, high=4, prompts=0), Bin(low=5, high=6, prompts=1)]
        """
        low, high = self.ordered[0], self.ordered[-1]
        width = ceil((high - low + 1) / bins)
        return [Bin(edge, edge + width - 1, self._between(edge, edge + width)) for edge in range(low, high + 1, width)]

    def _between(self, low: int, high: int) -> int:
        return bisect_left(self.ordered, high) - bisect_left(self.ordered, low)
