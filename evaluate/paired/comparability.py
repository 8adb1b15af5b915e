"""What two manifests must share for their runs to be compared, and what is flagged when it differs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..runs.manifest import UNKNOWN, Manifest
from ..types import EvaluationError
from .doubts import Mismatch
from .table import Table

OF_THE_MODEL = (
    "name",
    "checkpoint",
    "adapter",
    "trained_for",
    "revision",
    "url",
    "file",
    "notes",
    "taken_from",
    "source",
)
"""Beginnings of the names of what an engine says about which model answered: two models differ in it by right."""


def require_comparable(base: Manifest, tuned: Manifest) -> tuple[Mismatch, ...]:
    """Return what is flagged; raise :class:`EvaluationError` for what makes the comparison meaningless."""
    differing = tuple(mismatches(base, tuned))
    fatal = [mismatch for mismatch in differing if mismatch.fatal]
    if fatal:
        shown = "; ".join(f"{m.what}: {m.base} against {m.tuned}" for m in fatal)
        repair = (
            "score both with one mix: grpo-eval score RUN --rewards SPEC"
            if all(m.what.startswith("reward") for m in fatal)
            else "compare runs on the same prompts"
        )
        raise EvaluationError(f"{base.model!r} and {tuned.model!r} cannot be compared ({shown}); {repair}.")
    return differing


def mismatches(base: Manifest, tuned: Manifest) -> Iterator[Mismatch]:
    """Yield what two manifests differ in, of what matters: prompts, rewards, weights of models, settings, versions."""
    yield from _prompts(base, tuned)
    yield from _differing("reward ", base.mix.fingerprints, tuned.mix.fingerprints, fatal=True)
    yield from _differing("reward weight of ", base.mix.weights, tuned.mix.weights, fatal=True)
    if base.engine.get("file_digest") is not None and base.engine["file_digest"] == tuned.engine.get("file_digest"):
        yield Mismatch("completions are the same", base.engine["file"], tuned.engine["file"], fatal=False)
    if base.weights == tuned.weights != UNKNOWN:
        yield Mismatch("model weights are the same", base.weights, tuned.weights, fatal=False)
    yield from _differing("sampling ", _settings(base), _settings(tuned))
    yield from _differing("engine ", _comparable(base.engine), _comparable(tuned.engine))
    yield from _differing("environment ", base.environment, tuned.environment)


def _prompts(base: Manifest, tuned: Manifest) -> Iterator[Mismatch]:
    left, right = base.task, tuned.task
    if left.fingerprint != right.fingerprint:
        names = [f"{task.name} ({task.prompts} prompts, {task.fingerprint})" for task in (left, right)]
        yield Mismatch("prompts", names[0], names[1], fatal=True)
    elif left.name != right.name and {base.engine.get("tool"), tuned.engine.get("tool")} != {"table"}:  # else: files
        yield Mismatch("task", left.name, right.name, fatal=False)
    if left.primary != right.primary:
        yield Mismatch("primary metric", left.primary, right.primary, fatal=False)
    if left.cluster != right.cluster:
        yield Mismatch("cluster column", str(left.cluster), str(right.cluster), fatal=False)


def _settings(manifest: Manifest) -> dict[str, Any]:
    """Return the settings of sampling, but for the number of samples: how many there are is seen in the rows."""
    return {key: value for key, value in (manifest.sampling or {}).items() if key != "samples"}


def _comparable(engine: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in engine.items() if not key.startswith(OF_THE_MODEL)}


def _differing(
    prefix: str, base: Mapping[str, Any], tuned: Mapping[str, Any], fatal: bool = False
) -> Iterator[Mismatch]:
    for key in dict.fromkeys((*base, *tuned)):
        if base.get(key) != tuned.get(key):
            yield Mismatch(prefix + key, _shown(base.get(key)), _shown(tuned.get(key)), fatal)


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def table_mismatches(base: Table, tuned: Table) -> Iterator[Mismatch]:
    """Yield what the rows of two runs differ in, whose questions are the same."""
    if base.samples != tuned.samples:
        yield Mismatch("number of samples per question", str(base.samples), str(tuned.samples), fatal=False)
    elif any(table.rows < len(table.ids) * table.samples for table in (base, tuned)):
        what = "number of samples from question to question"
        yield Mismatch(what, _samples_each(base), _samples_each(tuned), fatal=False)
    if base.foreign or tuned.foreign:
        shown = [f"{table.foreign} by other weights than the manifest's" for table in (base, tuned)]
        yield Mismatch("completions written", shown[0], shown[1], fatal=False)


def _samples_each(table: Table) -> str:
    """Say how many samples the questions have, and how many that are, as in "1 to 3 (240 in all)"."""
    counts = np.diff(table.tokens.offsets)
    each = " to ".join(str(count) for count in dict.fromkeys((int(counts.min()), int(counts.max()))))
    return f"{each} ({table.rows} in all)"
