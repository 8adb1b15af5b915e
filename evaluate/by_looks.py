"""Asking two or more models the same questions in turns, look by look, for whoever wants to stop when it is sure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

from .evaluation import Evaluation
from .paired.stages import Plan
from .progress import Advance
from .runs.run import Run
from .types import Engine, EvaluationError

Track: TypeAlias = Callable[[str, int], AbstractContextManager[Advance]]
"""Shows the progress of a job, given its name and its number of completions, for the time of a block."""


def looks_of(evaluation: Evaluation) -> Plan:
    """Return when an evaluation is looked at. Raises :class:`EvaluationError` where there is nothing to stop early."""
    task = evaluation.task
    if task.order is None:
        raise EvaluationError(
            f"task {task.name!r}: its prompts are in the order of the data, no start of which is fair."
        )
    plan = Plan.of(evaluation.prompts, task.cluster, task.order)
    if len(plan.looks) < 2:
        clusters = f" in {plan.looks[-1].units} clusters" if task.cluster else ""
        raise EvaluationError(
            f"task {task.name!r}: with {len(plan.ids)} questions{clusters} no look has 50 questions before the last "
            "one; ask more of them, or all of them at once."
        )
    return plan


def ask_by_looks(
    evaluation: Evaluation, engines: Sequence[Engine], folders: Sequence[Path], track: Track, *, resume: bool = False
) -> Iterator[list[Run]]:
    """Ask every model the questions of the next look, and yield their runs after each look.

    The prompts are in a random order, see :func:`~grpokit.evaluate.order.shuffled`. Whoever stops iterating leaves runs
    that can be compared as they are, and resumed. All models are held in memory. Raises :class:`EvaluationError` for
    an evaluation without a look before the last, and what :meth:`Evaluation.run` raises.
    """
    plan = looks_of(evaluation)
    for number, due in enumerate(plan.due, 1):
        runs = []
        for engine, folder in zip(engines, folders, strict=True):
            what = f"{engine.name}, look {number} of {len(plan.due)}"
            with track(what, due * evaluation.sampling.samples) as advance:
                runs.append(evaluation.run(engine, folder, resume=resume or number > 1, advance=advance, first=due))
        yield runs
