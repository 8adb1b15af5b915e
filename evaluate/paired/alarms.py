"""What training raised about a model: read beside the held-out evaluations that a training run keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...files import Line, read_lines
from ..types import EvaluationError

EVALUATIONS = "evaluation"
"""The folder, in that of a training run, of its held-out evaluations: each is a run."""

GREEDY_EVALUATIONS = "evaluation-greedy"
"""The folder of the greedy evaluations that go with sampled ones."""

FINAL, GREEDY_FINAL = "final", "final-greedy"
"""The folders of the comparison at the end where it asks other questions than those that chose the checkpoint."""

BASE = "base"
"""The folder, among them, of the run before the first step; a checkpoint's is called "step-00020", by its step."""

FILE = "alarms.jsonl"
"""The file beside them with one alarm per line."""


class Alarm(NamedTuple):
    """Something about a model in training, after ``step`` steps, that a person should look at.

    ``rate`` bounds the share of healthy training runs that raise one of its kind; None where nothing is estimated and
    the text just states a fact.
    """

    step: int
    kind: str
    text: str
    rate: float | None = None


def read_alarms(run: Path) -> tuple[Alarm, ...]:
    """Return the alarms about the model that the evaluation in the folder ``run`` asked, if training kept it.

    About a checkpoint are those up to its step, about the base none, and about any other model there, which comes
    after the last step, all. Raises what :func:`read_log` raises.
    """
    run = run.resolve()
    if run.parent.name not in (EVALUATIONS, GREEDY_EVALUATIONS, FINAL, GREEDY_FINAL) or run.name == BASE:
        return ()
    raised = read_log(run.parent.parent / FILE)
    checkpoint = re.fullmatch(r"step-(\d+)", run.name)
    return tuple(alarm for alarm in raised if checkpoint is None or alarm.step <= int(checkpoint[1]))


def read_log(path: Path) -> tuple[Alarm, ...]:
    """Return the alarms in a file of them; none where there is no file, or nothing in it.

    Raises :class:`EvaluationError` for a line that is no alarm, :class:`FileError` for one that is no JSON object.
    """
    if not path.exists() or path.stat().st_size == 0:
        return ()
    return tuple(_alarm(path, line) for line in read_lines(path))


def _alarm(path: Path, line: Line) -> Alarm:
    for fault in _faults(line.value):
        raise EvaluationError(f"{path}, line {line.number}: no alarm of a training run: {fault}.")
    return Alarm(**line.value)


def _faults(value: Mapping[str, Any]) -> Iterator[str]:
    """Say what keeps a line from being an alarm."""
    if set(value) != set(Alarm._fields):
        yield f"its keys are {list(value)}, wanted are {', '.join(Alarm._fields)}"
        return
    if type(value["step"]) is not int:
        yield f"step is {value['step']!r}, wanted is a whole number"
    for name in ("kind", "text"):
        if not isinstance(value[name], str):
            yield f"{name} is {value[name]!r}, wanted is text in quotes"
    rate = value["rate"]
    if rate is not None and (type(rate) not in (int, float) or not 0 <= rate <= 1):
        yield f"rate is {rate!r}, wanted is a share from 0 to 1, or null"
