"""One side of a comparison: a model, whose run or several runs are read into memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..runs.run import Run
from ..statistics.arrays import Floats, is_binary
from .arms import Arm
from .behaviour import behaviour
from .curves import Values, curve, curve_values
from .difference import estimate, within
from .doubts import MissingValues
from .hacking import proxy
from .seeds import ArmScores, arm_summary
from .summary import TOTAL, ModelSummary, RewardSummary
from .table import Table, read_table
from .total import model_per_weight


class Side(NamedTuple):
    """One model of a comparison: its run's ``table``, or the ``scores`` of an arm of several runs.

    Of these the ``table`` is the first run's.
    """

    arm: Arm
    name: str
    model: ModelSummary
    table: Table
    curves: tuple[Values, ...]
    scores: ArmScores | None

    @classmethod
    def read(cls, arm: Arm, name: str, primary: str, order: Sequence[str] | None, workers: int | None) -> Side:
        """Read the runs of an arm by the metric ``primary``, with the questions in the order of the ids."""
        first, *others = arm.runs
        table = read_table(first, primary, order, workers)
        curves = curve_values(table) if not others else ()
        model = _summary(first, name, table, curves)
        if not others:
            return cls(arm, name, model, table, curves, None)
        mix = first.manifest.mix
        models, scores = [model], [ArmScores.read(table, mix.weights)]
        for run in others:
            other = read_table(run, primary, table.ids, workers)
            models.append(_summary(run, name, other, ()))
            scores.append(ArmScores.read(other, mix.weights))
        joined, labelled = ArmScores.joined(scores), dict(zip(arm.labels, models, strict=True))
        return cls(arm, name, arm_summary(name, labelled, joined, mix.ranges), table, (), joined)

    @property
    def run(self) -> Run:
        """The run, or the first of several."""
        return self.arm.runs[0]

    @property
    def by_seed(self) -> ArmScores:
        """The questions' means in each run."""
        return self.scores or ArmScores.read(self.table, self.run.manifest.mix.weights)

    @property
    def primary_means(self) -> Floats:
        """The questions' means of the primary metric, over all runs."""
        if self.scores is None:
            return self.table.values[self.table.primary].means()
        means: Floats = self.scores.metrics[self.table.primary].mean(axis=1)
        return means


def _summary(run: Run, name: str, table: Table, curves: Sequence[Values]) -> ModelSummary:
    mix = run.manifest.mix
    scored = int(table.values[TOTAL].known.sum())
    counts = {"scored": scored, "not applicable": table.rows - scored}
    means = {name: float(np.nanmean(samples.values)) for name, samples in behaviour(table).items()}
    return ModelSummary(
        name=name,
        weights=run.manifest.weights,
        prompts=len(np.unique(table.tokens.questions)),
        samples=table.samples,
        rewards={
            reward: RewardSummary(
                within(estimate(table.values[reward], table.clusters), mix.ranges.get(reward)),
                table.counts(reward),
                not is_binary(table.values[reward].values),
            )
            for reward in table.statuses
        },
        total=RewardSummary(
            estimate(table.values[TOTAL], table.clusters),
            {word: count for word, count in counts.items() if count},
            not is_binary(table.values[TOTAL].values),
        ),
        cut=means.get("cut"),
        unanswered=means.get("unanswered"),
        tokens=means.get("tokens"),
        repeated=means.get("repeated"),
        repeated_unit=table.repeated_unit if "repeated" in means else None,
        distinct=means.get("distinct"),
        distinct_within=means.get("distinct_within"),
        constant=table.constant,
        refused=table.refused,
        system=run.manifest.engine.get("system"),
        curves=tuple(curve(values, table.clusters) for values in curves),
        per_weight=model_per_weight(table),
        proxy=proxy(table, mix.weights),
        missing=_missing(run, table),
        notes=tuple(map(str, run.manifest.engine.get("notes") or ())),
    )


def _missing(run: Run, table: Table) -> MissingValues:
    """Return what a model's rows lack; of a log by its ids, since its lines are not those of the run made of it."""
    missing, engine = table.missing, run.manifest.engine
    if engine.get("kind") != "log":
        return missing
    return missing._replace(file=str(engine["file"]), rows=tuple(row._replace(line=None) for row in missing.rows))
