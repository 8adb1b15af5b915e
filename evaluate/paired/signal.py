"""Would GRPO learn from this task, this mix and this model? A forecast from stored samples, before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..runs.run import Run
from ..statistics.arrays import Booleans, Floats, Integers, is_binary, renumber
from ..statistics.groups import Scale, advantage_shares, all_equal, varies, within_spread
from ..statistics.intervals import mean_interval
from ..statistics.samples import Samples
from ..types import EvaluationError
from .curves import powers
from .difference import summary
from .summary import TOTAL, CurvePoint, Estimate
from .table import Table, read_table
from .total import weighted

WANTED = 0.5
"""The share of groups that differ which the needed group size is meant to reach."""


@dataclass(frozen=True)
class RateBin:
    """Questions with a pass rate of at least ``low`` (and not 0) and below ``high``, or of exactly both."""

    low: float
    high: float
    questions: int


@dataclass(frozen=True)
class Signal:
    """What groups of ``group`` samples per prompt would give GRPO, under one mix.

    ``learnable`` is the share of prompts on which the ``primary`` metric differs between samples: a 0/1 one neither
    always nor never succeeds there. ``by_primary`` is the share of groups in which it differs, for each group size up
    to the samples there are, and ``needed`` the smallest of those sizes at which it does in half of the groups, None
    when none is. ``silent`` is the share of groups without an advantage, all totals being equal, and ``by_group`` that
    of groups with one. ``spread`` is the mean standard deviation of the total within a prompt. ``carriers`` are the
    shares of the advantage, scaled as ``scale_rewards`` says, that each weighted reward carries: they add up to 1, and
    one below 0 works against the others. ``rates`` is the histogram of pass rates, empty for a graded primary metric.
    ``worth`` are the ids of the prompts worth training on: totals and primary metric both differ.
    """

    model: str
    task: str
    prompts: int
    samples: int
    group: int
    scale_rewards: Scale
    primary: str
    learnable: Estimate
    by_primary: tuple[CurvePoint, ...]
    silent: Estimate
    by_group: tuple[CurvePoint, ...]
    needed: int | None
    spread: Estimate
    carriers: Mapping[str, float]
    rates: tuple[RateBin, ...]
    worth: tuple[str, ...]
    advice: str


def signal(run: Run, group: int = 8, scale: Scale = "group") -> Signal:
    """Forecast the learning signal of groups of ``group`` samples from a run with at least as many per prompt.

    Averages over all groups that can be drawn from a prompt's samples, without bias; nothing is extrapolated to
    groups larger than the samples. Prompts with fewer samples that have a total are left out. ``scale`` is what the
    trainer's ``scale_rewards`` will be.

    Raises :class:`EvaluationError` for a group below 2 or above the samples.
    """
    table = read_table(run)
    if not 2 <= group <= table.samples:
        raise EvaluationError(
            f"group={group} with {table.samples} samples per prompt: a group has 2 or more, and at most the samples; "
            f"draw more of them: grpo-eval run --samples {max(group, 2)} --temperature 1."
        )
    kept = table.values[TOTAL].counts() >= group
    if not kept.any():
        raise EvaluationError(f"{run.path}: no prompt has {group} samples with a total; give a smaller group.")
    return _signal(run, table, kept, group, scale)


def _signal(run: Run, table: Table, kept: Booleans, group: int, scale: Scale) -> Signal:
    totals, clusters = table.values[TOTAL].keep(kept), renumber(table.clusters, kept)
    # where the primary reward does not apply it brings 0, as it does to the total
    values = np.nan_to_num(table.values[table.primary].keep(kept).values)
    primary = totals.having(np.where(totals.known, values, np.nan))
    graded = table.primary == TOTAL or not is_binary(primary.values)
    sizes, differs = _sizes(totals, group), varies(primary)
    silent = _estimate(all_equal(totals, group), clusters, binary=True)
    by_primary = _curve(primary, sizes, clusters)
    weights = {name: weight for name, weight in run.manifest.mix.weights.items() if weight}
    made = Signal(
        model=run.model,
        task=run.manifest.task.name,
        prompts=len(totals),
        samples=table.samples,
        group=group,
        scale_rewards=scale,
        primary=table.primary,
        learnable=_estimate(differs.astype(np.float64), clusters, binary=True),
        by_primary=by_primary,
        silent=silent,
        by_group=_curve(totals, sizes, clusters),
        needed=next((point.k for point in by_primary if (point.estimate.mean or 0.0) >= WANTED), None),
        spread=_estimate(within_spread(totals), clusters, binary=False),
        carriers=advantage_shares(
            {name: weighted(table, {name: weight}).keep(kept) for name, weight in weights.items()}, group, scale
        ),
        rates=() if graded else _histogram(primary.means()),
        worth=tuple(table.ids[place] for place in np.flatnonzero(kept)[varies(totals) & differs]),
        advice="",
    )
    return replace(made, advice=_advise(made))


def _curve(scores: Samples, sizes: Sequence[int], clusters: Integers | None) -> tuple[CurvePoint, ...]:
    """Return the share of groups in which scores differ, by the size of the group."""
    return tuple(CurvePoint(size, _estimate(1 - all_equal(scores, size), clusters, binary=True)) for size in sizes)


def _sizes(totals: Samples, group: int) -> list[int]:
    """Return group sizes up to the samples that every prompt has."""
    fewest = int(totals.counts().min())
    return sorted({size for size in powers(fewest) if size > 1} | {group})


def _estimate(values: Floats, clusters: Integers | None, binary: bool) -> Estimate:
    return summary(values, mean_interval(values, binary, single=False, clusters=clusters))


def _histogram(rates: Floats) -> tuple[RateBin, ...]:
    """Count the pass rates: 0, the ten tenths between, 1."""
    known = rates[~np.isnan(rates)]
    inner = known[(known > 0) & (known < 1)]
    tenths = np.bincount(np.floor(np.round(inner * 10, 9)).astype(np.int64), minlength=10)
    between = [RateBin(tenth / 10, (tenth + 1) / 10, int(count)) for tenth, count in enumerate(tenths)]
    return (RateBin(0.0, 0.0, int((known == 0).sum())), *between, RateBin(1.0, 1.0, int((known == 1).sum())))


def _advise(signal: Signal) -> str:
    """Say what would be learnt: by the primary metric first, since groups may differ in nothing that is wanted."""
    learnable, heard = signal.learnable.mean or 0.0, _at(signal.by_primary, signal.group)
    state = "are neither solved nor hopeless by" if signal.rates else "have samples that differ in"
    forecast = (
        f"{learnable:.0%} of the prompts {state} {signal.primary}; it differs in {heard:.0%} of groups of "
        f"{signal.group}."
    )
    carrier, carried = max(signal.carriers.items(), key=lambda one: one[1], default=("", 0.0))
    other = carrier != signal.primary and signal.primary != TOTAL and carried > WANTED
    if not signal.worth:
        lacking = "Nothing to learn from: take easier or harder prompts, or rewards that tell samples apart."
        return f"{forecast} {lacking}" + (f" {_other(carrier, carried)} alone would be learnt." if other else "")
    if heard >= WANTED:
        outlook = "GRPO can learn from this."
    elif signal.needed is not None:
        outlook = f"In groups of {signal.needed} it would in half of the cases."
    else:
        outlook = f"Train on those prompts alone, or take larger groups than {signal.samples}."
    return f"{forecast} {outlook}" + (f" {_other(carrier, carried)} would be learnt first." if other else "")


def _at(curve: Sequence[CurvePoint], group: int) -> float:
    return next(point.estimate.mean or 0.0 for point in curve if point.k == group)


def _other(carrier: str, carried: float) -> str:
    return f"{carried:.0%} of the advantage is for {carrier}: that"
