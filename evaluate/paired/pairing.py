"""Comparing runs: each model's means, and the paired differences of every later run with the first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypedDict

import numpy as np

from ..runs.run import Run
from ..statistics.arrays import Floats
from ..statistics.intervals import CONFIDENCE
from ..types import EvaluationError
from .alarms import Alarm, read_alarms
from .arms import Arm, is_trained
from .behaviour import behaviour, behaviour_changes
from .choice import Choice, best_of, read_choice
from .comparability import require_comparable, table_mismatches
from .comparison import TOTAL, Comparison, Difference, ModelSummary, Pair, QuestionChange, RewardSummary, Verdict
from .curves import Values, curve, curve_differences, curve_values
from .difference import Design, adjust, adjust_over_models, difference, estimate, moves, within
from .doubts import MOST, Mismatch, MissingValues
from .drift import drift
from .factors import factors
from .hacking import check_hacking, proxy, suspects
from .lengths import lengths
from .margins import MARGIN, Margin, Margins
from .metric_pair import MetricPair
from .noise import read_noise
from .obstacles import obstacles
from .outside import outside, trained_for
from .seeds import ArmPair, ArmScores, arm_summary
from .shared import require_same_questions
from .stages import stage_of
from .subgroups import Grouping
from .table import Table, primary_metric, read_table
from .total import contributions, model_per_weight, pair_per_weight, score_limits


class _Side(NamedTuple):
    """One model of a comparison, read into memory: a run's table, or the ``scores`` of an arm of several runs.

    Of these the ``table`` is the first run's.
    """

    arm: Arm
    name: str
    model: ModelSummary
    table: Table
    curves: tuple[Values, ...]
    scores: ArmScores | None

    @property
    def run(self) -> Run:
        """The run, or the first of several."""
        return self.arm.runs[0]

    @property
    def by_seed(self) -> ArmScores:
        """The questions' means in each run."""
        return self.scores or ArmScores.read(self.table, self.run.manifest.mix.weights)

    def means(self, metric: str) -> Floats:
        """Return the questions' means over all runs."""
        means: Floats = self.by_seed.metrics[metric].mean(axis=1)
        return means


def compare(
    runs: Sequence[Run | Arm],
    *,
    margin: float | Margins = MARGIN,
    level: float = CONFIDENCE,
    multiplicity: bool = True,
    trained: str | None = None,
    by: str | None = None,
) -> Comparison:
    """Compare runs of one task: the first is the base, and every later one is paired with it.

    One run gives its means and no pair. The verdict of a pair is that of the task's primary metric, or of the
    weighted total where the mix does not measure that; the base's where the tasks name different ones. Two runs are in
    memory at a time. An :class:`Arm` of several runs is one model, whose changes hold over questions and seeds.

    Runs whose questions are asked in a random order may be unfinished: compared is the latest look that all have come
    to (see :func:`~grpokit.evaluate.paired.stages.stage_of`), at the level of that look.

    ``level`` is that of the intervals of all changes, which verdicts follow. With m tuned models the intervals are at
    ``1 - (1 - level) / m`` (Bonferroni), so that models no different from the base give any false verdict no more often
    than one would; without ``multiplicity`` each has the level itself, for one question that was asked beforehand.

    ``trained`` is the mix that the tuned models were trained for, where no recipe beside them says it. ``by`` is a
    column of the prompts: the change of the primary metric is given for each of its values too.

    ``margin`` is the loss of a mean that still counts as held: one for all metrics, or :class:`Margins` of each.

    Raises :class:`EvaluationError` for no run, a negative margin, runs on other prompts or with other rewards, and
    files that are not those of a run, and :class:`MarginError` for the margin of a metric that is not measured.
    """
    if not runs:
        raise EvaluationError("no run to compare: give the directory of one or more.")
    if not isinstance(margin, Margins):
        if not math.isfinite(margin) or margin < 0:
            raise EvaluationError(f"margin={margin}: give 0 or a positive number, such as {MARGIN}.")
        margin = Margins(Margin(margin))
    first, *later = (one if isinstance(one, Arm) else Arm(one.model, (one,)) for one in runs)
    comparisons = max(1, len(later)) if multiplicity else 1
    stage = stage_of((first, *later), comparisons)
    if stage is not None:
        first, *later = stage.sides
    each = 1 - (1 - level) / comparisons if stage is None else stage.level
    flagged = [_flagged(first, arm) for arm in later]
    names, mix = _names(runs), first.runs[0].manifest.mix
    base = _read(first, names[0], primary_metric(first.runs[0]), None if stage is None else stage.ids)
    groups = None if by is None else Grouping.of([first, *later], by)
    models, pairs, scores = [base.model], [], []
    means = {name: summary.estimate.mean for name, summary in models[0].rows().items()}
    margins = {name: of_metric.of(means[name]) for name, of_metric in margin.over(list(means)).items()}
    for arm, name, mismatches in zip(later, names[1:], flagged, strict=True):
        tuned = _read(arm, name, base.table.primary, base.table.ids)
        models.append(tuned.model)
        scores.append((name, tuned.means(base.table.primary)))
        pairing = _pair if base.scores is tuned.scores is None else _arm_pair
        pair = pairing(base, tuned, mismatches, margins, each, trained_for(tuned.run, trained))
        own = _primary(base, tuned, margins[pair.primary], each)
        pair = replace(pair, looks=None if stage is None else stage.looks(own))
        pair = replace(pair, subgroups=None if groups is None else groups.compared(base.table.ids, own))
        decided = pair.verdict not in (None, Verdict.UNDERPOWERED)
        hindered = obstacles((models[0], models[-1]), pair.primary, mix.ranges, decided=decided)
        pairs.append(replace(pair, obstacles=hindered))
    return Comparison(
        task=base.run.manifest.task.name,
        primary=base.table.primary,
        margin=margins[base.table.primary],
        margins=margin,
        level=level,
        weights=dict(mix.weights),
        models=tuple(models),
        pairs=adjust_over_models(pairs),
        noise=read_noise(base.run.path),
        obstacles=() if pairs else obstacles(models, base.table.primary, mix.ranges, decided=True),
        best_of=best_of(scores, base.table.clusters),
    )


