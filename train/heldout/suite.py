"""The suite of a recipe: held-out questions are a target of it, and its other tasks are asked of base and tuned too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ...evaluate.evaluation import Evaluation, task_record
from ...evaluate.runs.run import SUITE, Run
from ...evaluate.scoring import primary_of
from ...evaluate.suites.card import SuiteTask
from ...evaluate.suites.folder import SuiteFolder
from ...evaluate.tasks import is_packaged
from ...evaluate.types import Prompt
from ...rewards import RewardMix
from ...rewards.fault_isolation import Calls
from ...rewards.spec import registered_only
from ..export import MERGED
from ..recipe.recipe import Recipe
from ..recipe.suite import suite_of
from .questions import HeldOutQuestions, fitting_prompts

FOLDER = "suite"
"""The folder of a training run's suite, which ``grpo-report`` reads."""


def suite_questions(recipe: Recipe, note: Callable[[str], None]) -> list[HeldOutQuestions]:
    """Return what the tasks of the recipe's suite ask beside the held-out questions; none without a suite.

    Where a task has a limit, its questions are drawn with the seed 0, as ``grpo-eval run`` draws them. Prompts that are
    too long for the model are left out, of which ``note`` is called with a sentence. Raises EvaluationError, before
    anything is trained, for what cannot be asked.
    """
    suite = suite_of(recipe)
    if suite is None:
        return []
    folders = [entry.folder for entry in SuiteFolder.of(suite, Path(FOLDER)).tasks]
    asked = [one for one, _ in suite.roles()]
    return [
        HeldOutQuestions(one.load().name, f"{FOLDER}/{folder}", _evaluation(recipe, one, note))
        for one, folder in zip(asked[1:], folders[1:], strict=True)
    ]


def _evaluation(recipe: Recipe, one: SuiteTask, note: Callable[[str], None]) -> Evaluation:
    task = one.load().with_template(recipe.template)
    mix = RewardMix.parse(task.rewards if is_packaged(one.task) else registered_only(task.rewards, one.task))
    sampling = task.sampling()
    drawn, source = _drawn(one)
    prompts = fitting_prompts(recipe, drawn, sampling, note)
    primary = primary_of(mix, task.primary)
    record = task_record(task.name, primary, task.cluster, prompts, source, task.reference)
    evaluation = Evaluation(record, prompts, sampling, mix, Calls(recipe.reward_timeout, note))
    evaluation.check()
    return evaluation


def _drawn(one: SuiteTask) -> tuple[list[Prompt], str]:
    """Return the prompts of a task, and in words where they are from."""
    task, source = one.load(), str(one.data) if one.data else f"{one.split} split"
    if one.limit is None:
        return list(task.prompts(one.split, data=one.data)), source
    drawn = task.draw(one.split, one.limit, 0, data=one.data)
    if drawn.rows <= one.limit:
        return drawn.prompts, source
    return drawn.prompts, f"{source}, {one.limit:,} of {drawn.rows:,} drawn with seed 0"


def suite_folder(recipe: Recipe, held_out: Sequence[Run], adapter: Path) -> SuiteFolder:
    """Return the folder of the suite in ``adapter``, after its other tasks were answered.

    The first target's runs are the ``held_out`` ones of base, tuned and merged model, where training keeps them.
    """
    suite = suite_of(recipe)
    assert suite is not None, "only a recipe with a suite has its folder"
    folder = SuiteFolder.of(suite, adapter / FOLDER)
    names = ("base", "tuned", MERGED)[: len(held_out)]
    places = {name: f"../{run.path.relative_to(adapter)}" for name, run in zip(names, held_out, strict=True)}
    own, *others = folder.tasks
    folder = replace(folder, tasks=(replace(own, runs=places), *others))
    folder.path.mkdir(exist_ok=True)
    (folder.path / SUITE).unlink(missing_ok=True)  # of fewer steps, before training went on
    folder.write()
    return folder
