"""``grpo-eval score``: score the completions of a file, or of runs made before, into new runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...evaluate.evaluation import claim
from ...evaluate.logs.table import Columns, import_completions, rescore
from ...evaluate.runs.run import find_runs
from ...files import locked, sync_folder
from ..options import ScoringOptions
from ..progress import progress


def score_file(source: Path, columns: Columns, scoring: ScoringOptions, out: Path) -> list[Path]:
    """Score the completions of a file; return the folders of the runs, one per model."""
    mix, primary = scoring.over("correctness", None, str(source))
    with _whole(out) as stage, progress() as bar, bar.track("score", None, "completions") as advance:
        runs = import_completions(source, columns, mix, primary, stage, advance, scoring.calls)
    return [out / run.path.relative_to(stage) for run in runs]


def rescore_runs(source: Path, scoring: ScoringOptions, out: Path) -> list[Path]:
    """Score the runs in a directory again; return the folders of the new ones."""
    folders = []
    runs = find_runs([source])
    with _whole(out) as stage, progress() as bar:
        for old in runs:
            folder = stage if len(runs) == 1 else stage / old.path.name
            mix, primary = scoring.over(
                old.manifest.mix.spec, old.manifest.task.primary, str(old.path / "manifest.json")
            )
            with bar.track(old.model, None, "completions") as advance:
                rescore(old, mix, primary, folder, advance, scoring.calls)
            folders.append(out / folder.relative_to(stage))
    return folders


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """Give a folder whose contents come into ``out`` at the end of the block, or not at all.

    A refusal, or a process that is killed, thus leaves nothing that blocks the corrected command.
    """
    with locked(out):
        claim(out)
        stage = out / f".scores.{os.getpid()}.tmp"  # what is left of it is removed by the next one that locks
        try:
            stage.mkdir()
            yield stage
            for path in sorted(stage.iterdir(), key=lambda path: path.name == "manifest.json"):
                path.replace(out / path.name)
            sync_folder(out)
        except KeyboardInterrupt as stop:
            stop.add_note(f"nothing is in {out} yet, so start again with the same command.")
            raise
        finally:
            shutil.rmtree(stage, ignore_errors=True)
