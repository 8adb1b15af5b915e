"""Logs of other tools as runs: in a folder that stays, or in one that goes with the command."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ...evaluate.logs.imports import Grading, import_log
from ...evaluate.logs.log import Log, stem
from ...evaluate.logs.recognition import open_log
from ...evaluate.paired.arms import Arm, read_arm
from ...evaluate.paired.shared import on_shared_questions
from ...evaluate.progress import Advance
from ...evaluate.runs.run import Run, find_runs, holds_runs
from ...evaluate.types import EvaluationError
from ...names import folder_names
from ...rewards import RewardMix
from ..arms import arm_places
from ..log_options import LogOptions, Source
from ..options import ScoringOptions, UsageError
from ..progress import progress


class OpenedRuns(NamedTuple):
    """The runs of a command's sources; those that are made out of logs are in the folder ``temporary``."""

    runs: list[Run | Arm]
    temporary: Path


@contextmanager
def opened_runs(
    sources: Sequence[Source], logs: LogOptions, scoring: ScoringOptions, *, shared: bool = False
) -> Iterator[OpenedRuns]:
    """Give the runs of all sources, or what is ``shared`` by them; the temporary folder is gone after the block."""
    if all(holds_runs(source.path) or arm_places(source) for source in sources):
        scored = [f"--{name}" for name in ("rewards", "primary") if getattr(scoring, name) is not None]
        if given := [*logs.given, *scored]:
            raise UsageError(f"{' and '.join(given)} is for logs of other tools, and these are runs; leave it out.")
    with tempfile.TemporaryDirectory(prefix="grpokit-") as folder:
        names = folder_names([f"{number}-{stem(source.path)}" for number, source in enumerate(sources)])
        runs = [
            run
            for source, name in zip(sources, names, strict=True)
            for run in _runs(source, logs, scoring, Path(folder) / name)
        ]
        yield OpenedRuns(on_shared_questions(runs) if shared else runs, Path(folder))


def _runs(source: Source, logs: LogOptions, scoring: ScoringOptions, folder: Path) -> Sequence[Run | Arm]:
    if source.name is not None and (places := arm_places(source)):
        return [read_arm(source.name, places)]
    if not holds_runs(source.path):
        return read_log(source, logs, scoring, folder)
    runs = find_runs([source.path])
    if source.name is None:
        return runs
    if len(runs) > 1:
        raise UsageError(f"{source.path} holds {len(runs)} runs: leave out {source.name}=, or name one of them.")
    return [replace(runs[0], manifest=replace(runs[0].manifest, model=source.name))]


def read_log(source: Source, logs: LogOptions, scoring: ScoringOptions, folder: Path) -> list[Run]:
    """Make runs out of a log, one per model, in ``folder``."""
    if not source.path.exists():
        raise EvaluationError(f"no file or folder {source.path}: give a run, or a log.")
    log = open_log(source.path, logs.choice())
    with progress() as bar, bar.track("score", None, "completions") as advance:
        return import_log(log, _grading(log, logs, scoring, advance), folder, source.name)


def _grading(log: Log, logs: LogOptions, scoring: ScoringOptions, advance: Advance) -> Grading:
    """Return how a log is scored: of a table without scores we know that its rows are to be scored at all."""
    plain = log.tool == "table" and not logs.score_column
    spec = "correctness" if scoring.rewards is None and plain else scoring.rewards
    mix = None if spec is None else RewardMix.parse(spec)
    return Grading(mix, scoring.primary, logs.skip_bad_rows, advance, scoring.calls, logs.cluster_column)
