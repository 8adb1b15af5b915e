"""Runs out of completions that were made elsewhere, and out of other runs: scoring without generating."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import nearest
from ..files import write_lines
from ..rewards import RewardMix
from .environment import environment
from .evaluation import claim, command_line, now, task_record
from .manifest import Manifest
from .run import Run
from .scoring import Advance, mix_record, score_run
from .tasks.sources import read_table
from .types import EvaluationError, Prompt, Row

UNNAMED = "model"
"""The model's name when no column tells it."""


class Columns(NamedTuple):
    """Which columns of a foreign file hold what. Without ``id`` every row is a question of its own."""

    completion: str
    reference: str | None = None
    prompt: str | None = None
    model: str | None = None
    id: str | None = None


@dataclass
class Answers:
    """One model's answers: its prompts in order of appearance, and the texts of each prompt's samples."""

    prompts: dict[str, Prompt] = field(default_factory=dict)
    texts: dict[str, list[Any]] = field(default_factory=dict)


def import_completions(
    source: Path, columns: Columns, mix: RewardMix, primary: str, out: Path, advance: Advance
) -> list[Run]:
    """Make a run a model from the completions in ``source`` and score it.

    One model's run is ``out`` itself; several stand in ``out/MODEL``. Raises :class:`EvaluationError` naming
    the columns that exist when one is missing.
    """
    answers = _read(source, columns)
    claim(out)
    runs = []
    for model, found in answers.items():
        folder = out if len(answers) == 1 else out / _folder_name(model)
        runs.append(_write(folder, model, found, mix, primary, source))
    for run in runs:
        score_run(run, mix, advance)
    return runs


def _read(source: Path, columns: Columns) -> dict[str, Answers]:
    answers: dict[str, Answers] = {}
    for number, row in enumerate(read_table(source)):
        _check_columns(row, columns, source)
        model = UNNAMED if columns.model is None else str(row[columns.model])
        found = answers.setdefault(model, Answers())
        prompt = _prompt(row, columns, str(number if columns.id is None else row[columns.id]))
        if found.prompts.setdefault(prompt.id, prompt) != prompt:
            raise EvaluationError(
                f"{source}: rows of id {prompt.id!r} and model {model!r} differ in prompt or reference; give the "
                "column that tells questions apart with --id-column."
            )
        found.texts.setdefault(prompt.id, []).append(row[columns.completion])
    return answers


def _check_columns(row: Mapping[str, Any], columns: Columns, source: Path) -> None:
    for role, column in columns._asdict().items():
        if column is not None and column not in row:
            raise EvaluationError(
                f"{source}: no column {column!r} for --{role}-column. {nearest(column, [str(name) for name in row])}"
            )


def _prompt(row: Mapping[str, Any], columns: Columns, identity: str) -> Prompt:
    """Only what is the same for all of a question's rows can be a column of its prompt."""
    kept: dict[str, Any] = {}
    if columns.reference is not None:
        kept["reference"] = row[columns.reference]
    text = identity if columns.prompt is None else row[columns.prompt]
    return Prompt(identity, text, kept)


def _write(folder: Path, model: str, answers: Answers, mix: RewardMix, primary: str, source: Path) -> Run:
    prompts = list(answers.prompts.values())
    weights = _fingerprint(answers)
    folder.mkdir(parents=True, exist_ok=True)
    write_lines(folder / "prompts.jsonl", (prompt._asdict() for prompt in prompts))
    write_lines(folder / "completions.jsonl", (row._asdict() for row in _rows(answers, model, weights)))
    manifest = Manifest(
        model=model,
        weights=weights,
        task=task_record(source.stem, primary, None, prompts, str(source)),
        mix=mix_record(mix),
        sampling=None,
        engine={"kind": "stored", "source": str(source)},
        environment=environment(),
        command=command_line(),
        created=now(),
    )
    manifest.write(folder)
    return Run.open(folder)


def _rows(answers: Answers, model: str, weights: str) -> Iterator[Row]:
    for identity, texts in answers.texts.items():
        for sample, text in enumerate(texts):
            yield Row(identity, sample, text, None, None, None, model, weights)


def _fingerprint(answers: Answers) -> str:
    """The weights behind stored completions are not known; what they wrote stands for them."""
    digest = hashlib.sha256()
    for texts in answers.texts.values():
        digest.update(repr(texts).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def _folder_name(model: str) -> str:
    """Model names such as ``org/model`` must not make nested folders."""
    return "".join(character if character.isalnum() or character in "._-" else "_" for character in model)


def rescore(old: Run, mix: RewardMix, primary: str, out: Path, advance: Advance) -> Run:
    """Score the completions of ``old`` with another mix, as a new run in ``out``; the old run stays as it is."""
    claim(out)
    for name in ("prompts.jsonl", "completions.jsonl"):
        shutil.copyfile(old.path / name, out / name)
    task = replace(old.manifest.task, primary=primary)
    replace(old.manifest, task=task, mix=mix_record(mix), command=command_line(), created=now()).write(out)
    run = Run.open(out)
    score_run(run, mix, advance)
    return run
