"""A finished run in the place of a model: its rows are taken as they are where they answer the same evaluation."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..files import raw_lines, replacing_folder
from .evaluation import Evaluation, now
from .paired.table import read_table
from .runs.manifest import Manifest, prompt_digest
from .runs.run import Run, runs_below
from .scoring import mix_record
from .types import EvaluationError


def finished_run(place: Path, name: str, evaluation: Evaluation) -> Run:
    """Return the run in ``place`` that answers ``evaluation``: the folder's own, or one of those in it.

    Of several in there, it is that of the evaluation's task, and of those the one of the model ``name``. Raises
    :class:`EvaluationError` where none or several remain, and for the first thing in which the run is another: prompts,
    settings, rewards, or rows that it does not have yet; and for what :func:`read_table` refuses.
    """
    run = _chosen(place, name, evaluation.task.name)
    difference = difference_of(run, evaluation)
    if difference is not None:
        raise EvaluationError(
            f"{name}={run.path}: {difference}. Ask as it was asked, or give the model in place of its run."
        )
    read_table(run)  # a line that was edited is said now, not when the other models have been asked
    return run


def difference_of(run: Run, evaluation: Evaluation) -> str | None:
    """Return the first thing in which a run is not the answer to ``evaluation``, in words; None where it is."""
    return next(_differences(run, evaluation), None)


def take(run: Run, name: str, out: Path, without: Collection[str] = ()) -> None:
    """Copy a run into the folder ``out`` as that of the model ``name``: whole, or not at all.

    It is created now, since runs in a folder are in the order in which they were; when and where it was asked is noted.
    A copy of the same run that is there already stays. Links, which may lead to anything, and the files named in
    ``without`` are left out. Raises :class:`EvaluationError` where another run is there.
    """
    old = run.manifest
    asked = {"run": str(run.path), "created": old.created}
    if (out / "manifest.json").exists():
        there = Manifest.read(out)
        noted = there.engine.get("taken_from")
        if there.weights != old.weights or not isinstance(noted, dict) or noted.get("created") != old.created:
            raise EvaluationError(f"{out} holds another run than {run.path}; give another --out.")
        return
    manifest = replace(old, model=name, engine={**old.engine, "taken_from": asked}, created=now())
    with replacing_folder(out) as folder:
        for file in run.path.iterdir():
            wanted = file.suffix in (".json", ".jsonl") and file.name not in without
            if wanted and file.is_file() and not file.is_symlink():
                shutil.copyfile(file, folder / file.name)
        manifest.write(folder)


def _chosen(place: Path, name: str, task: str) -> Run:
    runs = runs_below(place)
    if len(runs) > 1:
        runs = [run for run in runs if run.manifest.task.name == task]
    if len(runs) > 1:
        runs = [run for run in runs if run.model == name]
    if len(runs) != 1:
        held = ", ".join(f"{run.model} on {run.manifest.task.name}" for run in runs_below(place))
        raise EvaluationError(
            f"{name}={place} holds {len(runs) or 'no'} runs of {name!r} on {task!r} ({held}); give the folder of one."
        )
    return runs[0]


def _differences(run: Run, evaluation: Evaluation) -> Iterator[str]:
    """Yield what makes a run the answer to another evaluation, in the order in which it matters."""
    manifest, task = run.manifest, evaluation.task
    if manifest.task.fingerprint != task.fingerprint:
        yield _other_prompts(run, evaluation)
    for name in ("primary", "cluster", "order"):
        yield from _differing(name, getattr(manifest.task, name), getattr(task, name))
    yield from _differing_keys("sampling ", manifest.sampling or {}, evaluation.settings)
    mix = mix_record(evaluation.mix)
    yield from _differing_keys("fingerprint of reward ", manifest.mix.fingerprints, mix.fingerprints)
    yield from _differing_keys("weight of ", manifest.mix.weights, mix.weights)
    wanted = task.prompts * evaluation.sampling.samples
    for file, what in (("completions.jsonl", "completions"), ("scores.jsonl", "scores")):
        have = sum(1 for _ in raw_lines(run.path / file)) if (run.path / file).exists() else 0
        if have != wanted:
            yield f"it is not finished ({have:,} of {wanted:,} {what})"


def _other_prompts(run: Run, evaluation: Evaluation) -> str:
    asked = {prompt.id: prompt_digest(prompt) for prompt in evaluation.prompts}
    there = {prompt.id: prompt_digest(prompt) for prompt in run.asked()}
    lacking = _first([id for id in asked if id not in there], "is not asked there")
    more = _first([id for id in there if id not in asked], "is asked there alone")
    other = _first([id for id in asked if id in there and asked[id] != there[id]], "is another there")
    counts = f"{len(there):,} there, {len(asked):,} here"
    return f"its prompts are others ({counts}; {lacking or more or other or 'their order or columns'})"


def _first(ids: Sequence[str], what: str) -> str:
    return f"{ids[0]!r} {what}" if ids else ""


def _differing_keys(what: str, there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    for key in dict.fromkeys((*here, *there)):
        yield from _differing(f"{what}{key}", there.get(key), here.get(key))


def _differing(what: str, there: object, here: object) -> Iterator[str]:
    if there != here:
        yield f"its {what} differs: {there!r} there, {here!r} here"
