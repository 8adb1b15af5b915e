"""The base's held-out answers from an earlier run: a base is asked once, whatever is trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...evaluate.engines.checkpoint import fingerprint, locate
from ...evaluate.engines.model_path import expanded
from ...evaluate.finished import difference_of, take
from ...evaluate.paired.alarms import BASE
from ...evaluate.paired.table import read_table
from ...evaluate.runs.run import Run, runs_below
from ...evaluate.runs.shards import Shard
from ..types import TrainingError
from .samples import SAMPLES

if TYPE_CHECKING:
    from ..recipe.recipe import Recipe
    from .questions import HeldOutQuestions


class EarlierAnswers(NamedTuple):
    """Held-out questions, and the earlier run in which the base has answered them."""

    questions: HeldOutQuestions
    run: Run


def take_earlier(recipe: Recipe, questions: Sequence[HeldOutQuestions], out: Path) -> None:
    """Copy what the base has answered before into the training run ``out``; raises what :func:`earlier` raises."""
    if Shard.current().first:
        for one, run in earlier(recipe, questions, out):
            take(run, BASE, out / one.folder / BASE, without=(SAMPLES,))  # answers to another recipe's samples
    Shard.current().wait()


def earlier(recipe: Recipe, questions: Sequence[HeldOutQuestions], out: Path) -> list[EarlierAnswers]:
    """Return which of ``questions`` the base has answered in the recipe's ``evaluation.base``, and not yet in ``out``.

    Those that a verdict goes by must be there; greedy answers beside sampled ones, and a suite's other tasks, need not.
    Raises :class:`TrainingError` with the first thing that differs, and what :func:`read_table` raises.
    """
    asked = [one for one in questions if not (out / one.folder / BASE).exists()]
    if recipe.evaluation.base is None or not asked:
        return []
    runs = _runs(recipe, expanded(recipe.evaluation.base))
    answers = []
    for one in asked:
        differences = [difference_of(run, one.evaluation) for run in runs]
        if None in differences:
            run = runs[differences.index(None)]
            read_table(run)  # a line that was edited is said now, not when a model has been trained
            answers.append(EarlierAnswers(one, run))
        elif one.leading:
            names = [run.manifest.task.name for run in runs]
            place = names.index(one.evaluation.task.name) if one.evaluation.task.name in names else 0
            raise TrainingError(
                f"evaluation.base={runs[place].path}: {differences[place]}. Ask as it was asked, or leave it out."
            )
    return answers


def _runs(recipe: Recipe, place: Path) -> list[Run]:
    """Return the runs in a folder that are of what training begins with."""
    runs, weights = runs_below(place), start_weights(recipe)
    own = [run for run in runs if run.manifest.weights == weights]
    if own:
        return own
    held = "the weights of its runs are not the model's" if runs else "it holds no run"
    raise TrainingError(f"evaluation.base={place}: {held}; give a run of {recipe.model.path}, or leave it out.")


def start_weights(recipe: Recipe) -> str:
    """Return the fingerprint of what training begins with: the base, and the adapter that it goes on from."""
    start = recipe.model.start.adapter_folder
    return fingerprint(locate(recipe.model.base), *([] if start is None else [start]))


def is_taken(run: Path) -> bool:
    """Return whether the run in a folder is such a copy."""
    return (run / "manifest.json").exists() and "taken_from" in Run.open(run).manifest.engine
