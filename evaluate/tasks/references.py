"""References that cannot be trusted: the correctness reward reads each one, and judges it against itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import nearest
from ...rewards import RewardMix, correctness
from ...rewards.references import reference_text
from ..types import EvaluationError
from .filters import Sieve, Where
from .sources import read_table

if TYPE_CHECKING:
    from .card import Task

LONGEST_UNMARKED = 200
"""An answer is shorter than this; a longer text without a marked answer is a worked solution."""

BATCH = 512
"""References that are judged together."""


class Reference(NamedTuple):
    """A row's id or number, and its reference."""

    row: str
    value: Any


class Finding(NamedTuple):
    """A reference that cannot be trusted, and why."""

    row: str
    problem: str


class CheckedReferences(NamedTuple):
    """How many references were read, and those that cannot be trusted."""

    read: int
    findings: list[Finding]


def check_task(task: Task, split: str, *, data: Path | None = None, limit: int | None = None) -> CheckedReferences:
    """Check the references of a split; where no correctness reward judges by them, only that they are there.

    Raises :class:`EvaluationError` for a task without references or without rows.
    """
    if task.reference is None:
        raise EvaluationError(f"task {task.name!r} has no references: there is nothing to check.")
    prompts = task.prompts(split, data=data, limit=limit)
    references = (Reference(prompt.id, prompt.columns["reference"]) for prompt in prompts)
    judged = any(reward.name == correctness.name for reward in RewardMix.parse(task.rewards).rewards)
    return check(references, judged_by_correctness=judged)


def check_column(data: Path, column: str, where: Where, *, limit: int | None = None) -> CheckedReferences:
    """Check one column of a local file. Raises :class:`EvaluationError` when there is no such column or no row."""
    kept = islice(Sieve(where).keep(read_table(data)), limit)
    return check(Reference(str(number), _value(row, column, data)) for number, row in kept)


def check(references: Iterable[Reference], *, judged_by_correctness: bool = True) -> CheckedReferences:
    r"""Return the references that are empty, unreadable, no single answer, or not equal to themselves.

    >>> rows = [Reference("a", "#### 18"), Reference("b", r"\frac{1}{"), Reference("c", None)]
    >>> [finding.row for finding in check(rows).findings]
    ['b', 'c']
    """
    problems = _answer_problems if judged_by_correctness else _empty_problems
    read, findings = 0, []
    remaining = iter(references)
    while batch := list(islice(remaining, BATCH)):
        read += len(batch)
        told = zip(batch, problems([reference.value for reference in batch]), strict=True)
        findings += [Finding(reference.row, problem) for reference, problem in told if problem is not None]
    if not read:
        raise EvaluationError("there are no rows to check: the data is empty, or the filter keeps no row.")
    return CheckedReferences(read, findings)


def _empty_problems(values: list[Any]) -> Iterator[str | None]:
    return ("empty" if value is None or not str(value).strip() else None for value in values)


def _answer_problems(values: list[Any]) -> Iterator[str | None]:
    texts = [reference_text(value) for value in values]
    completions = [f"<answer>{text}</answer>" for text in texts]
    judgements = correctness.explain(completions=completions, reference=values)
    for value, text, empty, judgement in zip(values, texts, _empty_problems(values), judgements, strict=True):
        yield (
            empty
            or _unreadable(value, text)
            or (
                None
                if judgement.value == 1.0
                else f"not equal to itself ({judgement.status}: {judgement.reason}): {_short(value)}"
            )
        )


def _unreadable(value: Any, text: str | None) -> str | None:
    if text is None:
        return f"unreadable, no answer in: {_short(value)}"
    if len(text) > LONGEST_UNMARKED or "\n" in text:
        return f"no answer is marked, so all {len(text)} characters are taken for it: {_short(value)}"
    return None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:50]}...{text[-25:]}"


def _value(row: Any, column: str, data: Path) -> Any:
    if column not in row:
        raise EvaluationError(f"{data}: no column {column!r}. {nearest(column, list(row))}")
    return row[column]
