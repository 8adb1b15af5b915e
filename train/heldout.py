"""The held-out comparison of a recipe: the same prompts, settings and rewards for base and tuned."""

from __future__ import annotations

from pathlib import Path

from ..evaluate.engines import Loading
from ..evaluate.engines.spec import ModelSpec
from ..evaluate.evaluation import Evaluation, task_record
from ..evaluate.tasks import load_task
from .recipe import Recipe


def held_out(recipe: Recipe) -> Evaluation:
    """Return what base and tuned are both asked, as the recipe's ``evaluation`` and the task's card say.

    >>> from grpokit.train import load_recipe
    >>> evaluation = held_out(load_recipe("arithmetic-tiny"))
    >>> len(evaluation.prompts), evaluation.sampling.samples, evaluation.task.primary
    (500, 4, 'correctness')
    """
    task, asked = load_task(recipe.task.name), recipe.evaluation
    data = None if asked.data is None else Path(asked.data)
    prompts = list(task.prompts(asked.split, data=data, limit=asked.limit))
    names = recipe.mix.names
    primary = task.primary if task.primary in names else names[0]
    record = task_record(task.name, primary, task.cluster, prompts, asked.data or f"{asked.split} split")
    return Evaluation(record, prompts, task.sampling(samples=asked.samples, temperature=asked.temperature), recipe.mix)


def loading(recipe: Recipe) -> Loading:
    """Return how the base is loaded, in training and in the comparison alike."""
    device = "cpu" if recipe.settings.get("use_cpu") else "auto"
    return Loading(dtype=recipe.model.dtype, device=device, quantization=recipe.model.quantization)


def pair(recipe: Recipe, adapter: Path) -> list[ModelSpec]:
    """Return the base and the tuned model of a recipe whose adapter is in the folder ``adapter``."""
    model = recipe.model
    base = ModelSpec("base", model.path, revision=model.revision)
    return [base, ModelSpec("tuned", model.path, revision=model.revision, adapter=str(adapter))]