def _flagged(base: Arm, tuned: Arm) -> tuple[Mismatch, ...]:
    """Return what is flagged between any run and the first of the base's, each once, and within the arms."""
    first = base.runs[0].manifest
    beside = [*base.runs[1:], *tuned.runs]
    for run in beside:
        require_same_questions(base.runs[0], run)
    differing = [one for run in beside for one in require_comparable(first, run.manifest)]
    return tuple(dict.fromkeys([*base.mismatches(), *tuned.mismatches(), *differing]))


def _names(sides: Sequence[Run | Arm]) -> list[str]:
    """Return the models' names, with the run's folder where two are the same."""
    models = [side.name if isinstance(side, Arm) else side.model for side in sides]
    paths = [side.runs[0].path if isinstance(side, Arm) else side.path for side in sides]
    return [
        f"{model} ({path.name})" if models.count(model) > 1 else model
        for model, path in zip(models, paths, strict=True)
    ]


def _read(arm: Arm, name: str, primary: str, order: Sequence[str] | None = None) -> _Side:
    first, *others = arm.runs
    table = read_table(first, primary, order)
    curves = curve_values(table) if not others else ()
    model = _model(first, name, table, curves)
    if not others:
        return _Side(arm, name, model, table, curves, None)
    mix = first.manifest.mix
    models, scores = [model], [ArmScores.read(table, mix.weights)]
    for run in others:
        other = read_table(run, primary, table.ids)
        models.append(_model(run, name, other, ()))
        scores.append(ArmScores.read(other, mix.weights))
    joined, labelled = ArmScores.joined(scores), dict(zip(arm.labels, models, strict=True))
    return _Side(arm, name, arm_summary(name, labelled, joined, mix.ranges), table, (), joined)


