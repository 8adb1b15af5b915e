"""Where a task's rows come from: a generator, a hub data set or a local file."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...errors import first_line, nearest
from ..demo.arithmetic import problems
from ..engines.hub import unreachable
from ..types import EvaluationError
from .drawing import place
from .filters import Scalar
from .lm_eval import rows as lm_eval_rows
from .reasoning_gym import Split, generate
from .tables import Rows, read_table
from .trees import flattened


class Source(BaseModel):
    """Where the rows come from: one of a generator of this package, a hub data set, or a local file.

    ``config`` is the hub's name for a part of a data set, or the data set of the generator ``reasoning_gym``.
    ``splits`` maps the names of splits to the hub's own; ``where`` keeps the rows whose column has this value,
    or one of these values. Of a card that is a file, a relative ``file`` is looked for in the card's folder.
    ``options`` names the columns of a row's options, the right one first, where each has one of its own: a row then has
    a column ``options``, in an order that its number decides, and ``right``, the text of the right one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    generator: Literal["arithmetic", "reasoning_gym", "lm_eval"] | None = None
    hub: str | None = Field(default=None, pattern=r"^[\w-][\w.-]*(/[\w-][\w.-]*)?$")  # a path would be read as one
    config: str | None = None
    file: Path | None = None
    splits: Mapping[str, str] = Field(default_factory=lambda: {"train": "train", "test": "test"})
    where: Mapping[str, Scalar | tuple[Scalar, ...]] = Field(default_factory=dict)
    options: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check_single(self) -> Source:
        given = [name for name in ("generator", "hub", "file") if getattr(self, name) is not None]
        if len(self.options) == 1:
            raise EvaluationError("options: name two columns or more, the right one's first")
        if len(given) != 1:
            raise EvaluationError(f"give one of generator, hub and file, not {' and '.join(given) or 'none'}")
        return self

    @property
    def label(self) -> str:
        """Where the rows come from, in a word."""
        return self.hub or (str(self.file) if self.file else "procedural")

    def rows(self, split: str, data: Path | None = None) -> Rows:
        """Yield the rows of ``split``, whatever the filters; ``data`` takes the place of the source.

        Raises :class:`EvaluationError` for an unknown split and for a source that cannot be read.
        """
        return map(self._with_options, count(), self._read(split, data)) if self.options else self._read(split, data)

    def _with_options(self, number: int, row: Mapping[str, Any]) -> Mapping[str, Any]:
        if {"options", "right"} <= row.keys():  # it was prepared
            return row
        for column in self.options:
            if column not in row:
                raise EvaluationError(f"no column {column!r} of options in the data. {nearest(column, list(row))}")
        texts = [str(row[column]) for column in self.options if row[column] is not None]
        shuffled = sorted(texts, key=lambda text: place(number, text))
        return {**row, "options": shuffled, "right": row[self.options[0]]}

    def _read(self, split: str, data: Path | None) -> Rows:
        local = data or self.file
        if local is not None:
            return flattened(read_table(local))
        if split not in self.splits:
            raise EvaluationError(f"no split {split!r}. {nearest(split, list(self.splits))}")
        if self.generator == "lm_eval":
            return lm_eval_rows(self.config or "", split, None, None)
        if self.generator is not None:
            part: Split = "train" if self.splits[split] == "train" else "test"
            if self.generator == "reasoning_gym":
                return generate(self.config or "", part)
            return (problem._asdict() for problem in problems(part))
        return self._fetched(self.splits[split])

    def _fetched(self, split: str) -> Rows:
        import datasets  # here, since it takes seconds and only hub data sets need it

        away = unreachable()
        datasets.config.HF_HUB_OFFLINE = bool(away)  # then it looks into its cache at once
        try:
            yield from datasets.load_dataset(self.hub, self.config, split=split)
        except (OSError, ValueError) as error:  # no network, no such data set, no such config or split
            reason = away or first_line(error)
            raise EvaluationError(
                f"cannot load data set {self.hub!r} from the hub ({reason}). Feed the task from a local file with "
                "the same columns: --data FILE."
            ) from None
