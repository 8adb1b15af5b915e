"""Comparing runs: each model's means, and the paired differences of every later run with the first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..runs.run import Run
from ..statistics.intervals import CONFIDENCE
from ..types import EvaluationError
from .alarms import Alarm, read_alarms
from .arms import Arm
from .change import Verdict
from .choice import best_of, read_choice
from .comparability import require_comparable, table_mismatches
from .comparison import Comparison, Pair
from .difference import adjust, adjust_over_models
from .doubts import Mismatch
from .margins import MARGIN, Margin, Margins
from .noise import read_noise
from .obstacles import obstacles
from .outside import outside, trained_for
from .run_pair import RunPair
from .seeds import ArmPair
from .shared import require_same_questions
from .side import Side
from .stages import Stage, stage_of
from .subgroups import Grouping
from .summary import TOTAL
from .table import primary_metric


def compare(
    runs: Sequence[Run | Arm],
    *,
    margin: float | Margins = MARGIN,
    level: float = CONFIDENCE,
    multiplicity: bool = True,
    trained: str | None = None,
    by: str | None = None,
    workers: int | None = 1,
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
    ``workers`` processes read a run; None is one, and for a large run one per processor.

    Raises :class:`EvaluationError` for no run, a negative margin, runs on other prompts or with other rewards, and
    files that are not those of a run, and :class:`MarginError` for the margin of a metric that is not measured.
    """
    if not runs:
        raise EvaluationError("no run to compare: give the directory of one or more.")
    allowed = _margins(margin)
    arms = [one if isinstance(one, Arm) else Arm(one.model, (one,), alone=True) for one in runs]
    comparisons = max(1, len(arms) - 1) if multiplicity else 1
    stage = stage_of(arms, comparisons)
    first, *later = arms if stage is None else stage.sides
    flagged = [_flagged(first, arm) for arm in later]
    names, mix = _names(arms), first.runs[0].manifest.mix
    base = Side.read(first, names[0], primary_metric(first.runs[0]), None if stage is None else stage.ids, workers)
    primary = base.table.primary
    means = {name: summary.estimate.mean for name, summary in base.model.rows().items()}
    pairing = Pairing(
        base,
        margins={name: of_metric.of(means[name]) for name, of_metric in allowed.over(list(means)).items()},
        level=1 - (1 - level) / comparisons if stage is None else stage.level,
        trained=trained,
        stage=stage,
        groups=None if by is None else Grouping.of([first, *later], by),
    )
    models, pairs, scores = [base.model], [], []
    for arm, name, mismatches in zip(later, names[1:], flagged, strict=True):
        tuned = Side.read(arm, name, primary, base.table.ids, workers)
        models.append(tuned.model)
        scores.append((name, tuned.primary_means))
        pairs.append(pairing.pair(tuned, mismatches))
    return Comparison(
        task=base.run.manifest.task.name,
        primary=primary,
        margin=pairing.margins[primary],
        margins=allowed,
        level=level,
        weights=dict(mix.weights),
        models=tuple(models),
        pairs=adjust_over_models(pairs),
        noise=read_noise(base.run.path),
        obstacles=() if pairs else obstacles(models, primary, mix.ranges, decided=True),
        best_of=best_of(scores, base.table.clusters),
    )


def _margins(margin: float | Margins) -> Margins:
    if isinstance(margin, Margins):
        return margin
    if not math.isfinite(margin) or margin < 0:
        raise EvaluationError(f"margin={margin}: give 0 or a positive number, such as {MARGIN}.")
    return Margins(Margin(margin))


def _flagged(base: Arm, tuned: Arm) -> tuple[Mismatch, ...]:
    """Return what is flagged between any run and the first of the base's, each once, and within the arms."""
    first = base.runs[0].manifest
    beside = [*base.runs[1:], *tuned.runs]
    for run in beside:
        require_same_questions(base.runs[0], run)
    differing = [one for run in beside for one in require_comparable(first, run.manifest)]
    return tuple(dict.fromkeys([*base.mismatches(), *tuned.mismatches(), *differing]))


def _names(arms: Sequence[Arm]) -> list[str]:
    """Return the models' names, with the run's folder where two are the same."""
    names = [arm.name for arm in arms]
    return [f"{arm.name} ({arm.runs[0].path.name})" if names.count(arm.name) > 1 else arm.name for arm in arms]


@dataclass(frozen=True)
class Pairing:
    """A base, and how the change from it to any tuned model is judged.

    ``margins`` are the losses that still count as held, by metric and in its units, ``level`` is that of all intervals.
    ``trained`` is the mix that the user says was trained for. ``stage`` and ``groups`` are None where neither looks
    nor groups of questions were asked for.
    """

    base: Side
    margins: Mapping[str, float]
    level: float
    trained: str | None
    stage: Stage | None
    groups: Grouping | None

    def pair(self, tuned: Side, mismatches: Sequence[Mismatch]) -> Pair:
        """Return the pair with a tuned model; ``mismatches`` are those of the manifests."""
        base, primary, mix = self.base, self.base.table.primary, self.base.run.manifest.mix
        runs = RunPair(base, tuned, self.level)
        alone = base.scores is tuned.scores is None
        both = runs if alone else ArmPair(base.by_seed, tuned.by_seed, mix, self.level)
        changes = {name: both.difference(name, self.margins[name]) for name in base.table.values}
        gain, total = changes[primary], changes.pop(TOTAL)
        trained = trained_for(tuned.run, self.trained)
        decided = gain.verdict not in (None, Verdict.UNDERPOWERED)
        pair = Pair(
            base=base.name,
            tuned=tuned.name,
            primary=primary,
            mismatches=(*mismatches, *table_mismatches(base.table, tuned.table)),
            rewards=adjust(changes),
            total=total,
            contributions=both.contributions(),
            changes=both.changes(),
            hacking=both.hacking(gain),
            suspects=both.suspects(),
            behaviour=both.behaviour(),
            obstacles=obstacles((base.model, tuned.model), primary, mix.ranges, decided=decided),
            trained_for=trained,
            outside=outside(tuned.table, trained) if trained else (),
            alarms=_alarms(tuned.arm),
            choices=tuple(choice for run in tuned.arm.runs if (choice := read_choice(run.path)) is not None),
            lone_seed=base.arm.lone_seed or tuned.arm.lone_seed,
        )
        return self._of_runs(pair, runs) if alone else pair

    def _of_runs(self, pair: Pair, runs: RunPair) -> Pair:
        """Add to a pair what arms of several runs go without."""
        scores = runs.metric(pair.primary, self.margins[pair.primary])
        return replace(
            runs.detailed(pair),
            looks=None if self.stage is None else self.stage.looks(scores),
            subgroups=None if self.groups is None else self.groups.compared(self.base.table.ids, scores),
        )


def _alarms(tuned: Arm) -> tuple[Alarm, ...]:
    """Return the alarms that were raised while a model trained; of several seeds each says which."""
    return tuple(
        alarm._replace(kind=f"{alarm.kind}, {label}") if len(tuned.runs) > 1 else alarm
        for run, label in zip(tuned.runs, tuned.labels, strict=True)
        for alarm in read_alarms(run.path)
    )
