"""One reward of two models on the same questions: the paired difference and its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..statistics.arrays import Booleans, Floats, Integers, is_binary, renumber
from ..statistics.intervals import Interval, mean_interval, spread
from ..statistics.paired import difference_interval, holm, mcnemar, sign_flip
from ..statistics.power import questions_needed, smallest_detectable
from ..statistics.samples import Samples
from ..statistics.variance import advise, split_variance
from .comparison import Difference, Estimate, VarianceParts, Verdict

NO_INTERVAL = "none: the values do not vary"


@dataclass(frozen=True)
class Design:
    """How questions hang together: their clusters, and whether both models drew with the same random numbers."""

    clusters: Integers | None
    shared_noise: bool


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
    return summary(changes, difference_interval(changes, _reach(base.keep(kept), tuned.keep(kept)), clusters))


def difference(base: Samples, tuned: Samples, design: Design, margin: float) -> Difference:
    """Return tuned minus base, of scores whose questions are in the same order.

    Questions without a value in either are left out and counted. ``p_holm`` is ``p`` until :func:`adjust`.
    """
    a, b, changes, clusters, kept = shared_questions(base, tuned, design)
    base, tuned = base.keep(kept), tuned.keep(kept)
    interval = difference_interval(changes, _reach(base, tuned), clusters)
    estimated = summary(changes, interval)
    p, test = _test(changes, _single(base) and _single(tuned) and is_binary(_both(base, tuned)), clusters)
    return Difference(
        delta=estimated.mean,
        low=estimated.low,
        high=estimated.high,
        n=estimated.n,
        dropped=len(kept) - estimated.n,
        p=p,
        p_holm=p,
        test=test,
        method=estimated.method,
        fixed=int((changes > 0).sum()),
        broken=int((changes < 0).sum()),
        both_right=int(((a == 1) & (b == 1)).sum()),
        both_wrong=int(((a == 0) & (b == 0)).sum()),
        mde=_detectable(changes, interval, clusters),
        needed=_needed(changes, clusters, margin),
        verdict=decide(interval, margin),
        pairing=_pairing(a, b, changes),
        variance=_variance(base, tuned, design.shared_noise),
    )


def decide(interval: Interval | None, margin: float) -> Verdict:
    """Return what an interval of a paired difference says, in the order that :class:`Verdict` gives.

    An interval that reaches from -margin or below to 0 or above decides nothing, whatever the smallest
    detectable change: neither a loss nor its absence is shown, and "not significant" is never "held".

    >>> decide(Interval(-0.01, 0.03, "t"), margin=0.02).value
    'HELD'
    >>> decide(Interval(-0.05, 0.03, "t"), margin=0.02).value
    'UNDERPOWERED'
    """
    if interval is None:
        return Verdict.UNDERPOWERED
    if interval.low > 0:
        return Verdict.IMPROVED
    if interval.high < 0:
        return Verdict.REGRESSED
    return Verdict.HELD if interval.low > -margin else Verdict.UNDERPOWERED


def adjust(differences: Mapping[str, Difference]) -> dict[str, Difference]:
    """Return the differences of several rewards with ``p_holm`` adjusted over them."""
    adjusted = holm({name: one.p for name, one in differences.items() if one.p is not None})
    return {name: replace(one, p_holm=adjusted.get(name)) for name, one in differences.items()}


def _both(base: Samples, tuned: Samples) -> Floats:
    return np.concatenate((base.values, tuned.values))


def _single(scores: Samples) -> bool:
    return bool((scores.counts() <= 1).all())


def _reach(base: Samples, tuned: Samples) -> float | None:
    """Return how far two scores can lie apart: 1 for 0/1 scores, else the range of those seen (None if that is 0)."""
    scores = _both(base, tuned)
    if is_binary(scores):
        return 1.0
    known = scores[~np.isnan(scores)]
    return float(np.ptp(known)) or None if known.size else None


def _test(changes: Floats, binary: bool, clusters: Integers | None) -> tuple[float | None, str]:
    if not len(changes):
        return None, "none"
    if binary and clusters is None:
        return mcnemar(int((changes < 0).sum()), int((changes > 0).sum())), "exact McNemar"
    return sign_flip(changes, clusters), "sign-flip permutation" + (" by cluster" if clusters is not None else "")


def _detectable(changes: Floats, interval: Interval | None, clusters: Integers | None) -> float | None:
    """The smallest detectable change; where all differences are equal, from half the width of the interval."""
    if interval is None:
        return None
    standard = spread(changes, clusters)
    return smallest_detectable(standard.error if standard.known else (interval.high - interval.low) / 2 / 1.96)


def _needed(changes: Floats, clusters: Integers | None, margin: float) -> int | None:
    """The number of questions like these that would show a change of the margin."""
    standard = spread(changes, clusters)
    return questions_needed(standard.error**2 * len(changes), margin) if standard.known and margin else None


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