def _model(run: Run, name: str, table: Table, curves: Sequence[Values]) -> ModelSummary:
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
                within(estimate(table.values[reward], table.clusters), mix.ranges.get(reward)), table.counts(reward)
            )
            for reward in table.statuses
        },
        total=RewardSummary(
            estimate(table.values[TOTAL], table.clusters), {word: count for word, count in counts.items() if count}
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


def _pair(
    base: _Side,
    tuned: _Side,
    mismatches: tuple[Mismatch, ...],
    margins: Mapping[str, float],
    level: float,
    trained: tuple[str, ...],
) -> Pair:
    left, right = base.table, tuned.table
    primary, mix = left.primary, base.run.manifest.mix
    design = Design(left.clusters, shared_noise(base.run, tuned.run), level)
    changes = {name: _change(left, right, name, design, margins[name], score_limits(mix, name)) for name in left.values}
    total = changes.pop(TOTAL)
    rewards = adjust(changes)
    gain = total if primary == TOTAL else rewards[primary]
    return Pair(
        base=base.name,
        tuned=tuned.name,
        primary=primary,
        mismatches=(*mismatches, *table_mismatches(left, right)),
        rewards=rewards,
        total=total,
        contributions=contributions(left, right, mix.weights, design),
        factors=factors(left, right, primary, level),
        curves=curve_differences(base.curves, tuned.curves, design),
        changes=_changes(left, right),
        hacking=check_hacking(left, right, mix.weights, gain, design),
        suspects=suspects(left, right),
        per_weight=pair_per_weight(left, right, level),
        behaviour=behaviour_changes(left, right, design),
        lengths=lengths(left, right),
        drift=drift(base.run, tuned.run, left.ids, design),
        trained_for=trained,
        outside=outside(right, trained) if trained else (),
        **_training(base, tuned),
    )


def _arm_pair(
    base: _Side,
    tuned: _Side,
    mismatches: tuple[Mismatch, ...],
    margins: Mapping[str, float],
    level: float,
    trained: tuple[str, ...],
) -> Pair:
    """Return the pair of two arms: what speaks of single completions alone is left out."""
    primary, arms = base.table.primary, ArmPair(base.by_seed, tuned.by_seed, base.run.manifest.mix, level)
    changes = {name: arms.difference(name, margins[name]) for name in base.table.values}
    total = changes.pop(TOTAL)
    rewards = adjust(changes)
    return Pair(
        base=base.name,
        tuned=tuned.name,
        primary=primary,
        mismatches=(*mismatches, *table_mismatches(base.table, tuned.table)),
        rewards=rewards,
        total=total,
        contributions=arms.contributions(),
        factors=(),
        curves=(),
        changes=arms.changes(),
        hacking=arms.hacking(total if primary == TOTAL else rewards[primary]),
        suspects=arms.suspects(),
        per_weight=None,
        behaviour=arms.behaviour(),
        trained_for=trained,
        outside=outside(tuned.table, trained) if trained else (),
        **_training(base, tuned),
    )


class _Training(TypedDict):
    """What is known of how the models of a pair were trained."""

    alarms: tuple[Alarm, ...]
    choices: tuple[Choice, ...]
    lone_seed: bool


def _training(base: _Side, tuned: _Side) -> _Training:
    runs, labels = tuned.arm.runs, tuned.arm.labels
    alarms = [
        alarm._replace(kind=f"{alarm.kind}, {label}") if len(runs) > 1 else alarm
        for run, label in zip(runs, labels, strict=True)
        for alarm in read_alarms(run.path)
    ]
    choices = tuple(choice for run in runs if (choice := read_choice(run.path)) is not None)
    lone = any(len(side.arm.runs) == 1 and is_trained(side.run) for side in (base, tuned))
    return {"alarms": tuple(alarms), "choices": choices, "lone_seed": lone}


def _change(
    base: Table, tuned: Table, name: str, design: Design, margin: float, limits: Sequence[float] | None
) -> Difference:
    """Return the change of one metric, without a verdict where most completions of one model have no value of it."""
    change = difference(base.values[name], tuned.values[name], design, margin, limits)
    missing = [1 - table.values[name].known.mean() for table in (base, tuned)]
    return replace(change, verdict=None) if max(missing) > MOST else change


def _primary(base: _Side, tuned: _Side, margin: float, level: float) -> MetricPair:
    """Return the scores of the primary metric."""
    name, design = base.table.primary, Design(base.table.clusters, shared_noise(base.run, tuned.run), level)
    limits = score_limits(base.run.manifest.mix, name)
    return MetricPair(base.table.values[name], tuned.table.values[name], design, margin, limits)


def shared_noise(base: Run, tuned: Run) -> bool:
    """Return whether both models drew their samples with the same random numbers."""
    drawn, engine = base.manifest.sampling, base.manifest.engine.get("kind")
    same = drawn == tuned.manifest.sampling and engine == tuned.manifest.engine.get("kind")
    return bool(drawn and drawn["temperature"] and same and engine == "transformers")


def _changes(base: Table, tuned: Table) -> tuple[QuestionChange, ...]:
    """Return the questions whose mean of the primary metric changed, the worst loss first."""
    before, after = base.values[base.primary], tuned.values[base.primary]
    left, right = before.means(), after.means()
    moved = np.flatnonzero(np.nan_to_num(moves(before, after)))
    changes = [QuestionChange(base.ids[i], float(left[i]), float(right[i])) for i in moved]
    return tuple(sorted(changes, key=lambda change: change.delta))
