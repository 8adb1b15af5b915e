"""A table of completions that no tool in particular wrote: its columns are named, or paths into them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import nearest
from ...rewards.answers.options import OPTION_COLUMNS
from ...rewards.graded import Grade
from ...rewards.reward import REFERENCE_COLUMNS
from ...rewards.text import Text
from ..runs.lines import is_text
from ..tasks.tables import table_files, table_rows
from ..types import EvaluationError
from .log import BadRow, Columns, Log, LogChoice, LogRow, LogRows, Metrics, ScoreColumn, as_number, stem

TABLE = "table"
"""What stands for the tool that wrote one."""

DEFAULT = Columns("completion")


EXACT = 2.0**53
"""From here on floats stand for several whole numbers."""


class _NoColumnError(Exception):
    """A row has nothing at a path, or nothing that could stand there."""


def read(path: Path, choice: LogChoice) -> Log:
    """Open a table; a folder is one whose files are its shards."""
    columns = choice.columns or DEFAULT
    _check_free("--cluster-column", choice.cluster, columns)
    _check_free("--by", choice.by, columns)
    metrics = _ColumnMetrics(choice.scores)
    rows = _Table(path, columns, choice.scores, metrics, choice.cluster, choice.by).rows()
    asked = columns.prompt is not None
    placed = columns.id is None and not asked
    return Log(path, TABLE, stem(path), rows, metrics, reference=columns.reference, asked=asked, placed=placed)


def _check_free(option: str, column: str | None, columns: Columns) -> None:
    """Refuse a column of groups that rewards would take for the reference."""
    if column in REFERENCE_COLUMNS and column != columns.reference:
        raise EvaluationError(
            f"{option} {column}: rewards read a column of that name as the reference; say --reference-column {column} "
            "if it is, else give the column another name."
        )


class _ColumnMetrics(Metrics):
    """The metrics that columns of scores are: their names and ranges are known beforehand."""

    def __init__(self, scores: tuple[ScoreColumn, ...]) -> None:
        super().__init__(None)
        self._scores = {score.name: score for score in scores}

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return list(self._scores)

    def range(self, name: str) -> tuple[float, float] | None:
        """Return the range that the column was given."""
        score = self._scores[name]
        return None if score.low is None or score.high is None else (score.low, score.high)


@dataclass
class _Table:
    path: Path
    columns: Columns
    scores: tuple[ScoreColumn, ...]
    metrics: _ColumnMetrics
    cluster: str | None
    by: str | None
    kind: type | None = None
    """What ids have been so far."""

    def rows(self) -> LogRows:
        files, number = table_files(self.path), 0
        for file in files:
            for place, value, torn in table_rows(file):
                where = place if len(files) == 1 else f"{file.name}, {place}"
                yield BadRow(where, None, torn) if torn else self._row(value, where, number)
                number += 1

    def _row(self, value: Mapping[str, Any], where: str, number: int) -> LogRow | BadRow:
        identity: str | None = None
        try:
            identity = self._id(value, number)
            asked = self._text("prompt", self._cell("prompt", value, identity, number))
            columns = (
                {} if self.columns.reference is None else {"reference": self._cell("reference", value, "", number)}
            )
            columns.update((name, value[name]) for name in OPTION_COLUMNS if name in value and name not in self.columns)
            if self.cluster is not None:
                columns[self.cluster] = _group(self._at("--cluster-column", self.cluster, value, number))
            if self.by is not None and self.by not in columns:
                columns[self.by] = _group(self._at("--by", self.by, value, number))
            text = self._completion(value, number)
            text = None if text is None else self._text("completion", text)
            model = self._cell("model", value, None, number)
            graded = dict(self._grades(value, number))
        except _NoColumnError as error:
            return BadRow(where, identity, str(error))
        return LogRow(where, identity, asked, columns, text, graded, model=None if model is None else str(model))

    def _id(self, value: Mapping[str, Any], number: int) -> str:
        """Return the id of a question: a text or a number, throughout, since 1 and "1" would be one question."""
        given = self._cell("id", value, number, number)
        if isinstance(given, bool) or not isinstance(given, str | int | float):
            raise _NoColumnError(f"its id is {given!r:.80}; give a text or a number")
        if given == "" or (isinstance(given, float) and not abs(given) < EXACT):
            raise _NoColumnError(f"its id is {given!r}, which others may have too; give each question an id of its own")
        kind = str if isinstance(given, str) else float
        if (self.kind or kind) is not kind:
            raise _NoColumnError(f"its id is {given!r:.80}, where texts and numbers are mixed; write all as text")
        self.kind = kind
        return str(given)

    def _text(self, role: str, given: Any) -> Text:
        if not is_text(given):
            raise _NoColumnError(f"its {role} is {given!r:.80}; a text or chat messages are wanted")
        text: Text = given
        return text

    def _completion(self, value: Mapping[str, Any], number: int) -> Any:
        """Return the completion; rows that are graded already may have none, and then an empty one."""
        if self.scores and self.columns == DEFAULT and DEFAULT.completion not in value:
            return ""
        return self._cell("completion", value, None, number)

    def _cell(self, role: str, value: Mapping[str, Any], default: Any, number: int) -> Any:
        column = getattr(self.columns, role)
        return default if column is None else self._at(f"--{role}-column", column, value, number)

    def _at(self, option: str, column: str, value: Mapping[str, Any], number: int) -> Any:
        """Return what stands at a column. That the first row has none is a mistake in the option."""
        try:
            return value_at(value, column)
        except _NoColumnError:
            if number:
                raise
            names = [str(name) for name in value]
            raise EvaluationError(f"{self.path}: no column {column!r} for {option}. {nearest(column, names)}") from None

    def _grades(self, value: Mapping[str, Any], number: int) -> Iterator[tuple[str, Grade]]:
        for score in self.scores:
            cell = self._at("--score-column", score.name, value, number)
            given = as_number(cell)
            if given is None and cell not in (None, ""):
                raise _NoColumnError(f"{score.name} is {cell!r:.80}, which is no number")
            low, high = self.metrics.range(score.name) or (given, given)
            if given is not None and low is not None and high is not None and not low <= given <= high:
                raise _NoColumnError(f"{score.name} is {given:g}, outside of {low:g} to {high:g}")
            yield score.name, Grade(given, "" if given is None else f"{score.name} {given:g}")


def _group(given: Any) -> Any:
    """Return what a row is grouped by; None where a table says by an empty cell or NaN that there is nothing."""
    return None if given == "" or (isinstance(given, float) and math.isnan(given)) else given


def value_at(value: object, path: str) -> Any:
    """Return what stands at a column, or at a path of names and places such as ``doc.answer`` or ``resps.0.0``.

    >>> row = {"doc": {"answer": 18}, "resps": [["#### 18"]], "a.b": 1}
    >>> value_at(row, "doc.answer"), value_at(row, "resps.0.0"), value_at(row, "a.b")
    (18, '#### 18', 1)
    """
    if isinstance(value, Mapping) and path in value:
        return value[path]
    head, _, rest = path.partition(".")
    if isinstance(value, Mapping) and head in value:
        inner = value[head]
    elif isinstance(value, list) and head.isdecimal() and int(head) < len(value):
        inner = value[int(head)]
    else:
        raise _NoColumnError(f"no column {path!r}")
    if not rest:
        return inner
    try:
        return value_at(inner, rest)
    except _NoColumnError:
        raise _NoColumnError(f"no column {path!r}") from None
