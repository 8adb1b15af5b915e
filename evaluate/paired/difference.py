"""One reward of two models on the same questions: the paired difference and its verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..statistics.arrays import Booleans, Floats, Integers, is_binary, renumber
from ..statistics.clusters import count_clusters, independent_units
from ..statistics.intervals import CONFIDENCE, Interval, mean_interval, spread, two_sided_z
from ..statistics.paired import difference_interval, holm, mcnemar, mid_p, sign_flip
from ..statistics.power import questions_needed, smallest_detectable
from ..statistics.rare import rare_loss, skewed_loss, units_to_exclude
from ..statistics.samples import Samples
from ..statistics.variance import advise, split_variance
from .change import Difference, VarianceParts
from .comparison import Pair
from .summary import TOTAL, Estimate
from .verdict import Evidence, decide

NO_INTERVAL = "none: the values do not vary"


@dataclass(frozen=True)
class Design:
    """How questions hang together, and at which level the changes on them are judged.

    ``clusters`` are those of the questions; ``shared_noise``: both models drew with the same random numbers.
    ``level`` is that of every interval of a change, and 1 - ``level`` what a p value is held against.
    """

    clusters: Integers | None
    shared_noise: bool
    level: float = CONFIDENCE


def estimate(scores: Samples, clusters: Integers | None) -> Estimate:
    """Return the mean of scores over the questions that have one, with its interval."""
    means = scores.means()
    known = ~np.isnan(means)
    kept = renumber(clusters, known)
    return summary(means[known], mean_interval(means[known], is_binary(scores.values), _single(scores), kept))


def within(estimated: Estimate, limits: Sequence[float] | None) -> Estimate:
    """Cut an interval at the lowest and highest value that a reward can have, and say so in its method.

    >>> within(Estimate(0.9, 0.75, 1.05, 8, "t"), (0.0, 1.0))
    Estimate(mean=0.9, low=0.75, high=1.0, n=8, method='t, cut at the range')
    """
    if limits is None or estimated.low is None or estimated.high is None:
        return estimated
    low, high = max(estimated.low, limits[0]), min(estimated.high, limits[1])
    if (low, high) == (estimated.low, estimated.high):
        return estimated
    return replace(estimated, low=low, high=high, method=f"{estimated.method}, cut at the range")


def summary(values: Floats, interval: Interval | None) -> Estimate:
    """Put the mean of one value per question and its interval together."""
    mean = float(values.mean()) if len(values) else None
    if interval is None:
        return Estimate(mean, None, None, len(values), NO_INTERVAL)
    return Estimate(mean, interval.low, interval.high, len(values), interval.method)


class Questions(NamedTuple):
    """The questions that both models have a value for: their means and differences, and which of all they are."""

    base: Floats
    tuned: Floats
    changes: Floats
    clusters: Integers | None
    kept: Booleans


def shared_questions(base: Samples, tuned: Samples, design: Design) -> Questions:
    """Pair scores whose questions are in the same order."""
    left, right, changes = base.means(), tuned.means(), moves(base, tuned)
    kept = ~np.isnan(changes)
    return Questions(left[kept], right[kept], changes[kept], renumber(design.clusters, kept), kept)


def moves(base: Samples, tuned: Samples) -> Floats:
    """Return the change of each question's mean, NaN where one has none.

    >>> moves(Samples.of([[0.1, 0.2, 0.3], [0.0, 1.0]]), Samples.of([[0.3, 0.2, 0.1], [1.0, 1.0, 1.0]]))
    array([0. , 0.5])
    """
    changes = tuned.means() - base.means()
    changes[np.abs(changes) < 1e-12] = 0.0  # equal means that were summed in another order
    return changes


def paired_estimate(base: Samples, tuned: Samples, design: Design) -> Estimate:
    """Return tuned minus base with its paired interval, and nothing else that :func:`difference` gives."""
    _, _, changes, clusters, kept = shared_questions(base, tuned, design)
    reach = _seen_range(_both(base.keep(kept), tuned.keep(kept)))
    return summary(changes, difference_interval(changes, reach, clusters, design.level))


def difference(
    base: Samples, tuned: Samples, design: Design, margin: float, limits: Sequence[float] | None = None
) -> Difference:
    """Return tuned minus base, of scores whose questions are in the same order.

    ``margin`` is the loss of the mean that still counts as held, ``limits`` are the lowest and highest score that there
    can be (None: not declared). Questions without a value in either are left out and counted. ``p_holm`` is ``p`` until
    :func:`adjust`, and ``p_models`` until :func:`adjust_over_models`.
    """
    a, b, changes, clusters, kept = shared_questions(base, tuned, design)
    base, tuned = base.keep(kept), tuned.keep(kept)
    reach, level = score_range(_both(base, tuned), limits), design.level
    interval = difference_interval(changes, reach, clusters, level)
    estimated = summary(changes, interval)
    test = _test(changes, _single(base) and _single(tuned) and is_binary(_both(base, tuned)), clusters)
    unseen = rare_loss(independent_units(len(changes), clusters), 1.0, level)
    standard = spread(changes, clusters)
    rare = max(reach * unseen, skewed_loss(changes, standard, clusters, level))
    floor = (estimated.mean or 0.0) - rare
    held_above = least_above(changes, clusters, reach, margin, level)
    evidence = Evidence(interval, None if clusters is not None else test.p, floor, estimated.n)
    return Difference(
        delta=estimated.mean,
        low=estimated.low,
        high=estimated.high,
        n=estimated.n,
        dropped=len(kept) - estimated.n,
        p=test.p,
        p_holm=test.p,
        test=test.name,
        method=estimated.method,
        fixed=int((changes > 0).sum()),
        broken=int((changes < 0).sum()),
        both_right=int(((a == 1) & (b == 1)).sum()),
        both_wrong=int(((a == 0) & (b == 0)).sum()),
        mde=None if interval is None else _detectable(changes, reach * unseen, clusters, level),
        needed=_needed(changes, clusters, margin, held_above, level),
        verdict=decide(evidence, margin, level),
        pairing=_pairing(a, b, changes) if standard.known else None,
        variance=_variance(base, tuned, design.shared_noise),
        level=level,
        margin=margin,
        low_held=None if interval is None else min(interval.low, floor),
        reach=reach,
        unseen=unseen,
        graded=not is_binary(_both(base, tuned)),
        held_above=held_above,
        clusters=count_clusters(clusters),
        p_exact=test.exact,
        p_models=test.p,
    )


def adjust(differences: Mapping[str, Difference]) -> dict[str, Difference]:
    """Return the differences of several rewards with ``p_holm`` adjusted over them."""
    adjusted = holm({name: one.p for name, one in differences.items() if one.p is not None})
    return {name: replace(one, p_holm=adjusted.get(name)) for name, one in differences.items()}


def adjust_over_models(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Return the pairs of several models with one base, with ``p_models`` adjusted over them, metric by metric."""
    adjusted: list[dict[str, float]] = [{} for _ in pairs]
    for name in pairs[0].rows() if pairs else ():
        known = {str(at): p for at, pair in enumerate(pairs) if (p := pair.rows()[name].p) is not None}
        for at, p in holm(known).items():
            adjusted[int(at)][name] = p
    return tuple(
        replace(
            pair,
            rewards={name: replace(one, p_models=by_name.get(name)) for name, one in pair.rewards.items()},
            total=replace(pair.total, p_models=by_name.get(TOTAL)),
        )
        for pair, by_name in zip(pairs, adjusted, strict=True)
    )


