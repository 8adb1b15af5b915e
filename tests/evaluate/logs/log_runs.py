"""Reads logs as the commands do, for the tests of every reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate import Run
from grpokit.evaluate.logs.imports import Grading, import_log
from grpokit.evaluate.logs.log import LogChoice
from grpokit.evaluate.logs.recognition import open_log


def runs_of(path: Path, grading: Grading | None = None, name: str | None = None, **choice: Any) -> list[Run]:
    out = path.parent / f"run-{len(list(path.parent.glob('run-*')))}"
    return import_log(open_log(path, LogChoice(**choice)), grading or Grading(None), out, name)


def run_of(path: Path, **choice: Any) -> Run:
    (run,) = runs_of(path, **choice)
    return run


def values(run: Run) -> dict[str, dict[str, float | None]]:
    """Return each metric's values by question."""
    return {
        name: {score.prompt_id: score.rewards[name].value for score in run.scores()}
        for name in run.manifest.mix.weights
    }


def refusal(path: Path, grading: Grading | None = None, name: str | None = None, **choice: Any) -> str:
    with pytest.raises(GrpokitError) as caught:
        runs_of(path, grading, name, **choice)
    assert "\n" not in str(caught.value)
    return str(caught.value)
