"""The folder of a suite: ``suite.json``, which says what its tasks are there for, and a run per task and model.

``DIR/suite.json``, ``DIR/TASK/MODEL/manifest.json`` and so on: each task's folder is a comparison of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ...files import dump_json, parse_once, read_whole, write_atomically
from ...names import folder_names
from ..paired.margins import Margin
from ..runs.run import SUITE, Run, run_folders
from ..types import EvaluationError
from .card import Role, Suite

SCHEMA = 1

_BESIDE = re.compile(r"\.\./[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class TaskEntry:
    """A task as a suite's folder has it: ``margin`` as it is written, None for that of whoever compares.

    Its runs are in ``folder``; or they are ``runs`` of a training run, by the names of the models: paths such as
    ``../final/base`` from the suite's folder, beside which they lie.
    """

    task: str
    role: Role
    margin: str | None
    folder: str
    runs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SuiteFolder:
    """A suite of runs on disk."""

    path: Path
    name: str
    tasks: tuple[TaskEntry, ...]

    @classmethod
    def of(cls, suite: Suite, path: Path, *, allow_code: bool = False) -> SuiteFolder:
        """Return the folder that the runs of a suite go into; nothing is written."""
        asked = [(one.load(allow_code=allow_code).name, role, one.margin) for one, role in suite.roles()]
        folders = folder_names([name for name, _, _ in asked])
        entries = [TaskEntry(*task, folder) for task, folder in zip(asked, folders, strict=True)]
        return cls(path, suite.name, tuple(entries))

    @classmethod
    def read(cls, path: Path) -> SuiteFolder:
        """Read ``suite.json``; raise :class:`EvaluationError` where it is missing or no suite's."""
        file = path / SUITE
        try:
            stored = parse_once(read_whole(file))
            if stored["schema"] != SCHEMA:
                raise EvaluationError(f"{file} has schema {stored['schema']}; this version reads {SCHEMA}.")
            folder = cls(path, str(stored["name"]), tuple(TaskEntry(**one) for one in stored["tasks"]))
            folder._check()
        except EvaluationError:
            raise
        except OSError as error:
            raise EvaluationError(f"cannot read {file}: {error.strerror}.") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise EvaluationError(f"{file} is not what a suite writes; compare its tasks one by one.") from None
        return folder

    def _check(self) -> None:
        """Raise ValueError for entries that were not written by :meth:`write`."""
        for one in self.tasks:
            words = (one.task, one.role, one.folder)
            if not all(isinstance(word, str) for word in words) or one.role not in ("target", "guard"):
                raise ValueError(one)
            if one.folder in ("", ".", "..") or "/" in one.folder:
                raise ValueError(one)
            if any(not _BESIDE.fullmatch(place) or ".." in place[3:].split("/") for place in one.runs.values()):
                raise ValueError(one)
            if one.margin is not None:
                Margin.parse(one.margin)
        if not self.tasks:
            raise ValueError("no task")

    def write(self) -> None:
        """Write ``suite.json``, whole or not at all; raise :class:`EvaluationError` where it is another suite's."""
        if (self.path / SUITE).exists():
            if (there := SuiteFolder.read(self.path)) != self:
                raise EvaluationError(
                    f"{self.path} holds the suite {there.name!r} with other tasks or margins; give another --out."
                )
            return
        value = {"schema": SCHEMA, "name": self.name, "tasks": [asdict(one) for one in self.tasks]}
        write_atomically(self.path / SUITE, dump_json(value, indent=2) + "\n")

    def places(self, entry: TaskEntry, models: Sequence[str]) -> list[Path]:
        """Return the folders of a task's runs, one per model."""
        return [self.path / entry.folder / name for name in folder_names(models)]

    def runs(self, entry: TaskEntry) -> list[Run]:
        """Open the runs of a task, the first-created one first; raise :class:`EvaluationError` where there is none."""
        if not entry.runs:
            return [Run.open(folder) for folder in run_folders(self.path / entry.folder)]
        runs = {name: Run.open(self.path / place) for name, place in entry.runs.items()}
        return [replace(run, manifest=replace(run.manifest, model=name)) for name, run in runs.items()]


def is_suite(path: Path) -> bool:
    """Return whether a folder is that of a suite."""
    return (path / SUITE).is_file()
