"""Would GRPO learn from this task, this mix and this model? A forecast from stored samples, before training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..runs.run import Run
from ..statistics.arrays import Booleans, Floats, Integers, is_binary, question_means, renumber
from ..statistics.groups import all_equal, carried_variance, varies, within_spread
from ..statistics.intervals import mean_interval
from ..types import EvaluationError
from .comparison import TOTAL, CurvePoint, Estimate
from .curves import powers
from .difference import summary
from .table import Table, read_table
from .total import weighted

WANTED = 0.5
"""The share of groups with an advantage that the needed group size is meant to reach."""


@dataclass(frozen=True)
class RateBin:
    """Questions with a pass rate of at least ``low`` (and not 0) and below ``high``, or of exactly both."""

    low: float
    high: float
    questions: int


@dataclass(frozen=True)
class Signal:
    """What groups of ``group`` samples per prompt would give GRPO, under one mix.

    ``silent`` is the share of groups without an advantage, all totals being equal; ``by_group`` that of groups
    with one, for each group size up to the samples there are; ``needed`` the smallest of those sizes at which
    half of the groups have one, None when none is. ``spread`` is the mean standard deviation of the total
    within a prompt. ``carriers`` are the shares of the variance within prompts that each weighted reward
    carries: they add up to 1, and one below 0 works against the others. ``rates`` is the histogram of pass
    rates, empty for a graded primary reward. ``worth`` are the ids of the prompts worth training on: their
    totals differ, and the primary reward, when it is 0/1, neither always nor never succeeds.
    """

    model: str
    task: str
    prompts: int
    samples: int
    group: int
    silent: Estimate
    by_group: tuple[CurvePoint, ...]
    needed: int | None
    spread: Estimate
    carriers: Mapping[str, float]
    rates: tuple[RateBin, ...]
    worth: tuple[str, ...]
    advice: str


def signal(run: Run, group: int = 8) -> Signal:
    """Forecast the learning signal of groups of ``group`` samples from a run with at least as many per prompt.

    Averages over all groups that can be drawn from a prompt's samples, without bias; nothing is extrapolated to
    groups larger than the samples. Prompts with fewer samples that have a total are left out.

    Raises :class:`EvaluationError` for a group below 2 or above the samples.
    """
    table = read_table(run)
    samples = table.present.shape[1]
    if not 2 <= group <= samples:
        raise EvaluationError(
            f"group={group} with {samples} samples per prompt: a group has 2 or more, and at most the samples; draw "
            f"more of them: grpo-eval run --samples {max(group, 2)} --temperature 1."
        )
    kept = (~np.isnan(table.values[TOTAL])).sum(axis=1) >= group
    if not kept.any():
        raise EvaluationError(f"{run.path}: no prompt has {group} samples with a total; give a smaller group.")
    return _signal(run, table, kept, group)


def _signal(run: Run, table: Table, kept: Booleans, group: int) -> Signal:
    totals, primary = table.values[TOTAL][kept], table.values[table.primary][kept]
    weights, clusters = run.manifest.mix.weights, renumber(table.clusters, kept)
    rates = question_means(primary) if table.primary != TOTAL and is_binary(primary) else None
    silent = _estimate(all_equal(totals, group), clusters, binary=True)
    by_group = tuple(
        CurvePoint(size, _estimate(1 - all_equal(totals, size), clusters, binary=True))
        for size in _sizes(totals, group)
    )
    needed = next((point.k for point in by_group if (point.estimate.mean or 0.0) >= WANTED), None)
    worth = varies(totals) if rates is None else varies(totals) & (rates > 0) & (rates < 1)
    return Signal(
        model=run.model,
        task=run.manifest.task.name,
        prompts=len(totals),
        samples=totals.shape[1],
        group=group,
        silent=silent,
        by_group=by_group,
        needed=needed,
        spread=_estimate(within_spread(totals), clusters, binary=False),
        carriers=carried_variance({name: weighted(table, {name: w})[kept] for name, w in weights.items() if w}),
        rates=_histogram(rates) if rates is not None else (),
        worth=tuple(table.ids[place] for place in np.flatnonzero(kept)[worth]),
        advice=_advise(1 - (silent.mean or 0.0), group, needed, totals.shape[1], float(worth.mean())),
    )


def _sizes(totals: Floats, group: int) -> list[int]:
    """Return group sizes up to the samples that every prompt has."""
    fewest = int((~np.isnan(totals)).sum(axis=1).min())
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


def _advise(audible: float, group: int, needed: int | None, samples: int, worth: float) -> str:
    forecast = (
        f"{audible:.0%} of groups of {group} have an advantage; {worth:.0%} of the prompts are worth training on."
    )
    if audible >= WANTED:
        return f"{forecast} GRPO can learn from this."
    if needed is not None:
        return f"{forecast} Groups of {needed} would have one in half of the cases."
    if worth == 0:
        return f"{forecast} Nothing to learn from: take easier or harder prompts, or rewards that tell samples apart."
    return f"{forecast} Train on those prompts alone, or take larger groups than {samples}."
