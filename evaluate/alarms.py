"""What training raised about a model: read beside the held-out evaluations that a training run keeps."""

from __future__ import annotations

from pathlib import Path

from ..files import read_lines
from .explanation import TrainingAlarm
from .types import EvaluationError

EVALUATIONS = ("evaluation", "evaluation-greedy")
"""The folders of a training run in which its held-out evaluations stand."""

FILE = "alarms.jsonl"
"""The file beside them with one alarm a line."""


def read_alarms(run: Path) -> tuple[TrainingAlarm, ...]:
    """Return the alarms of the training run that the evaluation in the folder ``run`` belongs to, if it does to one.

    Raises :class:`EvaluationError` for a line that is no alarm.
    """
    evaluations = run.resolve().parent
    path = evaluations.parent / FILE
    if evaluations.name not in EVALUATIONS or not path.exists():
        return ()
    try:
        return tuple(TrainingAlarm(**line.value) for line in read_lines(path))
    except TypeError:
        keys = ", ".join(TrainingAlarm._fields)
        raise EvaluationError(f"{path}: a line is no alarm of a training run; its keys are {keys}.") from None
