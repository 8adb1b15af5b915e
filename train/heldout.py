"""The held-out comparison of a recipe: the same prompts, settings and rewards for base and tuned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..evaluate.advance import Advance, unwatched
from ..evaluate.engines import Loading
from ..evaluate.engines.checkpoint import fingerprint, locate
from ..evaluate.engines.spec import ModelSpec
from ..evaluate.evaluation import Evaluation, task_record
from ..evaluate.manifest import Manifest
from ..evaluate.run import Run
from ..evaluate.shards import Shard
from ..evaluate.types import Engine, Prompt
from ..files import write_lines
from .data import fitting, prompt_limit
from .recipe import Recipe
from .samples import SAMPLES, answer_samples

EVALUATIONS = "evaluation"
"""The folder, in that of a training run, of its evaluations: each is a run."""


def held_out(recipe: Recipe, note: Callable[[str], None] = lambda text: None) -> Evaluation:
    """Return what base and tuned are both asked, as the recipe's ``evaluation`` and the task's card say.

    Prompts too long for the model are left out, which ``note`` is told.

    >>> from grpokit.train import load_recipe
    >>> evaluation = held_out(load_recipe("arithmetic-tiny"))
    >>> len(evaluation.prompts), evaluation.sampling.samples, evaluation.task.primary
    (500, 4, 'correctness')
    """
    task, asked = recipe.task.load(), recipe.evaluation
    data = None if asked.data is None else Path(asked.data)
    sampling = task.sampling(samples=asked.samples, temperature=asked.temperature)
    prompts = list(task.prompts(asked.split, data=data, limit=asked.limit))
    prompts = _fitting(recipe, prompts, sampling.max_new_tokens, note)
    names = recipe.mix.names
    primary = task.primary if task.primary in names else names[0]
    record = task_record(task.name, primary, task.cluster, prompts, asked.data or f"{asked.split} split")
    return Evaluation(record, prompts, sampling, recipe.mix)


def _fitting(recipe: Recipe, prompts: list[Prompt], new_tokens: int, note: Callable[[str], None]) -> list[Prompt]:
    """Leave out prompts that are too long, as training does: the engine would refuse them, after training."""
    from transformers import AutoConfig

    from ..evaluate.engines.loading import load_tokenizer

    folder = locate(recipe.model.path, recipe.model.revision)
    longest = prompt_limit(AutoConfig.from_pretrained(folder), recipe.task.max_prompt_tokens, new_tokens)
    kept = fitting(prompts, load_tokenizer(folder), longest)
    if len(kept) < len(prompts):
        note(
            f"{len(prompts) - len(kept)} of {len(prompts)} held-out prompts have more than {longest} tokens; left out."
        )
    return kept


def loading(recipe: Recipe) -> Loading:
    """Return how the base is loaded, in training and in the comparison alike."""
    device = "cpu" if recipe.settings.get("use_cpu") else "auto"
    return Loading(dtype=recipe.model.dtype, device=device, quantization=recipe.model.quantization)


class Place(NamedTuple):
    """A model of the comparison at the end, and where its run is, or is to be."""

    spec: ModelSpec
    folder: Path
    finished: bool


def places(recipe: Recipe, adapter: Path) -> list[Place]:
    """Return the base and the tuned model of a recipe whose adapter is in the folder ``adapter``.

    Either may have been evaluated while training: a finished run of the very same weights is not done again.
    """
    Shard.current().wait()  # the first process writes the adapter
    model, evaluations = recipe.model, adapter / EVALUATIONS
    folder = locate(model.path, model.revision)
    base = ModelSpec("base", model.path, revision=model.revision)
    tuned = ModelSpec("tuned", model.path, revision=model.revision, adapter=str(adapter))
    return [_place(base, fingerprint(folder), evaluations), _place(tuned, fingerprint(folder, adapter), evaluations)]


def _place(spec: ModelSpec, weights: str, evaluations: Path) -> Place:
    for scores in sorted(evaluations.glob("*/scores.jsonl")):
        if Manifest.read(scores.parent).weights == weights:
            return Place(spec, scores.parent, True)
    return Place(spec, evaluations / spec.name, False)


def ask(recipe: Recipe, evaluation: Evaluation, engine: Engine, folder: Path, advance: Advance = unwatched) -> Run:
    """Ask a model the held-out prompts and the recipe's sample questions; what stands in ``folder`` is kept."""
    run = evaluation.run(engine, folder, resume=True, advance=advance)
    if recipe.samples and not (folder / SAMPLES).exists():
        answers = answer_samples(recipe, engine)
        if Shard.current().first:
            write_lines(folder / SAMPLES, (answer._asdict() for answer in answers))
    Shard.current().wait()
    return run
