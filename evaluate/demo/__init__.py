"""The embedded demo: a tiny base checkpoint and a procedural task, so that the whole loop runs with no network."""

from __future__ import annotations

from pathlib import Path

from .arithmetic import Problem, problems

__all__ = ["Problem", "checkpoint_path", "problems"]


def checkpoint_path() -> Path:
    """Return the folder of the embedded checkpoint.

    >>> (checkpoint_path() / "config.json").is_file()
    True
    """
    from importlib.resources import files

    return Path(str(files(__package__) / "checkpoint"))
