"""Comparing runs: each model's means, and the paired differences of every later run with the first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .comparability import require_comparable
from .comparison import Comparison, Mismatch, ModelSummary, Pair, QuestionChange, RewardSummary
from .difference import Design, adjust, difference, estimate
from .run import Run
from .statistics.arrays import Floats, question_means
from .table import NO_ANSWER, TOTAL, Table, read_table
from .types import EvaluationError

MARGIN = 0.02
"""The loss that is still called HELD when its excess can be excluded, unless the user sets another."""


def compare(runs: Sequence[Run], *, margin: float = MARGIN) -> Comparison:
    """Compare runs of one task: the first is the base, and every later one is paired with it.

    One run gives its means and no pair. Raises :class:`EvaluationError` for no run, a negative margin, runs on
    other prompts or with other rewards, and files that are not those of a run.
    """
    if not runs:
        raise EvaluationError("no run to compare: give the directory of one or more.")
    if not math.isfinite(margin) or margin < 0:
        raise EvaluationError(f"margin={margin}: give 0 or a positive number, such as {MARGIN}.")
    base, *later = runs
    mismatches = [require_comparable(base.manifest, run.manifest) for run in later]
    names = _names(runs)
    table = read_table(base)
    models, pairs = [_model(names[0], base, table)], []
    for run, name, found in zip(later, names[1:], mismatches, strict=True):
        other = _aligned(table, read_table(run), run)
        models.append(_model(name, run, other))
        pairs.append(_pair(base, run, table, other, (names[0], name), found, margin))
    return Comparison(base.manifest.task.name, margin, dict(base.manifest.mix.weights), tuple(models), tuple(pairs))


def _names(runs: Sequence[Run]) -> list[str]:
    """Return the models' names, with the run's folder where two are the same."""
    models = [run.model for run in runs]
    return [f"{run.model} ({run.path.name})" if models.count(run.model) > 1 else run.model for run in runs]


def _aligned(base: Table, other: Table, run: Run) -> Table:
    if base.ids != other.ids:
        raise EvaluationError(
            f"{run.path / 'prompts.jsonl'} holds other prompts than its manifest says; compare runs that are whole."
        )
    return other


def _model(name: str, run: Run, table: Table) -> ModelSummary:
    rewards = {
        reward: RewardSummary(estimate(table.values[reward], table.clusters), table.counts(reward))
        for reward in table.statuses
    }
    total = table.values[TOTAL]
    scored = int((~np.isnan(total)).sum())
    counts = {"scored": scored, "not applicable": int(table.present.sum()) - scored}
    return ModelSummary(
        name=name,
        weights=run.manifest.weights,
        prompts=int(table.present.any(axis=1).sum()),
        samples=table.present.shape[1],
        rewards=rewards,
        total=RewardSummary(estimate(total, table.clusters), {word: n for word, n in counts.items() if n}),
        truncated=_mean(table.cut),
        unanswered=_unanswered(run.manifest.task.primary, table),
        tokens=_mean(table.tokens),
        curves=(),
    )


def _mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _unanswered(primary: str, table: Table) -> float | None:
    if primary not in table.statuses:
        return None
    return float(table.has_status(primary, NO_ANSWER)[table.present].mean())


def _pair(
    base: Run, tuned: Run, left: Table, right: Table, names: tuple[str, str], found: tuple[Mismatch, ...], margin: float
) -> Pair:
    primary = primary_metric(base)
    design = Design(left.clusters, shared_noise(base, tuned))
    differences = {
        reward: difference(left.values[reward], right.values[reward], design, margin) for reward in left.statuses
    }
    rewards = adjust(differences)
    total = difference(left.values[TOTAL], right.values[TOTAL], design, margin)
    return Pair(
        base=names[0],
        tuned=names[1],
        primary=primary,
        verdict=(total if primary == TOTAL else rewards[primary]).verdict,
        mismatches=found,
        rewards=rewards,
        total=total,
        contributions={},
        factors=(),
        curves=(),
        changes=_changes(left.ids, left.values[primary], right.values[primary]),
        hacking=None,
    )


def primary_metric(run: Run) -> str:
    """Return the name of the run's primary metric; raise when its mix has no such reward."""
    primary, rewards = run.manifest.task.primary, run.manifest.mix.fingerprints
    if primary != TOTAL and primary not in rewards:
        raise EvaluationError(
            f"{run.path}: the primary metric {primary!r} is not in the mix; score with one that has it, or name "
            f"one of: {', '.join((*rewards, TOTAL))}."
        )
    return primary


def shared_noise(base: Run, tuned: Run) -> bool:
    """Tell whether both models drew their samples with the same random numbers."""
    drawn, engine = base.manifest.sampling, base.manifest.engine.get("kind")
    same = drawn == tuned.manifest.sampling and engine == tuned.manifest.engine.get("kind")
    return bool(drawn and drawn["temperature"] and same and engine == "transformers")


def _changes(ids: tuple[str, ...], base: Floats, tuned: Floats) -> tuple[QuestionChange, ...]:
    """Return the questions whose mean changed, the worst loss first."""
    left, right = question_means(base), question_means(tuned)
    found = [
        QuestionChange(ids[i], float(left[i]), float(right[i])) for i in np.flatnonzero(np.abs(right - left) > 1e-12)
    ]
    return tuple(sorted(found, key=lambda change: change.delta))
