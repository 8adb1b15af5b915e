"""Doubtful references: each one is read, and judged against itself, as the correctness reward does."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import nearest
from ...rewards import correctness
from ...rewards.accepted import accepted
from ...rewards.answers.options import Options, row_options
from ...rewards.answers.references import check_reference
from ...rewards.spec import parse_layout, parse_mix
from ..types import EvaluationError
from .filters import Sieve, Where
from .tables import read_table

if TYPE_CHECKING:
    from .card import Task


class Reference(NamedTuple):
    """A row's id or number, its reference, and its options where it is multiple choice."""

    row: str
    value: Any
    options: Options | None = None


class Finding(NamedTuple):
    """A doubtful reference, and why."""

    row: str
    status: str
    reason: str


class CheckedReferences(NamedTuple):
    """How many references were read, those that cannot be judged by, and those that other parsers read a piece of."""

    read: int
    findings: list[Finding]
    fragmentary: list[Finding]


def check_task(task: Task, split: str, *, data: Path | None = None, limit: int | None = None) -> CheckedReferences:
    """Check the references of a split; where no correctness reward judges by them, only that they are there.

    Raises :class:`EvaluationError` for a task without references or without rows.
    """
    if task.reference is None:
        raise EvaluationError(f"task {task.name!r} has no references: there is nothing to check.")
    prompts = task.prompts(split, data=data, limit=limit)
    references = (Reference(prompt.id, prompt.columns["reference"], row_options(prompt.columns)) for prompt in prompts)
    judged = any(part.reward.name == correctness.name for part in parse_mix(parse_layout(task.rewards).rest))
    return check(references, judged_by_correctness=judged)


def check_column(data: Path, column: str, where: Where, *, limit: int | None = None) -> CheckedReferences:
    """Check one column of a local file. Raises :class:`EvaluationError` when there is no such column or no row."""
    kept = islice(Sieve(where).keep(read_table(data)), limit)
    return check(Reference(str(number), _value(row, column, data), row_options(row)) for number, row in kept)


def check(references: Iterable[Reference], *, judged_by_correctness: bool = True) -> CheckedReferences:
    r"""Find the references that are unreadable, unmarked or not equal to themselves, or, unjudged, empty.

    What these words mean, and "fragmentary": :func:`~grpokit.rewards.answers.references.check_reference`.

    >>> checked = check([Reference("a", "#### 18"), Reference("b", r"\frac{1}{"), Reference("c", r"2\frac{1}{2}")])
    >>> [(finding.row, finding.status) for finding in checked.findings], [piece.row for piece in checked.fragmentary]
    ([('b', 'unreadable')], ['c'])
    """
    find = _answer_finding if judged_by_correctness else _empty_finding
    read, findings, fragmentary = 0, list[Finding](), list[Finding]()
    for reference in references:
        read += 1
        finding = find(reference)
        if finding is not None:
            (fragmentary if finding.status == "fragmentary" else findings).append(finding)
    if not read:
        raise EvaluationError("there are no rows to check: the data is empty, or the filter keeps no row.")
    return CheckedReferences(read, findings, fragmentary)


def _answer_finding(reference: Reference) -> Finding | None:
    checked = check_reference(reference.value, reference.options)
    return None if checked.status == "readable" else Finding(reference.row, checked.status, checked.reason)


def _empty_finding(reference: Reference) -> Finding | None:
    empty = not any(str(value).strip() for value in accepted(reference.value))
    return Finding(reference.row, "empty", "there is no reference") if empty else None


def _value(row: Any, column: str, data: Path) -> Any:
    if column not in row:
        raise EvaluationError(f"{data}: no column {column!r}. {nearest(column, list(row))}")
    return row[column]
