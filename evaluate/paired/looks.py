"""Looks at the questions of a pair, as values: which are planned, which were made, and what they showed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a comparison holds looks, and a look a change
    from .change import Difference


@dataclass(frozen=True)
class Look:
    """A look at the first ``questions``, at which a change counts when it passes ``z`` standard errors.

    ``level`` is that of its intervals. ``change`` is that of the primary metric, None while the look is to come.
    """

    questions: int
    z: float
    level: float
    change: Difference | None


@dataclass(frozen=True)
class Looks:
    """Looks at questions asked in a random order, that of ``seed``, with the intervals repeated at each.

    All looks together err no more often than one look at all questions would, whenever asking stops. ``made`` of them
    have been come to; the latest gives the verdict.
    """

    seed: int
    looks: tuple[Look, ...]
    made: int

    @property
    def of(self) -> int:
        """All questions, asked or not."""
        return self.looks[-1].questions

    @property
    def latest(self) -> Look:
        """The look that gives the verdict."""
        return self.looks[self.made - 1]

    @property
    def early(self) -> bool:
        """Whether questions are left to ask."""
        return self.made < len(self.looks)
