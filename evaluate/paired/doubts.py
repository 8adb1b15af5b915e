"""Why a comparison's numbers say less than they seem to: runs that differ, missing values, scores at an end, noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

MOST = 0.5
"""A share above this is "most": most values missing is no verdict, most answers cut or not seen is an obstacle."""

SHOWN = 3
"""So many rows without a value are named."""


class MissingRow(NamedTuple):
    """A completion without a value of the primary metric: the line of ``scores.jsonl``, its question, and why.

    Of completions from a log, whose order is another, the line is None.
    """

    line: int | None
    prompt_id: str
    status: str


class MissingValues(NamedTuple):
    """How many ``of`` a model's completions have no value of the primary metric, by status.

    ``rows`` are the first of them, and ``file`` is the ``scores.jsonl`` whose lines they name, or the log.
    """

    file: str
    of: int
    counts: Mapping[str, int]
    rows: tuple[MissingRow, ...]

    @property
    def share(self) -> float:
        """The share of completions without a value."""
        return sum(self.counts.values()) / self.of if self.of else 0.0


class Obstacle(NamedTuple):
    """What keeps scores from telling models apart, and would on any number of questions.

    "floor" and "ceiling": all ``models`` are at the lowest or highest value of the primary metric, and ``values`` are
    their means. "cut" and "unanswered": most completions of these ``models`` met the token limit, or the primary reward
    saw no answer in them, and ``values`` are the shares. "constant": these gave most questions one and the same text.
    """

    kind: Literal["floor", "ceiling", "cut", "unanswered", "constant"]
    models: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Mismatch:
    """One thing in which two manifests differ: ``fatal`` where the comparison would be meaningless."""

    what: str
    base: str
    tuned: str
    fatal: bool


@dataclass(frozen=True)
class NoiseFloor:
    """Of ``rows`` completions generated again: the share whose text differs and the share whose value differs.

    The same weights answered the same requests in batches of another size. ``primary`` names the reward whose
    values were compared.
    """

    model: str
    primary: str
    rows: int
    text_changed: float
    value_changed: float
