"""A task card: where the rows come from, how a row becomes a prompt and a reference, how answers are scored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import nearest
from ...rewards.types import REFERENCE_COLUMNS, Text
from ..types import EvaluationError, Prompt, Sampling

RESERVED = frozenset({"prompt", "prompts", "completion", "completions", "completion_ids", *REFERENCE_COLUMNS})
"""Columns that rewards do not get under their own name: the arguments of a reward call and the reference's."""


class Source(BaseModel):
    """Where the rows come from: one of a generator of this package, a hub data set, or a local file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    generator: str | None = None
    hub: str | None = None
    config: str | None = None
    file: Path | None = None
    splits: Mapping[str, str] = Field(default_factory=lambda: {"train": "train", "test": "test"})
    where: Mapping[str, Any] = Field(default_factory=dict)
    """Keep the rows whose column has this value, or one of these values."""


class Task(BaseModel):
    """A task serves evaluation and training alike.

    ``user`` and ``system`` are templates in which ``{column}`` stands for a column of the row; a ``user``
    that is exactly ``{column}`` may also be a column of chat messages. ``reference`` names the column that
    rewards compare with; ``id`` the one that identifies a row (default: its number); ``cluster`` the one whose
    rows are not independent (a passage, a template). ``primary`` is the reward whose verdict counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    source: Source
    system: str | None = None
    user: str
    reference: str | None = None
    id: str | None = None
    cluster: str | None = None
    rewards: str
    primary: str
    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 512
    stop: tuple[str, ...] = ()

    def sampling(self, **overrides: Any) -> Sampling:
        """Return the card's generation settings; an override of None leaves the card's value."""
        names = ("samples", "temperature", "top_p", "max_new_tokens", "stop")
        settings = {name: getattr(self, name) for name in names}
        return Sampling(**{**settings, **{name: value for name, value in overrides.items() if value is not None}})

    def prompts(self, split: str = "test", *, data: Path | None = None, limit: int | None = None) -> Iterator[Prompt]:
        """Yield the prompts of a split in the source's order; ``data`` feeds the card from a local file instead."""
        from itertools import islice

        from .sources import rows

        for number, row in enumerate(islice(rows(self.source, split, data), limit)):
            yield self.prompt(row, number)

    def prompt(self, row: Mapping[str, Any], number: int = 0) -> Prompt:
        """Turn one row into a prompt; raise :class:`EvaluationError` naming the columns when one is missing."""
        kept = {name: value for name, value in row.items() if name not in RESERVED}
        if self.reference is not None:
            kept["reference"] = self._column(row, self.reference)
        identity = str(number if self.id is None else self._column(row, self.id))
        return Prompt(identity, self._text(row), kept)

    def _text(self, row: Mapping[str, Any]) -> Text:
        whole = re.fullmatch(r"\{(\w+)\}", self.user)
        if whole and isinstance(value := self._column(row, whole[1]), list):
            asked = value
        else:
            asked = [{"role": "user", "content": self._fill(self.user, row)}]
        if self.system is None:
            return asked
        return [{"role": "system", "content": self._fill(self.system, row)}, *asked]

    def _fill(self, template: str, row: Mapping[str, Any]) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: str(self._column(row, found[1])), template)

    def _column(self, row: Mapping[str, Any], column: str) -> Any:
        if column not in row:
            raise EvaluationError(f"task {self.name!r}: no column {column!r} in the data. {nearest(column, list(row))}")
        return row[column]


def parse_card(values: Mapping[str, Any], where: str) -> Task:
    """Build a task from a card's values; every mistake is one line that names ``where`` and the key."""
    try:
        return Task(**values)
    except ValidationError as error:
        raise EvaluationError(f"{where}: {_first_mistake(error)}") from None
    except TypeError:
        raise EvaluationError(f"{where}: a task card is a mapping of keys to values.") from None


def _first_mistake(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        fields = Source.model_fields if len(first["loc"]) > 1 else Task.model_fields
        return f"unknown key {place!r}. {nearest(str(first['loc'][-1]), list(fields))}"
    return f"{place}: {first['msg']} (given: {first['input']!r})."
