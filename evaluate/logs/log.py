"""What a log is: the rows of an evaluation that another tool ran, and what it says of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import GrpokitError, first_line
from ...rewards.graded import Grade
from ...rewards.reward import REFERENCE_COLUMNS
from ...rewards.text import Text
from ..runs.manifest import UNKNOWN
from ..types import EvaluationError, FinishReason

ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".eval")

LARGEST = 1e60
"""Of what a score may be, without its sign: the statistics take fourth powers, which of 1e77 are beyond floats."""

LONGEST_METADATA = 200
"""Characters; longer texts are no category that rows could be sorted by."""


class Columns(NamedTuple):
    """Which columns of a table hold what, as names or paths such as ``doc.answer`` and ``resps.0.0``.

    Without ``id`` every row is a question of its own.
    """

    completion: str
    reference: str | None = None
    prompt: str | None = None
    model: str | None = None
    id: str | None = None


class ScoreColumn(NamedTuple):
    """A column that holds a score, and the ends of its range where there is one."""

    name: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class LogChoice:
    """What of a log is read: which of its tasks, filters or scorers, and what its columns mean. None: the only one.

    Questions with one value in the column ``cluster`` (a passage, a template) are not independent of each other; the
    change is given for each value of the column ``by``.
    """

    format: str | None = None
    task: str | None = None
    filter: str | None = None
    scorer: str | None = None
    columns: Columns | None = None
    scores: tuple[ScoreColumn, ...] = ()
    cluster: str | None = None
    by: str | None = None


class LogRow(NamedTuple):
    """One completion: the question that it answers, and the grades that the tool gave.

    ``where`` is its place in the log, such as "line 3". ``text`` is None where the log has no completion; ``error``
    says why, if the log does. ``question`` tells the question from others by more than its id, whatever prompt a chat
    template made of it; without it the prompt and its columns do.
    """

    where: str
    id: str
    prompt: Text
    columns: Mapping[str, Any]
    text: Text | None
    graded: Mapping[str, Grade]
    question: str | None = None
    model: str | None = None
    finish: FinishReason | None = None
    tokens: int | None = None
    error: str | None = None


class BadRow(NamedTuple):
    """A row that cannot be read, with its id where that can."""

    where: str
    id: str | None
    fault: str


LogRows = Iterator[LogRow | BadRow]


MALFORMED = (KeyError, IndexError, TypeError, AttributeError, ValueError)
"""What reading a value of another kind than a tool writes may raise."""


def row_or_fault(read: Callable[[], LogRow], where: str, id: str | None) -> LogRow | BadRow:
    """Return the row that ``read`` gives, or what keeps a value that no tool wrote like this from being one."""
    try:
        return read()
    except GrpokitError:
        raise
    except MALFORMED as error:
        return BadRow(where, id, f"it is not as its tool writes it ({type(error).__name__}: {first_line(error)})")


def _computable(rows: LogRows) -> LogRows:
    """Yield the rows, and in the place of one with a score too large to be computed with, that this is so."""
    for row in rows:
        grades = () if isinstance(row, BadRow) else row.graded.items()
        large = [f"{name} is {grade.value:g}" for name, grade in grades if abs(grade.value or 0.0) > LARGEST]
        yield BadRow(row.where, row.id, f"{large[0]}, and scores end at {LARGEST:g}") if large else row


class Metrics:
    """The metrics that the rows of a log have, in order of appearance, and the ranges of those that have one.

    >>> metrics = Metrics("inspect")
    >>> metrics.grade("match", 1.0, "C", bounded=True)
    ('inspect/match', Grade(value=1.0, said='C'))
    >>> metrics.grade("length", 812.0, "812")[0], metrics.range("inspect/match"), metrics.range("inspect/length")
    ('inspect/length', (0.0, 1.0), None)
    """

    def __init__(self, tool: str | None) -> None:
        self._prefix = f"{tool}/" if tool else ""
        self._bounded: dict[str, bool] = {}

    def grade(self, name: str, value: float | None, said: str = "", *, bounded: bool = False) -> tuple[str, Grade]:
        """Return a metric's full name and its grade; ``bounded`` says that its values lie between 0 and 1 by nature."""
        full = self._prefix + name
        whole = bounded and (value is None or 0 <= value <= 1)
        self._bounded[full] = whole and self._bounded.get(full, True)
        return full, Grade(value, said)

    @property
    def names(self) -> list[str]:
        """The full names."""
        return list(self._bounded)

    def range(self, name: str) -> tuple[float, float] | None:
        """Return the lowest and highest value of a metric; None where it has none that is known."""
        return (0.0, 1.0) if self._bounded[name] else None


@dataclass(frozen=True)
class Log:
    """A log as it was opened: ``rows`` are read once, one by one, and ``metrics`` grows with them.

    ``facts`` are what the log says of how it was made, as far as two comparable logs should agree in it; ``names`` what
    it says of the model. ``notes`` are to be read before the numbers. Without ``asked`` the log does not say what was
    asked, and ids stand in the place of prompts; where it is ``placed``, they are the places of its rows. A row with a
    score beyond ``LARGEST`` is one that cannot be read.
    """

    path: Path
    tool: str
    task: str
    rows: LogRows
    metrics: Metrics
    model: str | None = None
    weights: str = UNKNOWN
    reference: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    asked: bool = True
    placed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", _computable(self.rows))


def stem(path: Path) -> str:
    """Return a log's name without the endings that say how it is written.

    >>> stem(Path("logs/gpt-4.1-mini_578.jsonl.gz")), stem(Path("runs/v1.2"))
    ('gpt-4.1-mini_578', 'v1.2')
    """
    name = path.name.removesuffix(".gz")
    return name.removesuffix(Path(name).suffix) if Path(name).suffix in ENDINGS else name


def question_hash(*parts: object) -> str:
    """Return sixteen hex digits of what a question is made of.

    >>> question_hash("2+2?", "4") == question_hash("2+2?", "5")
    False
    """
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def metadata(values: object) -> dict[str, Any]:
    """Return what a log says of a question that rows may be sorted by: short texts, numbers and truth values.

    Columns that rewards would take for the reference are left to the log's own.

    >>> metadata({"type": "algebra", "answer": 18, "level": 3, "steps": ["1"], "solution": "18"})
    {'type': 'algebra', 'level': 3}
    """
    if not isinstance(values, Mapping):
        return {}
    return {
        str(name): value
        for name, value in values.items()
        if name not in REFERENCE_COLUMNS
        and (isinstance(value, int | float | bool) or (isinstance(value, str) and len(value) <= LONGEST_METADATA))
    }


def as_number(value: object) -> float | None:
    """Return a number, a truth value or a text that is a number as a float; None for anything else.

    Parquet also has numbers of a fixed count of digits, which are a Decimal.

    >>> as_number(True), as_number("0.25"), as_number("C"), as_number(float("nan")), as_number("1_0")
    (1.0, 0.25, None, None, None)
    """
    if isinstance(value, str) and "_" in value:  # which only Python reads as a number
        return None
    try:
        number = float(value) if isinstance(value, int | float | str | Decimal) else float("nan")
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None


def refuse_several(path: Path, what: str, names: list[str], option: str) -> EvaluationError:
    """Return the error for a log that holds several of something, of which one must be chosen."""
    return EvaluationError(f"{path} holds {len(names)} {what}: {', '.join(names)}; choose one with {option} NAME.")
