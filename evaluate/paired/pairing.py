"""Comparing runs: each model's means, and the paired differences of every later run with the first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..runs.run import Run
from ..statistics.arrays import Floats, question_means
from ..types import EvaluationError
from .alarms import read_alarms
from .comparability import require_comparable, table_mismatches
from .comparison import Comparison, Mismatch, ModelSummary, Pair, QuestionChange, RewardSummary
from .contributions import check_hacking, contributions, proxy
from .curves import Values, curve, curve_differences, curve_values
from .difference import Design, adjust, difference, estimate, within
from .factors import factors
from .habits import habit_changes, habit_means
from .lengths import lengths
from .noise import read_noise
from .reweighing import model_per_weight, pair_per_weight
from .table import TOTAL, Table, primary_metric, read_table

MARGIN = 0.02
"""The loss that is still called HELD when its excess can be excluded, unless the user sets another."""


class _Side(NamedTuple):
    """One model of a comparison, read into memory."""

    run: Run
    name: str
    table: Table
    curves: tuple[Values, ...]


def compare(runs: Sequence[Run], *, margin: float = MARGIN) -> Comparison:
    """Compare runs of one task: the first is the base, and every later one is paired with it.

    One run gives its means and no pair. The verdict of a pair is that of the task's primary metric, or of the
    weighted total where the mix does not measure that; the base's where the tasks name different ones. Two runs are in
    memory at a time.

    Raises :class:`EvaluationError` for no run, a negative margin, runs on other prompts or with other rewards,
    and files that are not those of a run.
    """
    if not runs:
        raise EvaluationError("no run to compare: give the directory of one or more.")
    if not math.isfinite(margin) or margin < 0:
        raise EvaluationError(f"margin={margin}: give 0 or a positive number, such as {MARGIN}.")
    first, *later = runs
    flagged = [require_comparable(first.manifest, run.manifest) for run in later]
    names = _names(runs)
    base = _read(first, names[0], primary_metric(first))
    models, pairs = [_model(base)], []
    for run, name, mismatches in zip(later, names[1:], flagged, strict=True):
        tuned = _read(run, name, base.table.primary)
        models.append(_model(tuned))
        pairs.append(_pair(base, tuned, mismatches, margin))
    return Comparison(
        task=first.manifest.task.name,
        margin=margin,
        weights=dict(first.manifest.mix.weights),
        models=tuple(models),
        pairs=tuple(pairs),
        noise=read_noise(first.path),
    )


def _names(runs: Sequence[Run]) -> list[str]:
    """Return the models' names, with the run's folder where two are the same."""
    models = [run.model for run in runs]
    return [f"{run.model} ({run.path.name})" if models.count(run.model) > 1 else run.model for run in runs]


def _read(run: Run, name: str, primary: str) -> _Side:
    table = read_table(run, primary)
    return _Side(run, name, table, curve_values(table))


def _model(side: _Side) -> ModelSummary:
    table, mix = side.table, side.run.manifest.mix
    habits = habit_means(table)
    return ModelSummary(
        name=side.name,
        weights=side.run.manifest.weights,
        prompts=int(table.present.any(axis=1).sum()),
        samples=table.present.shape[1],
        rewards={
            reward: RewardSummary(
                within(estimate(table.values[reward], table.clusters), mix.ranges.get(reward)), table.counts(reward)
            )
            for reward in table.statuses
        },
        total=RewardSummary(estimate(table.values[TOTAL], table.clusters), _total_counts(table)),
        truncated=habits.get("truncated"),
        unanswered=habits.get("unanswered"),
        tokens=habits.get("tokens"),
        repeated=habits.get("repeated"),
        repeated_unit=table.repeated_unit if "repeated" in habits else None,
        curves=tuple(curve(values, table.clusters) for values in side.curves),
        per_weight=model_per_weight(table),
        proxy=proxy(table, mix.weights),
    )


def _total_counts(table: Table) -> dict[str, int]:
    scored = int((~np.isnan(table.values[TOTAL])).sum())
    counts = {"scored": scored, "not applicable": int(table.present.sum()) - scored}
    return {word: count for word, count in counts.items() if count}


def _pair(base: _Side, tuned: _Side, mismatches: tuple[Mismatch, ...], margin: float) -> Pair:
    left, right = base.table, tuned.table
    mismatches = (*mismatches, *table_mismatches(left, right))
    primary, weights = left.primary, base.run.manifest.mix.weights
    design = Design(left.clusters, shared_noise(base.run, tuned.run))
    rewards = adjust(
        {name: difference(left.values[name], right.values[name], design, margin) for name in left.statuses}
    )
    total = difference(left.values[TOTAL], right.values[TOTAL], design, margin)
    gain = total if primary == TOTAL else rewards[primary]
    return Pair(
        base=base.name,
        tuned=tuned.name,
        primary=primary,
        verdict=gain.verdict,
        mismatches=mismatches,
        rewards=rewards,
        total=total,
        contributions=contributions(left, right, weights, design),
        factors=factors(left, right, primary),
        curves=curve_differences(base.curves, tuned.curves, left.clusters),
        changes=_changes(left.ids, left.values[primary], right.values[primary]),
        hacking=check_hacking(left, right, weights, gain, design, margin),
        suspects=_suspects(left, right),
        per_weight=pair_per_weight(left, right),
        habits=habit_changes(left, right, design),
        lengths=lengths(left, right),
        alarms=read_alarms(tuned.run.path),
    )


def shared_noise(base: Run, tuned: Run) -> bool:
    """Tell whether both models drew their samples with the same random numbers."""
    drawn, engine = base.manifest.sampling, base.manifest.engine.get("kind")
    same = drawn == tuned.manifest.sampling and engine == tuned.manifest.engine.get("kind")
    return bool(drawn and drawn["temperature"] and same and engine == "transformers")


def _moved(base: Floats, tuned: Floats) -> Floats:
    """Return the change of each question's mean, 0 where only rounding changed it and where one has no value."""
    found = np.nan_to_num(question_means(tuned) - question_means(base))
    return np.where(np.abs(found) > 1e-12, found, 0.0)


def _changes(ids: tuple[str, ...], base: Floats, tuned: Floats) -> tuple[QuestionChange, ...]:
    """Return the questions whose mean changed, the worst loss first."""
    left, right = question_means(base), question_means(tuned)
    moved = np.flatnonzero(_moved(base, tuned))
    found = [QuestionChange(ids[i], float(left[i]), float(right[i])) for i in moved]
    return tuple(sorted(found, key=lambda change: change.delta))


def _suspects(base: Table, tuned: Table) -> tuple[str, ...]:
    """Return the questions whose total rose while their primary metric fell."""
    total = _moved(base.values[TOTAL], tuned.values[TOTAL])
    primary = _moved(base.values[base.primary], tuned.values[base.primary])
    return tuple(base.ids[i] for i in np.flatnonzero((total > 0) & (primary < 0)))
