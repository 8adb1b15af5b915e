"""Writes the folder of a suite by hand: runs of a base and of tuned models that are right as the lists say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from grpokit.evaluate.runs.manifest import Manifest
from grpokit.evaluate.suites.card import Role
from grpokit.evaluate.suites.folder import SuiteFolder, TaskEntry
from grpokit.tests.evaluate.stored_runs import write_run

Answers = Mapping[str, Sequence[int]]
"""How many of a hundred questions each model has right, in turn: by its name, one number per task."""

QUESTIONS = 400


def write_suite(
    folder: Path, roles: Mapping[str, Role], answers: Answers, margin: str | None = "0.05", name: str = "mine"
) -> SuiteFolder:
    """Write a suite whose tasks have :data:`QUESTIONS` questions; whoever is right more often is so on more of them."""
    suite = SuiteFolder(folder, name, tuple(TaskEntry(task, role, margin, task) for task, role in roles.items()))
    folder.mkdir(parents=True)
    suite.write()
    for place, task in enumerate(roles):
        for number, (model, right) in enumerate(answers.items()):
            scores = [[float(question % 100 < right[place])] for question in range(QUESTIONS)]
            run = write_run(folder / task / model, {"correctness": scores}, model)
            task_of = replace(run.manifest.task, name=task)
            mix = replace(run.manifest.mix, ranges={"correctness": [0.0, 1.0]})
            replace(run.manifest, task=task_of, mix=mix, created=f"2026-01-01T00:00:{number:02}+00:00").write(run.path)
    assert all(Manifest.read(folder / task / model).model == model for task in roles for model in answers)
    return suite
