"""Where training begins: what can be judged without the training libraries is judged before they are imported."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ..evaluate.runs.shards import Shard
from ..locks import locked
from ..rewards import RewardMix
from .data import training_rows
from .folder import checkpoint_step, claim, is_finished
from .recipe.plan import plan_for
from .recipe.recipe import Recipe
from .types import Silent, TrainedAdapter, Watcher

if TYPE_CHECKING:
    from .check import Check
    from .run import TrainingRun

ONE_STEP = {"max_steps": 1, "logging_steps": 1, "save_strategy": "no", "report_to": "none"}
"""What a check sets in a recipe."""


def train(
    recipe: Recipe,
    out: Path,
    *,
    resume: bool = False,
    compared: bool = False,
    common: Path | None = None,
    watcher: Watcher | None = None,
) -> TrainedAdapter:
    """Train a LoRA adapter with GRPO and write it, its tokenizer and the resolved recipe to ``out``.

    ``out`` also gets ``history.jsonl`` (the figures of every step), ``checkpoints/``, ``evaluation/`` where the recipe
    evaluates while training, and ``alarms.jsonl`` when there was an alarm. With ``resume`` the run in ``out`` goes on
    from its last checkpoint; of a finished one nothing is done again. Rows that are held-out rows too are left
    out where the recipe evaluates while training, or base and tuned are ``compared`` afterwards. What the base answered
    in the folder ``common``, to the same questions, is taken over. Raises
    :class:`TrainingError` for what is wrong with the recipe or would train nothing, before the model is loaded where
    that can be known, and KeyboardInterrupt, after a checkpoint, when the user stops the run.
    """
    rows = training_rows(recipe, compared=compared or recipe.evaluation.every is not None)
    RewardMix.parse(recipe.rewards)  # rewards of the user's own are imported here first
    plan = plan_for(recipe, len(rows.prompts))
    with locked(out) if Shard.current().first else nullcontext():
        start = claim(out, recipe, resume=resume)
        if start is not None and is_finished(out) and checkpoint_step(start) >= (plan.steps or 0):
            return TrainedAdapter(out, checkpoint_step(start), 0.0, {})

        return _training_run()(recipe, plan, rows, out, watcher or Silent(), common).complete(start)


def check(recipe: Recipe, watcher: Watcher | None = None) -> Check:
    """Draw one batch, score it and learn from it once, in a folder that is removed; return what that says of the run.

    Raises what :func:`train` raises, save for folders.
    """
    rows = training_rows(recipe, compared=True)
    RewardMix.parse(recipe.rewards)
    whole = plan_for(recipe, len(rows.prompts))
    one = recipe.model_copy(update={"grpo": {**recipe.grpo, **ONE_STEP}})

    with TemporaryDirectory() as folder:
        plan = plan_for(one, len(rows.prompts))
        return _training_run()(one, plan, rows, Path(folder), watcher or Silent(), None).check(whole)


def _training_run() -> type[TrainingRun]:
    """Import what trains, which takes seconds, once all is judged that can be judged without; its libraries talk."""
    from .quiet import quiet

    with quiet():
        from .run import TrainingRun
    return TrainingRun
