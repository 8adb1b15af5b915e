"""``grpo-eval score``: score the completions of a file, or of runs made before, into new runs."""

from __future__ import annotations

from pathlib import Path

from ...evaluate.logs.table import Columns, import_completions, rescore
from ...evaluate.runs.run import find_runs
from ..options import ScoringOptions
from ..progress import progress


def score_file(source: Path, columns: Columns, scoring: ScoringOptions, out: Path) -> list[Path]:
    """Score the completions of a file; return the folders of the runs, one per model."""
    mix, primary = scoring.over("correctness", None, str(source))
    with progress() as bar, bar.track("score", None, "completions") as advance:
        runs = import_completions(source, columns, mix, primary, out, advance, scoring.calls)
    return [run.path for run in runs]


def rescore_runs(source: Path, scoring: ScoringOptions, out: Path) -> list[Path]:
    """Score the runs in a directory again; return the folders of the new ones."""
    folders = []
    runs = find_runs([source])
    with progress() as bar:
        for old in runs:
            folder = out if len(runs) == 1 else out / old.path.name
            mix, primary = scoring.over(
                old.manifest.mix.spec, old.manifest.task.primary, str(old.path / "manifest.json")
            )
            with bar.track(old.model, None, "completions") as advance:
                rescore(old, mix, primary, folder, advance, scoring.calls)
            folders.append(folder)
    return folders
