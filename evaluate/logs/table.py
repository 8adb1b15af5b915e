"""Runs out of completions that stand in a table, and out of other runs: scoring without generating."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from ...locks import locked
from ...rewards import RewardMix
from ...rewards.fault_isolation import UNWATCHED, Calls
from ..evaluation import claim, command_line, now
from ..progress import Advance, unwatched
from ..runs.journal import settle
from ..runs.manifest import prompt_digest, prompts_fingerprint
from ..runs.run import Run
from ..scoring import check_without_prompts, mix_record, score_run, try_mix
from ..types import EvaluationError
from . import flat
from .imports import Grading, import_log
from .log import Columns, LogChoice


def import_completions(
    source: Path,
    columns: Columns,
    mix: RewardMix,
    primary: str,
    out: Path,
    advance: Advance = unwatched,
    calls: Calls = UNWATCHED,
    cluster: str | None = None,
) -> list[Run]:
    """Make a run a model from the completions in the table ``source`` and score it.

    One model's run is ``out`` itself; several are in ``out/MODEL``. Memory stays flat as rows grow. Raises
    :class:`EvaluationError` naming the columns that exist when one is missing. ``calls`` says how rewards are called.
    Questions with one value in the column ``cluster`` (a passage, a template) are not independent of each other.
    Outputs that are null are noted in the manifest: no reward applies to them.
    """
    log = flat.read(source, LogChoice(columns=columns, cluster=cluster))
    with locked(out):
        return import_log(log, Grading(mix, primary, advance=advance, calls=calls, cluster=cluster), out)


def rescore(
    old: Run,
    mix: RewardMix,
    primary: str,
    out: Path,
    advance: Advance = unwatched,
    calls: Calls = UNWATCHED,
) -> Run:
    """Score the completions of ``old`` with another mix, as a new run in ``out``; the old run stays as it is.

    Raises :class:`EvaluationError` for a run whose prompts were edited: it would pass for one of the old questions.
    """
    if prompts_fingerprint(map(prompt_digest, old.asked())) != old.manifest.task.fingerprint:
        raise EvaluationError(
            f"{old.path / 'prompts.jsonl'} does not hold the questions that the manifest says were asked; bring back "
            "the file as it was written, or generate the run again."
        )
    if old.manifest.engine.get("tool") == "table" and all(prompt.text == prompt.id for prompt in old.asked()):
        check_without_prompts(mix, f"the table of {old.path}")
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