def _both(base: Samples, tuned: Samples) -> Floats:
    return np.concatenate((base.values, tuned.values))


def _single(scores: Samples) -> bool:
    return bool((scores.counts() <= 1).all())


def score_range(scores: Floats, limits: Sequence[float] | None) -> float:
    """Return how far two scores can lie apart: by the declared ``limits``, else at least from 0 to 1; more if seen.

    >>> score_range(np.array([0.2, 0.4]), None), score_range(np.array([0.2, np.nan]), [0.0, 0.5])
    (1.0, 0.5)
    """
    known = scores[~np.isnan(scores)]
    low, high = limits or (0.0, 1.0)
    return float(max(high, known.max(initial=high)) - min(low, known.min(initial=low)))


def _seen_range(scores: Floats) -> float | None:
    """Return how far the scores that were seen lie apart (None if they do not); 1 for 0/1 scores."""
    if is_binary(scores):
        return 1.0
    known = scores[~np.isnan(scores)]
    return float(np.ptp(known)) or None if known.size else None


class Test(NamedTuple):
    """A two-sided p value and the test's name; ``exact`` is McNemar's exact p value beside the mid-p one."""

    p: float | None
    name: str
    exact: float | None = None


def _test(changes: Floats, binary: bool, clusters: Integers | None) -> Test:
    if not len(changes):
        return Test(None, "none")
    if binary and clusters is None:
        flips = int((changes < 0).sum()), int((changes > 0).sum())
        return Test(mid_p(*flips), "McNemar mid-p", mcnemar(*flips))
    return Test(sign_flip(changes, clusters), "sign-flip permutation" + (" by cluster" if clusters is not None else ""))


def _detectable(changes: Floats, unseen: float, clusters: Integers | None, level: float) -> float:
    """The smallest detectable change; where all differences are equal, from half the width of the interval."""
    standard = spread(changes, clusters)
    if standard.known:
        return smallest_detectable(standard.error, standard.degrees, level)
    return smallest_detectable(unseen / two_sided_z(level), math.inf, level)


def least_above(changes: Floats, clusters: Integers | None, reach: float, margin: float, level: float) -> int | None:
    """The number of questions that must be exceeded for rare losses of the margin to be excluded."""
    if not margin or not len(changes):
        return None
    clumping = len(changes) / independent_units(len(changes), clusters)
    return math.floor(units_to_exclude(margin, reach, level) * clumping)


def _needed(
    changes: Floats, clusters: Integers | None, margin: float, held_above: int | None, level: float
) -> int | None:
    """The number of questions like these that would show a change of the margin and exclude rare losses of it."""
    standard = spread(changes, clusters)
    if held_above is None:
        return None
    if not standard.known:
        return held_above + 1
    return max(questions_needed(standard.error**2 * len(changes), margin, level), held_above + 1)


def _pairing(base: Floats, tuned: Floats, changes: Floats) -> float | None:
    """Return ``sqrt((Var a + Var b) / Var d)``, None where the differences do not vary."""
    if len(changes) < 2 or not changes.var():
        return None
    return float(np.sqrt((base.var() + tuned.var()) / changes.var()))


def _variance(base: Samples, tuned: Samples, shared_noise: bool) -> VarianceParts | None:
    parts = split_variance(base, tuned, shared_noise)
    if parts is None:
        return None
    advice = advise(parts, int(base.numbers.max()) + 1)
    return VarianceParts(parts.questions, parts.samples, parts.narrowing if shared_noise else None, advice)
