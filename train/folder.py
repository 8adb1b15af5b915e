"""The output folder of a training run: it holds one run, and says which."""

from __future__ import annotations

import re
from pathlib import Path

from ..files import LOCK, write_atomically
from ..plain_yaml import YamlError, parse_yaml, read_yaml
from .recipe.recipe import Recipe
from .types import TrainingError

RECIPE = "recipe.yaml"
CHECKPOINTS = "checkpoints"
HISTORY = "history.jsonl"


def claim(out: Path, recipe: Recipe, *, resume: bool) -> Path | None:
    """Check that ``out`` can take the run; return the checkpoint to go on from, or None for a new run.

    Raises :class:`TrainingError` when the folder holds something else, or nothing to resume.
    """
    if out.exists() and not out.is_dir():
        raise TrainingError(f"{out} is a file; give a folder as --out.")
    if not resume:
        if not is_empty(out):
            raise TrainingError(f"{out} is not empty; give --resume to go on with the run in it, or another --out.")
        return None
    _check_same(out / RECIPE, recipe)
    checkpoint = last_checkpoint(out)
    if checkpoint is None:
        raise TrainingError(f"{out} holds no checkpoint to resume from; start again with another --out.")
    return checkpoint


def open_folder(out: Path, recipe: Recipe) -> None:
    """Make the folder and write down the recipe, before the first step."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"cannot write into {out}: {error.strerror}.") from None
    write_atomically(out / RECIPE, recipe.to_yaml())


def is_empty(out: Path) -> bool:
    """Say whether there is no file in ``out`` yet; there need not be such a folder."""
    return not any(path.is_file() and path.name != LOCK for path in out.rglob("*"))


def is_finished(out: Path) -> bool:
    """Say whether training in ``out`` has ended and everything of it is written."""
    return (out / HISTORY).exists()


def last_checkpoint(out: Path) -> Path | None:
    """Return the whole checkpoint with the most steps: one that a killed run left half-written is passed over."""
    whole = [path.parent for path in (out / CHECKPOINTS).glob("checkpoint-*/trainer_state.json")]
    return max(whole, key=checkpoint_step, default=None)


def checkpoint_step(folder: Path) -> int:
    """Return the number of steps in a checkpoint folder's name.

    >>> checkpoint_step(Path("checkpoint-60"))
    60
    """
    number = re.search(r"\d+$", folder.name)
    return int(number[0]) if number else 0


def _check_same(path: Path, recipe: Recipe) -> None:
    try:
        stored = read_yaml(path)
    except OSError:
        raise TrainingError(f"{path.parent} holds no run to resume: there is no {RECIPE} in it.") from None
    except (YamlError, UnicodeDecodeError):
        stored = None
    if not isinstance(stored, dict):
        raise TrainingError(f"{path} is no recipe that this run was begun with; give another --out.")
    now = parse_yaml(recipe.to_yaml())
    training = (now.keys() | stored.keys()) - {"export", "reward_timeout"}  # which train nothing
    changed = sorted(key for key in training if now.get(key) != stored.get(key))
    if changed:
        raise TrainingError(
            f"{path.parent} holds a run of another recipe ({', '.join(changed)} differ); give another --out."
        )
