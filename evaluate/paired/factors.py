"""Why the primary metric moved: cut completions, answers, format and length as factors of its change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..statistics.arrays import Booleans, Floats, Integers, renumber
from ..statistics.influence import influence
from ..statistics.intervals import spread, t_interval
from ..statistics.samples import Samples
from .change import Factor, FactorBin
from .summary import Estimate
from .table import Table

LENGTH_BINS = 4

ROUNDING = 1e-9
"""An error below this is none: what questions move was computed from tiny steps."""


class Binning(NamedTuple):
    """A way to sort completions: ``base`` and ``tuned`` hold the index of a bin's name for each of them."""

    name: str
    bins: tuple[str, ...]
    base: Integers
    tuned: Integers


def factors(base: Table, tuned: Table, primary: str, level: float) -> tuple[Factor, ...]:
    """Return the change of the primary metric split by completions that were cut, answers found, format and length.

    For bins with shares P and means m inside them, ``mean = Σ P·m``, and the change is exactly

        shift = Σ (P' - P) · (m + m')/2    +    within = Σ (P + P')/2 · (m' - m)

    (Kitagawa 1955, JASA 50:1168). A bin that one model leaves empty takes the other's mean. Intervals are by how much
    each question moves a part (see :func:`~grpokit.evaluate.statistics.influence`), clustered where there are clusters;
    a part that no question moves is 0 without an error. A factor is left out where the
    completions do not say it (no finish reason, no token counts, no format reward); all are without any value.
    """
    left, right = base.values[primary], tuned.values[primary]
    kept = (left.counts() > 0) & (right.counts() > 0)
    binnings = list(_binnings(base, tuned, primary)) if kept.any() else []
    clusters = renumber(base.clusters, kept)
    return tuple(_factor(one, _columns(left, right, one)[kept], clusters, level) for one in binnings)


def _binnings(base: Table, tuned: Table, primary: str) -> Iterator[Binning]:
    if base.cut.known.all() and tuned.cut.known.all():
        yield _two("cut", ("complete", "cut"), base.cut.values == 1, tuned.cut.values == 1)
    if base.looks_for_answers(primary):
        yield _two("answer", ("answer found", "no answer"), base.unanswered(primary), tuned.unanswered(primary))
    for reward in base.statuses:
        before, after = base.values[reward], tuned.values[reward]
        if "format" in reward and reward != primary and before.known.all():
            yield _two(reward, ("well formed", "malformed"), before.values < 1, after.values < 1)
    if base.tokens.known.all() and tuned.tokens.known.all():
        yield _by_length(base.tokens.values, tuned.tokens.values)


def _two(name: str, bins: tuple[str, str], base: Booleans, tuned: Booleans) -> Binning:
    return Binning(name, bins, base.astype(np.int64), tuned.astype(np.int64))


def _by_length(base: Floats, tuned: Floats) -> Binning:
    """Cut the lengths of both models' completions, taken together, at their quartiles."""
    pooled = np.concatenate((base, tuned))
    quartiles = np.quantile(pooled, np.arange(1, LENGTH_BINS) / LENGTH_BINS, method="inverted_cdf")
    edges = np.array([edge for edge in np.unique(quartiles) if edge < pooled.max()])
    bounds = [int(edge) for edge in edges]
    names = [f"{low + 1} to {high} tokens" for low, high in pairwise(bounds)]
    if bounds:
        names = [f"up to {bounds[0]} tokens", *names, f"over {bounds[-1]} tokens"]
    return Binning(
        "length", tuple(names or ["any length"]), np.searchsorted(edges, base), np.searchsorted(edges, tuned)
    )


class Shares(NamedTuple):
    """Per bin (last axis): the share of completions in it, and its part of the mean, ``P·m``."""

    share: Floats
    part: Floats

    @property
    def means(self) -> Floats:
        """The mean inside each bin, NaN where it is empty."""
        return np.divide(self.part, self.share, out=np.full_like(self.part, np.nan), where=self.share > 1e-12)


class Split(NamedTuple):
    """The two parts of a change."""

    shift: Floats
    within: Floats


def _factor(binning: Binning, columns: Floats, clusters: Integers | None, level: float) -> Factor:
    """Split the change by one binning: ``columns [questions, numbers]`` as :func:`_columns` gives them."""
    before, after = _shares(columns.mean(axis=0))
    return Factor(
        name=binning.name,
        bins=_bins(binning.bins, before, after),
        shift=_estimate(lambda means: kitagawa(*_shares(means)).shift, columns, clusters, level),
        within=_estimate(lambda means: kitagawa(*_shares(means)).within, columns, clusters, level),
    )


def _columns(base: Samples, tuned: Samples, binning: Binning) -> Floats:
    """Return per question, of base and then tuned, the shares of its completions in each bin and their parts."""
    count = len(binning.bins)
    return np.hstack([_parts(base, binning.base, count), _parts(tuned, binning.tuned, count)])


def _parts(scores: Samples, bins: Integers, count: int) -> Floats:
    """Return per question the shares of its completions in each bin, and their parts of its mean."""
    weight = scores.known / np.maximum(scores.counts(), 1)[scores.questions]
    inside = [weight * (bins == index) for index in range(count)]
    shares = [scores.having(weights).sums() for weights in inside]
    return np.stack([*shares, *(scores.having(weights * scores.values).sums() for weights in inside)], axis=1)


def _shares(columns: Floats) -> tuple[Shares, Shares]:
    parts = np.split(columns, 4, axis=-1)
    return Shares(parts[0], parts[1]), Shares(parts[2], parts[3])


def kitagawa(before: Shares, after: Shares) -> Split:
    """Return the parts of the change of ``Σ P·m`` that the shares and the means inside the bins brought.

    >>> before = Shares(share=np.array([0.5, 0.5]), part=np.array([0.4, 0.0]))
    >>> split = kitagawa(before, Shares(share=np.array([1.0, 0.0]), part=np.array([0.8, 0.0])))
    >>> round(float(split.shift), 9), round(float(split.within), 9)
    (0.4, 0.0)
    """
    left, right = before.means, after.means
    left, right = np.where(np.isnan(left), right, left), np.where(np.isnan(right), left, right)
    left, right = np.nan_to_num(left), np.nan_to_num(right)
    shift = ((after.share - before.share) * (left + right) / 2).sum(axis=-1)
    return Split(shift, ((before.share + after.share) / 2 * (right - left)).sum(axis=-1))


def _estimate(part: Callable[[Floats], Floats], columns: Floats, clusters: Integers | None, level: float) -> Estimate:
    value, standard = float(part(columns.mean(axis=0))), spread(influence(part, columns), clusters)
    if not standard.error > ROUNDING:
        return Estimate(value, value, value, len(columns), "none moves it")
    interval = t_interval(value, standard, clusters is not None, level)
    return Estimate(value, interval.low, interval.high, len(columns), f"{interval.method}, linearised")


def _bins(names: Sequence[str], before: Shares, after: Shares) -> tuple[FactorBin, ...]:
    columns = zip(names, before.share, after.share, before.means, after.means, strict=True)
    return tuple(FactorBin(name, float(p), float(q), _known(m), _known(mean)) for name, p, q, m, mean in columns)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
