"""Runs out of completions that were made elsewhere, and out of other runs: scoring without generating."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import nearest
from ...files import folder_names, locked, write_lines
from ...rewards import RewardMix
from ...rewards.answers.options import OPTION_COLUMNS
from ...rewards.fault_isolation import UNWATCHED, Calls
from ..environment import environment
from ..evaluation import claim, command_line, now
from ..paired.doubts import SHOWN
from ..progress import Advance, unwatched
from ..runs.journal import settle
from ..runs.manifest import Manifest, TaskRecord
from ..runs.run import Run
from ..scoring import mix_record, score_run, try_mix
from ..tasks.tables import read_table
from ..types import EvaluationError, Prompt
from .external_sort import Answers, Grouping

UNNAMED = "model"
"""The model's name when no column names it."""


class Columns(NamedTuple):
    """Which columns of a foreign file hold what. Without ``id`` every row is a question of its own."""

    completion: str
    reference: str | None = None
    prompt: str | None = None
    model: str | None = None
    id: str | None = None


def import_completions(
    source: Path,
    columns: Columns,
    mix: RewardMix,
    primary: str,
    out: Path,
    advance: Advance = unwatched,
    calls: Calls = UNWATCHED,
) -> list[Run]:
    """Make a run a model from the completions in ``source`` and score it.

    One model's run is ``out`` itself; several stand in ``out/MODEL``. Memory stays flat as rows grow. Raises
    :class:`EvaluationError` naming the columns that exist when one is missing. ``calls`` says how rewards are called;
    its ``note`` also gets a sentence about outputs that are null: no reward applies to them.
    """
    with locked(out):
        with Grouping() as grouping:
            nulls: list[str] = []
            for number, row in enumerate(read_table(source)):
                identity = _add(grouping, row, number, columns, source)
                if row[columns.completion] is None:
                    nulls.append(f"row {number + 1}, id {identity}")
            if nulls:
                shown = "; ".join(nulls[:SHOWN]) + ("; …" if len(nulls) > SHOWN else "")
                calls.note(f"{source}: {len(nulls):,} of {number + 1:,} outputs are null ({shown}): not applicable.")
            models = grouping.models()
            try_mix(mix, next(models[0].prompts()), None, columns.reference, calls)
            names = folder_names([answers.model for answers in models])
            claim(out)
            folders = [out if len(models) == 1 else out / name for name in names]
            for answers, folder in zip(models, folders, strict=True):
                _write(folder, answers, mix, primary, source, columns.reference)
        runs = [Run.open(folder) for folder in folders]
        for run in runs:
            score_run(run, mix, advance, calls)
        return runs


def _add(grouping: Grouping, row: Mapping[str, Any], number: int, columns: Columns, source: Path) -> str:
    """Add a row and return the id of its question."""
    for role, column in columns._asdict().items():
        if column is not None and column not in row:
            raise EvaluationError(
                f"{source}: no column {column!r} for --{role}-column. {nearest(column, [str(name) for name in row])}"
            )
    model = UNNAMED if columns.model is None else str(row[columns.model])
    prompt = _prompt(row, columns, str(number if columns.id is None else row[columns.id]))
    if not grouping.add(model, prompt, row[columns.completion]):
        raise EvaluationError(
            f"{source}: rows of id {prompt.id!r} and model {model!r} differ in prompt or reference; give the "
            "column that tells questions apart with --id-column."
        )
    return prompt.id


def _prompt(row: Mapping[str, Any], columns: Columns, identity: str) -> Prompt:
    """Without a prompt column the id stands for what was asked. A question's options go with its reference."""
    kept = {} if columns.reference is None else {"reference": row[columns.reference]}
    kept.update((name, row[name]) for name in OPTION_COLUMNS if name in row and name not in columns)
    return Prompt(identity, identity if columns.prompt is None else row[columns.prompt], kept)


def _write(folder: Path, answers: Answers, mix: RewardMix, primary: str, source: Path, reference: str | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_lines(folder / "prompts.jsonl", (prompt._asdict() for prompt in answers.prompts()))
    write_lines(folder / "completions.jsonl", (row._asdict() for row in answers.rows()))
    manifest = Manifest(
        model=answers.model,
        weights=answers.weights,
        task=TaskRecord(source.stem, primary, None, answers.fingerprint, answers.questions, str(source), reference),
        mix=mix_record(mix),
        sampling=None,
        engine={"kind": "stored", "source": str(source)},
        environment=environment(),
        command=command_line(),
        created=now(),
    )
    manifest.write(folder)


def rescore(
    old: Run,
    mix: RewardMix,
    primary: str,
    out: Path,
    advance: Advance = unwatched,
    calls: Calls = UNWATCHED,
) -> Run:
    """Score the completions of ``old`` with another mix, as a new run in ``out``; the old run stays as it is."""
    first = next(old.answered())
    try_mix(mix, first.prompt, first.rows[0].token_ids, old.manifest.task.reference, calls)
    with locked(out):
        claim(out)
        for name in ("prompts.jsonl", "completions.jsonl"):
            shutil.copyfile(old.path / name, out / name)
        task = replace(old.manifest.task, primary=primary)
        replace(old.manifest, task=task, mix=mix_record(mix), command=command_line(), created=now()).write(out)
        run = Run.open(out)
        settle(out / "completions.jsonl", run.asked())  # an unfinished run is in the order in which it was answered
        score_run(run, mix, advance, calls)
        return run
