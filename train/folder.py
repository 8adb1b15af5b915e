"""The output folder of a training run: it holds one run, and says which."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..files import write_atomically
from ..locks import LOCK
from ..plain_yaml import YamlError, parse_yaml, read_yaml
from .recipe.recipe import Recipe
from .types import TrainingError

RECIPE = "recipe.yaml"
CHECKPOINTS = "checkpoints"
HISTORY = "history.jsonl"
ENDLESS = ("constant", "constant_with_warmup")
"""The schedules of the learning rate that a longer run begins as a shorter one does."""

WHOLE = "whole.json"
"""The file in a checkpoint that is written when all others are on the disk: their sizes."""


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


def go_on(out: Path, recipe: Recipe) -> bool:
    """Say whether ``out`` holds a run of this recipe that can be resumed; an empty folder holds none.

    What is left of one that was killed before its first checkpoint is cleared away. Raises :class:`TrainingError` for
    anything else in there.
    """
    if is_empty(out):
        return False
    _check_same(out / RECIPE, recipe)
    if last_checkpoint(out) is not None:
        return True
    clear(out)
    return False


def check_own(out: Path, recipe: Recipe) -> None:
    """Raise :class:`TrainingError` for a folder that holds anything but a run of this recipe; it may be empty."""
    if not is_empty(out):
        _check_same(out / RECIPE, recipe)


def clear(out: Path) -> None:
    """Remove what is left of a run that did not come to its first checkpoint."""
    for path in out.iterdir():
        if path.name != LOCK:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


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
    """Return the whole checkpoint with the most steps: one that is half-written or torn is passed over.

    Whole is one with the marker that is written last, whose files have the sizes that it lists. One without a marker,
    of a process that was killed just before it, counts where there is no other.
    """
    written = [path.parent for path in (out / CHECKPOINTS).glob("checkpoint-*/trainer_state.json")]
    sizes = {folder: _marked_sizes(folder) for folder in written}
    marked = [folder for folder, listed in sizes.items() if listed and listed == file_sizes(folder, listed)]
    unmarked = [folder for folder, listed in sizes.items() if listed is None]
    return max(marked or unmarked, key=checkpoint_step, default=None)


def mark_whole(folder: Path) -> None:
    """Put the files of a checkpoint on the disk, and say beside them that they are all there."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        with path.open("rb") as file:
            os.fsync(file.fileno())
    names = [str(path.relative_to(folder)) for path in files]
    write_atomically(folder / WHOLE, json.dumps(file_sizes(folder, names)) + "\n")


def file_sizes(folder: Path, names: Iterable[str]) -> dict[str, int | None]:
    """Return the sizes of files, None where there is none."""
    paths = {name: folder / name for name in names}
    return {name: path.stat().st_size if path.is_file() else None for name, path in paths.items()}


def _marked_sizes(folder: Path) -> dict[str, int] | None:
    """Return the sizes that the marker lists; nothing for a torn one, None for none."""
    try:
        sizes = json.loads((folder / WHOLE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return sizes if isinstance(sizes, dict) else {}


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
    changed = sorted(_changes({key: stored.get(key) for key in training}, {key: now.get(key) for key in training}))
    if changed == ["grpo.max_steps"] and now["grpo"]["max_steps"] > stored["grpo"].get("max_steps", -1) > 0:
        schedule = recipe.settings.get("lr_scheduler_type", "linear")
        if schedule in ENDLESS:
            return
        raise TrainingError(
            f"{path.parent} holds a run of {stored['grpo']['max_steps']} steps with lr_scheduler_type={schedule}, "
            "which spreads over them, so a longer run is another one: give another --out, and "
            f"model.adapter={path.parent} to go on from its adapter."
        )
    if changed:
        differ = "; ".join(f"{key} was {_at(stored, key)}, is {_at(now, key)}" for key in changed[:3])
        raise TrainingError(f"{path.parent} holds a run of another recipe ({differ}); give another --out.")


def _changes(before: object, now: object, place: str = "") -> Iterator[str]:
    """Yield the keys, dotted, under which two recipes say different things."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in before.keys() | now.keys():
            yield from _changes(before.get(key), now.get(key), f"{place}.{key}" if place else key)
    elif before != now:
        yield place


def _at(recipe: dict[str, Any], key: str) -> str:
    value: Any = recipe
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return "unset" if value is None else f"{value!r:.60}"
