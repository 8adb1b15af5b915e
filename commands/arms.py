"""Arms as they are written, ``NAME=RUN[,RUN...]``: runs, training runs' folders, and patterns of them."""

from __future__ import annotations

import glob
import re
from pathlib import Path

from .log_options import Source
from .options import UsageError


def arm_places(source: Source) -> list[Path]:
    """Return the places of an arm's runs; none where the source is a run, a folder of runs or a log.

    An arm has a name before it, and is several places, a pattern, or a training run's folder. Patterns are expanded
    here, since no shell does after ``=``; numbers in names count as such, so that seed-10 comes after seed-9. Raises
    :class:`UsageError` for a pattern that no folder fits.
    """
    if source.name is None:
        return []
    if source.path.exists():
        return [source.path] if (source.path / "recipe.yaml").is_file() else []
    parts = str(source.path).split(",")
    if len(parts) == 1 and not glob.has_magic(parts[0]):
        return []
    return [place for part in parts for place in _expanded(part)]


def _expanded(part: str) -> list[Path]:
    if Path(part).exists() or not glob.has_magic(part):
        return [Path(part)]
    folders = [path for path in glob.glob(part) if Path(path).is_dir()]
    if not folders:
        raise UsageError(f"no folder fits {part}; give runs, or training runs such as 'runs/mine/seed-*'.")
    return [Path(path) for path in sorted(folders, key=_by_numbers)]


def _by_numbers(path: str) -> list[tuple[int, str]]:
    """Return a key that orders names as a person would.

    >>> sorted(["seed-10", "seed-9"], key=_by_numbers)
    ['seed-9', 'seed-10']
    """
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path)]
