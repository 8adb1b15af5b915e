"""Two models on the same questions: interval and tests of the mean difference."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from .arrays import Floats, Integers
from .clusters import independent_units
from .intervals import CONFIDENCE, Interval, spread, t_interval, two_sided_z
from .rare import rare_loss

EXACT_UP_TO = 20
"""So many differences that are not 0 have all their 2^n sign patterns counted."""

FEW_FLIPS = 10
"""With fewer answers flipped than this, the t interval is too narrow."""

ALIKE = 200
"""From so many units of one size on, their sum is drawn as one binomial number."""

FLIPS = 10_000
"""Random sign patterns beyond that."""

MANY = 1000
"""From so many units of like size on, their randomly signed sum is normal, by far closer than 10,000 draws show it."""


def difference_interval(
    differences: Floats, reach: float | None, clusters: Integers | None = None, level: float = CONFIDENCE
) -> Interval | None:
    """Return the interval of the mean of one difference per question, None where there is no information on it.

    ``d̄ ± t · SE`` with ``SE = sqrt(Σ(d_i - d̄)² / ((n-1) n))``, or the clustered form. Single 0/1 answers of which
    fewer than ten flipped have Tango's score interval: the error itself is then known too badly, and t would say
    HELD of a true loss at the margin more often than it may (n = 200: 9 % instead of 2.5 %). Differences that are all
    equal have an error of 0, which is no interval: theirs is what rare losses or gains that no question showed could
    change, ``d̄ ± reach · z² / (n + z²)``, ``reach`` being the most that a score can change (None: it is not known).

    >>> d = np.array([0.5, 0.0, 0.0, -1.0, 1.0, 0.5])
    >>> [round(end, 3) for end in difference_interval(d, 1.0)[:2]]
    [-0.55, 0.884]
    >>> [round(end, 3) for end in difference_interval(np.full(100, 0.167), 1.0)[:2]]
    [0.13, 0.204]
    """
    if not len(differences):
        return None
    standard, mean = spread(differences, clusters), float(differences.mean())
    if standard.known:
        if clusters is None and reach == 1.0 and _few_flips(differences):
            return tango(int((differences < 0).sum()), int((differences > 0).sum()), len(differences), level)
        return t_interval(mean, standard, clusters is not None, level)
    if not reach or (clusters is not None and standard.degrees < 1):
        return None
    half = rare_loss(independent_units(len(differences), clusters), reach, level)
    return Interval(max(-reach, mean - half), min(reach, mean + half), "Tango")


def _few_flips(differences: Floats) -> bool:
    """Return whether these are differences of single 0/1 answers of which only a few flipped."""
    return bool(np.isin(differences, (-1.0, 0.0, 1.0)).all()) and int(np.count_nonzero(differences)) < FEW_FLIPS


def tango(broken: int, fixed: int, n: int, level: float = CONFIDENCE) -> Interval:
    """Return Tango's score interval of a difference of paired shares.

    The d for which ``|fixed - broken - n·d| = z · sqrt(n (2q + d(1 - d)))``, q the likeliest share of broken
    ones given d (Tango 1998, Statistics in Medicine 17:891). With nothing fixed or broken: ``± z²/(n + z²)``.

    >>> [round(end, 4) for end in tango(0, 0, 50)[:2]]
    [-0.0713, 0.0713]
    """
    z = two_sided_z(level)
    delta = (fixed - broken) / n
    low = _root(lambda d: _tango_score(d, broken, fixed, n) - z, -1.0, delta) if delta > -1 else -1.0
    high = _root(lambda d: _tango_score(d, broken, fixed, n) + z, delta, 1.0) if delta < 1 else 1.0
    return Interval(low, high, "Tango")


def _tango_score(d: float, broken: int, fixed: int, n: int) -> float:
    b = -fixed - broken + (2 * n - fixed + broken) * d
    c = -broken * d * (1 - d)
    q = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    variance = n * (2 * q + d * (1 - d))
    gap = fixed - broken - n * d
    return gap / math.sqrt(variance) if variance > 1e-12 else math.copysign(math.inf, gap) if gap else 0.0


def _root(function: Callable[[float], float], left: float, right: float) -> float:
    """Bisect a decreasing function that is positive (perhaps infinite) on the left."""
    for _ in range(60):
        middle = (left + right) / 2
        left, right = (middle, right) if function(middle) > 0 else (left, middle)
    return (left + right) / 2


def mcnemar(broken: int, fixed: int) -> float:
    """Return the exact two-sided p value of McNemar's test.

    ``p = min(1, 2 · Σ_{i ≤ min(b,c)} C(b+c, i) / 2^(b+c))``; 1 when nothing changed.

    >>> round(mcnemar(10, 25), 4), round(mcnemar(1, 8), 3)
    (0.0167, 0.039)
    """
    from scipy.special import bdtr

    changed = broken + fixed
    return min(1.0, 2 * float(bdtr(min(broken, fixed), changed, 0.5))) if changed else 1.0


def mid_p(broken: int, fixed: int) -> float:
    """Return the two-sided mid-p value of McNemar's test: the exact one less half the chance of what was seen, twice.

    ``p - C(b+c, min(b,c)) / 2^(b+c)``; 1 when nothing changed. The exact test errs in far fewer cases than it may, this
    one hardly ever in more (Fagerland, Lydersen and Laake 2013, BMC Medical Research Methodology 13:91).

    >>> round(mid_p(10, 25), 4), round(mid_p(1, 8), 4), mid_p(0, 4), round(mid_p(10, 21), 4)
    (0.0113, 0.0215, 0.0625, 0.0501)
    """
    from scipy.special import bdtr

    changed, fewer = broken + fixed, min(broken, fixed)
    below = float(bdtr(fewer - 1, changed, 0.5)) if fewer else 0.0
    return min(1.0, below + float(bdtr(fewer, changed, 0.5))) if changed else 1.0


def sign_flip(differences: Floats, clusters: Integers | None = None, seed: int = 0) -> float:
    """Return the two-sided p value of the sign-flip permutation test of ``mean = 0``.

    Under the null hypothesis a difference (with clusters: a cluster's sum) is as likely as its negative. Up to
    20 that are not 0, all sign patterns are counted: ``p = #{|Σ ε_i d_i| ≥ |Σ d_i|} / 2^n``; beyond, 10,000 are
    drawn from ``seed``: ``p = (1 + #) / (1 + 10000)``. From ``(Σ d²)² / Σ d⁴ ≥ 1000`` on, the randomly signed sum is
    taken as normal, ``p = 2 Φ(-(|Σ d_i| - h) / sqrt(Σ d²))``, h being the smallest |d| where all are multiples of it
    (sums lie 2h apart), else 0. The next term of that expansion (Edgeworth's; there is no skewness) is below .0001, the
    error of 10,000 draws .002.

    >>> sign_flip(np.array([1.0, 1.0, 1.0, 1.0, 1.0]))
    0.0625
    """
    sums: Floats = differences if clusters is None else np.bincount(clusters, weights=differences).astype(np.float64)
    units = sums[np.abs(sums) > 1e-12]
    if not len(units):
        return 1.0
    limit = abs(float(units.sum())) - 1e-9 * float(np.abs(units).sum())
    if len(units) <= EXACT_UP_TO:
        return float(np.mean(np.abs(all_signed_sums(units)) >= limit))
    squares = units**2
    variance = float(squares.sum())
    if variance**2 >= MANY * float((squares**2).sum()):
        beyond = max(0.0, limit - _step(units)) / math.sqrt(variance)
        return math.erfc(beyond / math.sqrt(2))
    return (1 + int((np.abs(random_signed_sums(units, FLIPS, seed)) >= limit).sum())) / (1 + FLIPS)


def _step(units: Floats) -> float:
    """Return the smallest size if all others are multiples of it, else 0."""
    smallest = float(np.abs(units).min())
    multiples = units / smallest
    return smallest if np.abs(multiples - np.round(multiples)).max() < 1e-6 else 0.0


def all_signed_sums(units: Floats) -> Floats:
    """Return ``Σ ε_i d_i`` for all 2^n sign patterns, by doubling.

    >>> sorted(all_signed_sums(np.array([1.0, 2.0])).tolist())
    [-3.0, -1.0, 1.0, 3.0]
    """
    sums = np.zeros(1)
    for unit in units:
        sums = np.concatenate((sums + unit, sums - unit))
    return sums


def random_signed_sums(units: Floats, count: int, seed: int) -> Floats:
    """Return ``Σ ε_i d_i`` for ``count`` random sign patterns.

    Of many units of one size, as means of a few 0/1 samples are, only the number with a plus is drawn, which is
    binomial. The signs of the others are drawn eight at a time, as the bits of a byte that looks its sum up in a table
    of 256.
    """
    generator = np.random.default_rng(seed)
    sizes, repeats = np.unique(np.abs(units), return_counts=True)
    many = repeats >= ALIKE
    sums = np.zeros(count)
    for size, repeated in zip(sizes[many], repeats[many], strict=True):
        sums += size * (2.0 * generator.binomial(repeated, 0.5, count) - repeated)
    others = np.repeat(sizes[~many], repeats[~many])
    blocks = np.append(others, np.zeros(-len(others) % 8)).reshape(-1, 8)
    signs = 1.0 - 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    table = signs @ blocks.T
    for column in range(table.shape[1]):
        sums += table[:, column][generator.integers(0, 256, count, dtype=np.uint8)]
    return sums


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return the p values adjusted by Holm's step-down method (1979, Scand. J. Statist. 6:65).

    The i-th smallest of m becomes ``max_{j ≤ i} min(1, (m - j + 1) · p_(j))``.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    adjusted, running = {}, 0.0
    for rank, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = running
    return {name: adjusted[name] for name in p_values}
