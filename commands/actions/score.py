"""``grpo-eval score``: score the completions of a file, or of runs made before, into new runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ...evaluate.evaluation import claim
from ...evaluate.logs.log import stem
from ...evaluate.logs.table import rescore
from ...evaluate.runs.run import find_runs, holds_runs
from ...files import sync_folder
from ...locks import locked
from ...names import folder_names
from ..log_options import LogOptions, Source
from ..options import ScoringOptions, UsageError
from ..progress import progress
from .logs import read_log


def score_logs(sources: Sequence[Source], logs: LogOptions, scoring: ScoringOptions, out: Path) -> list[Path]:
    """Score the completions of logs or tables; return the folders of the runs, one per model."""
    names = folder_names([source.name or f"{number}-{stem(source.path)}" for number, source in enumerate(sources)])
    with _whole(out) as stage:
        folders = [stage] if len(sources) == 1 else [stage / name for name in names]
        runs = [
            run
            for source, folder in zip(sources, folders, strict=True)
            for run in read_log(source, logs, scoring, folder)
        ]
    return [out / run.path.relative_to(stage) for run in runs]


def rescore_runs(sources: Sequence[Source], logs: LogOptions, scoring: ScoringOptions, out: Path) -> list[Path]:
    """Score the runs in a directory again; return the folders of the new ones, none where the source holds no run."""
    if not any(holds_runs(source.path) for source in sources):
        return []
    if len(sources) > 1 or sources[0].name is not None:
        raise UsageError("runs are scored again one directory at a time, under their names: give one RUN.")
    if logs.given:
        raise UsageError(f"{' and '.join(logs.given)} is for logs of other tools, and this is a run; leave it out.")
    source = sources[0].path
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
