"""What ``grpo-train --dry-run`` shows: the resolved recipe, its steps and tokens, its memory by part, the disk."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from ..errors import GrpokitError
from ..evaluate.engines.model_path import expanded
from ..evaluate.evaluation import task_record
from ..evaluate.runs.run import runs_below
from ..evaluate.runs.shards import Shard
from ..train import Plan, Recipe, TrainingError
from ..train.data import held_out_parts, training_rows
from ..train.heldout.overlap import TrainingRows
from ..train.recipe.architecture import Architecture, find_architecture
from ..train.recipe.base_check import check_base
from ..train.recipe.memory import Memory, estimate
from ..train.recipe.plan import plan_for
from ..train.recipe.suite import suite_of
from .options import RUNS

ASSUMED_PROMPT = 512
"""Tokens of a prompt, for the memory, where the recipe sets no limit."""


def show_dry_run(recipe: Recipe, out: Path | None, *, compared: bool) -> None:
    """Print, once for all processes, what a run would be, without loading a model or fetching anything.

    Where base and tuned are ``compared`` the rows that are held-out rows too are left out, as far as both are here.
    """
    rows = _rows(recipe, compared)
    plan = plan_for(recipe, None if rows is None else len(rows.prompts))
    try:
        model, unknown = find_architecture(recipe.model.base), None
    except GrpokitError as error:  # a type of model whose layers are not known is no mistake of the recipe
        model, unknown = None, str(error)
    check_base(recipe, plan, model)
    if not Shard.current().first:
        return
    sys.stdout.write(recipe.to_yaml())
    _show_plan(recipe, plan)
    if rows is not None and rows.left_out:
        print(f"note: {rows.sentence}")
    if compared and recipe.evaluation.chooses and _is_here(recipe):
        print(f"note: {held_out_parts(recipe).sentence}")
    if model is None:
        needed = f"the estimate needs the config.json of {recipe.model.path}, which is not on this machine yet."
        print(f"memory: {unknown or needed}")
    else:
        _show_memory(recipe, plan, model, out or RUNS)


def check_held_out(recipe: Recipe) -> None:
    """Refuse what the run would refuse of its evaluation; of a hub data set, whose rows are unknown, the split alone.

    Raises EvaluationError, and TrainingError for an ``evaluation.base`` without a run.
    """
    task, asked = recipe.load_task(), recipe.evaluation
    asked.sampling(task)
    suite_of(recipe)
    if asked.base is not None and not runs_below(expanded(asked.base)):
        raise TrainingError(f"evaluation.base={asked.base}: it holds no run; give the folder of one, or leave it out.")
    if not _is_here(recipe):
        task.source.rows(asked.split)  # none is read: they are fetched from the first on
    else:
        task_record(task.name, task.primary, task.cluster, held_out_parts(recipe).final.prompts, asked.split)


def _is_here(recipe: Recipe) -> bool:
    """Return whether the held-out rows are known: those of a hub data set are not before they are fetched."""
    own = recipe.task.data if recipe.evaluation.holdout else recipe.evaluation.data
    return own is not None or recipe.load_task().source.hub is None


def _rows(recipe: Recipe, compared: bool) -> TrainingRows | None:
    """Return the rows of a local source; those of a hub data set are not known before they are fetched."""
    if any(section.data is None and section.load().source.hub for section in (recipe.task, *recipe.also)):
        return None
    return training_rows(recipe, compared=compared and _is_here(recipe))


def _show_plan(recipe: Recipe, plan: Plan) -> None:
    geometry = plan.geometry
    steps = "as many steps as the rows make" if plan.steps is None else f"{plan.steps} steps"
    tokens = "" if plan.max_tokens is None else f"at most {plan.max_tokens:,} tokens generated; "
    print(
        f"\n{steps} of {geometry.completions_per_step} completions; each generation batch: "
        f"{geometry.prompts} prompts x {geometry.num_generations} completions, in micro-batches of "
        f"{geometry.micro_batch} on {geometry.processes} process(es)\n"
        f"{tokens}{_checkpoints(recipe, plan)}"
    )
    for note in plan.notes:
        print(f"note: {note}")


def _checkpoints(recipe: Recipe, plan: Plan) -> str:
    strategy = recipe.settings.get("save_strategy", "steps")
    every = {"epoch": "a checkpoint per epoch", "no": "no checkpoints"}
    return every.get(strategy, f"a checkpoint every {plan.save_steps:g} steps")


def _show_memory(recipe: Recipe, plan: Plan, model: Architecture, out: Path) -> None:
    wanted = recipe.task.max_prompt_tokens or ASSUMED_PROMPT
    prompt = min(wanted, model.context - plan.completion_tokens) if model.context else wanted
    memory = estimate(recipe, model, plan.geometry, prompt)
    print(f"memory on each device, estimated for prompts of {prompt} tokens:")
    for name, size in _parts(memory):
        print(f"  {name:44} {_readable(size):>9}")
    existing = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    print(f"disk: {_readable(memory.checkpoint)} per checkpoint; {_readable(free)} free in {existing}")


def _parts(memory: Memory) -> list[tuple[str, float]]:
    return [
        ("weights", memory.weights),
        ("adapter", memory.adapter),
        ("optimizer", memory.optimizer),
        ("learning: gradients", memory.gradients),
        ("learning: activations of a micro-batch", memory.activations),
        ("learning: the layer in hand, or", memory.layer),
        ("learning: logits, a tile at a time", memory.logits),
        ("drawing: cache of a generation batch", memory.cache),
        ("drawing: probabilities of the next tokens", memory.sampling),
        ("drawing: adapter merged into a copy", memory.merged),
        ("peak (learning and drawing alternate)", memory.peak),
    ]


def _readable(size: float) -> str:
    """Return a size in decimal units.

    >>> _readable(328_000), _readable(5.56e9)
    ('328.0 kB', '5.6 GB')
    """
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
