"""Which questions runs have in common, and runs that are read as if they had asked no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from ..runs.manifest import PLACED, prompt_digest, prompts_fingerprint
from ..runs.run import Run
from ..types import EvaluationError
from .arms import Arm, runs_of
from .doubts import SHOWN

_NAMED = "name the column that tells questions apart: --id-column, or --prompt-column"

Questions = Mapping[str, int]
"""The digest of each question, by its id."""


def on_shared_questions(sides: Sequence[Run | Arm]) -> list[Run | Arm]:
    """Return the runs as they are on the questions that all of them asked; each notes how many it leaves out.

    A question is shared where its id and what was asked are the same. Raises :class:`EvaluationError` for runs that
    share none, and for one whose ids are but the places of its rows: those say nothing of what was asked.
    """
    runs = runs_of(sides)
    for run in runs:
        if run.manifest.engine.get(PLACED):
            raise EvaluationError(f"--on shared: {run.model!r} has no ids, only places of rows; {_NAMED}.")
    asked = [_questions(run) for run in runs]
    kept = {id: digest for id, digest in asked[0].items() if all(one.get(id) == digest for one in asked)}
    if not kept:
        names = " and ".join(repr(run.model) for run in runs)
        raise EvaluationError(f"{names} share no question; compare runs on the same prompts.")
    restricted = iter([_restricted(run, kept, len(questions)) for run, questions in zip(runs, asked, strict=True)])
    return [
        next(restricted) if isinstance(side, Run) else replace(side, runs=tuple(islice(restricted, len(side.runs))))
        for side in sides
    ]


def _restricted(run: Run, kept: Questions, asked: int) -> Run:
    if asked == len(kept):
        return run
    manifest, engine = run.manifest, run.manifest.engine
    note = (
        f"{run.model}: {asked - len(kept):,} of its {asked:,} questions are left out: not all models were asked them."
    )
    task = replace(manifest.task, fingerprint=prompts_fingerprint(kept.values()), prompts=len(kept))
    noted = {**engine, "notes": [*(engine.get("notes") or ()), note]}
    return replace(run, manifest=replace(manifest, task=task, engine=noted), only=frozenset(kept))


def require_same_questions(base: Run, tuned: Run) -> None:
    """Raise :class:`EvaluationError` for runs that asked other questions, which names the first that one lacks."""
    if base.manifest.task.fingerprint == tuned.manifest.task.fingerprint:
        return
    left, right = _questions(base), _questions(tuned)
    first, second = (run.model if base.model != tuned.model else str(run.path) for run in (base, tuned))
    differing = [
        _named([id for id in left if id not in right], f"not asked of {second!r}"),
        _named([id for id in right if id not in left], f"not asked of {first!r}"),
        _named([id for id in left if id in right and left[id] != right[id]], "another question in each"),
    ]
    if not any(differing):  # the manifests differ in what they say of the same prompts
        return
    shared = sum(right.get(id) == digest for id, digest in left.items())
    if base.manifest.engine.get(PLACED) or tuned.manifest.engine.get(PLACED):
        repair = _NAMED
    else:
        repair = f"give --on shared for the {shared:,} that both have" if shared else "compare runs on the same prompts"
    names = " against ".join(
        f"{run.manifest.task.name} ({run.manifest.task.prompts:,} prompts)" for run in (base, tuned)
    )
    which = "; ".join(filter(None, differing))
    raise EvaluationError(f"{first!r} and {second!r} cannot be compared (prompts: {names}: {which}); {repair}.")


def _questions(run: Run) -> Questions:
    return {prompt.id: prompt_digest(prompt) for prompt in run.asked()}


def _named(ids: Sequence[str], what: str) -> str:
    if not ids:
        return ""
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return f"{', '.join(ids[:SHOWN])}{more}: {what}"
