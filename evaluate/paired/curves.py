"""pass@k and maj@k of 0/1 rewards over k, with bands, and where the curves of two models cross."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..statistics.arrays import Floats, Integers, is_binary, renumber
from ..statistics.intervals import mean_interval
from ..statistics.paired import difference_interval
from ..statistics.passk import ALL_SUBSETS, majority_at_k, pass_at_k, patterns
from ..statistics.samples import Samples
from .change import CurveDifference
from .difference import Design, summary
from .summary import Curve, CurvePoint
from .table import Table

PASS, MAJORITY = "pass@k", "maj@k"


class Values(NamedTuple):
    """One curve before it is averaged: for each k the values of the questions (NaN: too few samples)."""

    reward: str
    kind: str
    by_k: Mapping[int, Floats]


def curve_values(table: Table) -> tuple[Values, ...]:
    """Return the curves of a table's 0/1 rewards; none with one sample per question.

    maj@k is there for the primary reward, where the completions' answers are known.
    """
    curves, samples = [], table.samples
    for reward in table.statuses:
        scores = table.values[reward]
        if samples > 1 and is_binary(scores.values):
            curves.append(Values(reward, PASS, {k: _pass(scores, k) for k in powers(samples)}))
            if table.answers is not None and reward == table.primary:
                curves.append(Values(reward, MAJORITY, _majorities(scores, table.answers, samples)))
    return tuple(curves)


def powers(samples: int) -> list[int]:
    """Return the powers of two up to the number of samples, and that number.

    >>> powers(12)
    [1, 2, 4, 8, 12]
    """
    return sorted({2**power for power in range(samples.bit_length())} | {samples})


def _pass(scores: Samples, k: int) -> Floats:
    counts = scores.counts()
    enough = counts >= k
    values = np.full(len(scores), np.nan)
    values[enough] = pass_at_k(counts[enough], scores.sums()[enough].astype(np.int64), k)
    return values


def _majorities(scores: Samples, answers: Integers, samples: int) -> dict[int, Floats]:
    """Return maj@k, for each k, of the questions that have all ``samples``."""
    whole = scores.counts() == samples
    values = {k: np.full(len(scores), np.nan) for k in powers(samples)}
    if not whole.any():
        return values
    rows = whole[scores.questions]
    judged, given = scores.values[rows].reshape(-1, samples), answers[rows].reshape(-1, samples)
    if samples <= ALL_SUBSETS:
        first, places = patterns(judged, given)
    else:  # which subsets are drawn makes a difference, so each question is one of its own
        first = places = np.arange(len(judged))
    for k, of_k in values.items():
        of_k[whole] = majority_at_k(judged[first], given[first], k)[places]
    return values


def curve(values: Values, clusters: Integers | None) -> Curve:
    """Average a curve over the questions, each point with its interval."""
    points = tuple(_point(k, of_k, clusters) for k, of_k in values.by_k.items())
    return Curve(values.reward, values.kind, points)


def _point(k: int, values: Floats, clusters: Integers | None) -> CurvePoint:
    known = ~np.isnan(values)
    interval = mean_interval(values[known], binary=True, single=False, clusters=renumber(clusters, known))
    return CurvePoint(k, summary(values[known], interval))


def curve_differences(base: Sequence[Values], tuned: Sequence[Values], design: Design) -> tuple[CurveDifference, ...]:
    """Return tuned minus base of the curves that both models have, up to the smaller number of samples."""
    others = {(values.reward, values.kind): values.by_k for values in tuned}
    curves = []
    for reward, kind, by_k in base:
        after = others.get((reward, kind), {})
        points = tuple(_change(k, after[k] - by_k[k], design) for k in by_k if k in after)
        if points:
            curves.append(CurveDifference(reward, kind, points, crossing(points)))
    return tuple(curves)


def _change(k: int, changes: Floats, design: Design) -> CurvePoint:
    known = ~np.isnan(changes)
    interval = difference_interval(changes[known], 1.0, renumber(design.clusters, known), design.level)
    return CurvePoint(k, summary(changes[known], interval))


def crossing(points: Sequence[CurvePoint]) -> float | None:
    """Return the k at which the difference first changes its sign, interpolated over log k; None if it never does."""
    signed = [(point.k, point.estimate.mean) for point in points if point.estimate.mean]
    for (k, before), (next_k, after) in pairwise(signed):
        if before * after < 0:
            return math.exp(math.log(k) + math.log(next_k / k) * before / (before - after))
    return None
