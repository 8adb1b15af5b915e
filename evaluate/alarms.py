"""What training raised about a model: read beside the held-out evaluations that a training run keeps."""

from __future__ import annotations

from pathlib import Path

from ..files import read_lines
from .explanation import Alarm
from .types import EvaluationError

EVALUATIONS = "evaluation"
"""The folder, in that of a training run, of its held-out evaluations: each is a run."""

GREEDY_EVALUATIONS = "evaluation-greedy"
"""The folder of the greedy evaluations that go with sampled ones."""

FILE = "alarms.jsonl"
"""The file beside them with one alarm a line."""


def read_alarms(run: Path) -> tuple[Alarm, ...]:
    """Return the alarms of the training run that the evaluation in the folder ``run`` belongs to, if it does to one.

    Raises :class:`EvaluationError` for a line that is no alarm.
    """
    evaluations = run.resolve().parent
    path = evaluations.parent / FILE
    if evaluations.name not in (EVALUATIONS, GREEDY_EVALUATIONS) or not path.exists():
        return ()
    try:
        return tuple(Alarm(**line.value) for line in read_lines(path))
    except TypeError:
        keys = ", ".join(Alarm._fields)
        raise EvaluationError(f"{path}: a line is no alarm of a training run; its keys are {keys}.") from None
