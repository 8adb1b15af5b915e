"""Several training runs of one recipe that differ by the seed alone, each in a folder of its own beside the others."""

from __future__ import annotations

import gc
import shutil
import sys
from pathlib import Path

from ..evaluate.paired.alarms import BASE, EVALUATIONS, FINAL, GREEDY_EVALUATIONS, GREEDY_FINAL
from ..files import replacing
from .recipe.recipe import Recipe


def seed_folder(out: Path, seed: int) -> Path:
    """Return the folder of the run with this seed among those in ``out``.

    >>> str(seed_folder(Path("runs/mine"), 3))
    'runs/mine/seed-3'
    """
    return out / f"seed-{seed}"


def with_seed(recipe: Recipe, seed: int) -> Recipe:
    """Return the recipe with this seed of training; what is asked of the models, and how, stays.

    >>> from grpokit.train import load_recipe
    >>> with_seed(load_recipe("arithmetic-tiny"), 3).settings["seed"]
    3
    """
    return recipe.model_copy(update={"grpo": {**recipe.grpo, "seed": seed}})


def take_over_base(common: Path, out: Path) -> None:
    """Copy the base's finished evaluations in the folder ``common`` into the training run ``out``, which asks the same.

    Evaluations that ``out`` has begun itself stay. A copy that is cut short is one that the run goes on with.
    """
    for name in (EVALUATIONS, GREEDY_EVALUATIONS, FINAL, GREEDY_FINAL):
        source, target = common / name / BASE, out / name / BASE
        if (source / "scores.jsonl").exists() and not target.exists():
            target.mkdir(parents=True)
            files = [path for path in source.iterdir() if path.is_file() and not path.name.startswith(".")]
            for path in sorted(files, key=lambda path: path.name != "manifest.json"):  # it says whose the others are
                with path.open("rb") as file, replacing(target / path.name) as copy:
                    shutil.copyfileobj(file, copy)


def let_go() -> None:
    """Give back what a finished run still holds: its memory, on the GPU too, and its run at Weights & Biases."""
    gc.collect()
    if (torch := sys.modules.get("torch")) is not None:
        torch.cuda.empty_cache()
    if (wandb := sys.modules.get("wandb")) is not None:
        wandb.finish()  # else the next one's figures go into the same run
