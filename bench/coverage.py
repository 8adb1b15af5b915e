"""How often intervals hold the truth and verdicts are false, by simulation of models whose true difference is known.

    python bench/coverage.py [--runs 2000] [--seed 0]

Each line is one kind of scores, a number of questions n, and K samples per question. "covers" is how often the 95 %
interval of the paired difference holds a true change of 0; "IMPROVED" and "REGRESSED" are how often a model that is no
different is called so, and "HELD" how often one that lost exactly the margin (.02) is. Nominal are .95, .025, .025 and
.025. Then the same for what no method can see on few questions: a share of them that loses everything.

Intervals, tests and verdicts are those of ``grpokit.evaluate``, over whole arrays where the loop over them would take
hours; a test holds both to be the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.verdict import Evidence, decide
from grpokit.evaluate.statistics import Interval, mid_p, rare_loss, skewed_loss, spread, tango
from grpokit.evaluate.statistics.arrays import Floats, Integers
from grpokit.evaluate.statistics.clusters import cluster_degrees, independent_units
from grpokit.evaluate.statistics.intervals import t_value
from grpokit.evaluate.statistics.paired import FEW_FLIPS

MARGIN, LEVEL, FLIPS = 0.02, 0.95, 1000
SIZES = {5: (60, 20, 10, 6, 4), 20: (78, 27, 23, 13, 10, 8, 7, 6, 5, 4, 4, 3, 2, 2, 2, 1, 1, 1, 1, 1)}
"""Questions of each cluster, for 5 and for 20 clusters."""


class Kind(NamedTuple):
    """Scores of one kind: each question has a rate from Beta(``a``, ``b``), and each sample is drawn by it.

    0/1 scores are right with this chance, ``graded`` ones are Beta(8 rate, 8 (1 - rate)).
    """

    name: str
    a: float
    b: float
    graded: bool = False


KINDS = (
    Kind("0/1", 1, 1),
    Kind("0/1, near floor", 0.4, 8),
    Kind("0/1, near ceiling", 8, 0.4),
    Kind("graded", 2, 2, graded=True),
    Kind("graded, near floor", 0.4, 8, graded=True),
    Kind("graded, near ceiling", 8, 0.4, graded=True),
)


class Figures(NamedTuple):
    """Shares of the runs: the interval holds the truth, and the three false verdicts."""

    covers: float
    improved: float
    regressed: float
    held: float


def differences(
    kind: Kind, n: int, samples: int, loss: float, runs: int, seed: int, clusters: Integers | None = None
) -> Floats:
    """Return the differences of the questions' means, ``[runs, n]``, where the tuned model truly lost ``loss``.

    With clusters the questions of one share their rate, and half of the way by which the tuned model's rate differs.
    """
    generator = np.random.default_rng(seed)
    units = n if clusters is None else int(clusters.max()) + 1
    rates = generator.beta(kind.a, kind.b, (runs, units))
    moved = rates + 0.1 * (2 * generator.random(rates.shape) - 1) * rates * (1 - rates)
    moved *= 1 - loss * (kind.a + kind.b) / kind.a  # the mean rate is a / (a + b)
    if clusters is not None:
        rates, moved = rates[:, clusters], moved[:, clusters]
    return _means(kind, moved, samples, generator) - _means(kind, rates, samples, generator)


def _means(kind: Kind, rates: Floats, samples: int, generator: np.random.Generator) -> Floats:
    if not kind.graded:
        return np.asarray(generator.binomial(samples, rates) / samples, dtype=np.float64)
    tiny = 1e-3
    drawn = (generator.beta(8 * rates + tiny, 8 * (1 - rates) + tiny) for _ in range(samples))
    return np.asarray(np.mean(list(drawn), axis=0), dtype=np.float64)


@cache
def _tango(broken: int, fixed: int, n: int) -> Interval:
    return tango(broken, fixed, n, LEVEL)


_mid_p = cache(mid_p)


def intervals(rows: Floats, single: bool, clusters: Integers | None = None) -> Iterator[Interval]:
    """Yield the interval of each row of differences; ``single``: they are of single 0/1 answers."""
    n, means = rows.shape[1], rows.mean(axis=1)
    deviations = rows - means[:, None]
    if clusters is None:
        errors, degrees = rows.std(axis=1, ddof=1) / np.sqrt(n), n - 1.0
    else:
        sizes = np.bincount(clusters)
        sums = np.stack([np.bincount(clusters, weights=row) for row in deviations]) / np.sqrt(1 - sizes / n)
        errors, degrees = np.sqrt((sums**2).sum(axis=1)) / n, cluster_degrees(sizes)
    t, unseen = t_value(degrees, LEVEL), rare_loss(independent_units(n, clusters), 1.0, LEVEL)
    few = single and clusters is None
    for row, mean, error in zip(rows, means, errors, strict=True):
        if error <= 1e-12:
            yield Interval(max(-1.0, mean - unseen), min(1.0, mean + unseen), "Tango")
        elif few and np.count_nonzero(row) < FEW_FLIPS:
            yield _tango(int((row < 0).sum()), int((row > 0).sum()), n)
        else:
            yield Interval(mean - t * error, mean + t * error, "t")


def p_values(rows: Floats, single: bool, seed: int = 0) -> Floats:
    """Return the p value of each row: McNemar's mid-p, or that of the sign-flip test with the same flips for all."""
    if single:
        return np.array([_mid_p(int((row < 0).sum()), int((row > 0).sum())) for row in rows])
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (rows.shape[1], FLIPS))
    seen = np.abs(rows.sum(axis=1))[:, None] - 1e-9
    p: Floats = (1 + (np.abs(rows @ signs) >= seen).sum(axis=1)) / (1 + FLIPS)
    return p


def verdicts(rows: Floats, single: bool, clusters: Integers | None = None) -> list[Verdict]:
    """Return the verdict of each row of differences of scores in [0, 1]."""
    n = rows.shape[1]
    unseen = rare_loss(independent_units(n, clusters), 1.0, LEVEL)
    seen = np.array([skewed_loss(row, spread(row, clusters), clusters, LEVEL) for row in rows])
    floors = rows.mean(axis=1) - np.maximum(unseen, seen)
    agreeing = [None] * len(rows) if clusters is not None else p_values(rows, single).tolist()
    each = zip(intervals(rows, single, clusters), agreeing, floors.tolist(), strict=True)
    return [decide(Evidence(interval, p, floor, n), MARGIN, LEVEL) for interval, p, floor in each]


def figures(kind: Kind, n: int, samples: int, runs: int, seed: int, clusters: Integers | None = None) -> Figures:
    """Simulate one line of the table."""
    single = samples == 1 and not kind.graded
    same = differences(kind, n, samples, 0.0, runs, seed, clusters)
    covered = [one.low <= 0 <= one.high for one in intervals(same, single, clusters)]
    called = verdicts(same, single, clusters)
    lost = verdicts(differences(kind, n, samples, MARGIN, runs, seed + 1, clusters), single, clusters)
    return Figures(
        float(np.mean(covered)),
        called.count(Verdict.IMPROVED) / runs,
        called.count(Verdict.REGRESSED) / runs,
        lost.count(Verdict.HELD) / runs,
    )


class Deceit(NamedTuple):
    """How often rare losses of everything (2 % of the questions) are called HELD, and IMPROVED where the rest gain."""

    held: float
    improved: float
    lognormal: float


def deceit(n: int, runs: int, seed: int) -> Deceit:
    """Simulate graded scores whose rare losses cost the margin, or undo a steady gain of the rest.

    "lognormal" are differences with a mean of 0 and a long tail of losses: ``exp(½) - exp(Z)``, a tenth of it.
    """
    generator = np.random.default_rng(seed)
    rare, jitter = generator.random((runs, n)) < 0.02, 0.001 * generator.normal(size=(runs, n))
    held = verdicts(np.where(rare, -1.0, jitter), single=False).count(Verdict.HELD)
    improved = verdicts(np.where(rare, -1.0, 0.02 / 0.98 + jitter), single=False).count(Verdict.IMPROVED)
    tail = np.maximum((np.exp(0.5) - np.exp(generator.normal(size=(runs, n)))) / 10, -1.0)
    return Deceit(held / runs, improved / runs, verdicts(tail, single=False).count(Verdict.IMPROVED) / runs)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000, help="simulated comparisons per line (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(f"{'scores':32}{'n':>6}{'K':>3}{'covers':>9}{'IMPROVED':>10}{'REGRESSED':>11}{'HELD':>7}")
    for kind in KINDS:
        for n in (20, 50, 200, 1000):
            for samples in (1, 4):
                _print(kind.name, n, samples, figures(kind, n, samples, args.runs, args.seed))
    for kind in (KINDS[0], KINDS[3]):
        for count, sizes in SIZES.items():
            clusters = np.repeat(np.arange(count), sizes)
            found = figures(kind, len(clusters), 1, args.runs, args.seed, clusters)
            _print(f"{kind.name}, {count} unequal clusters", len(clusters), 1, found)
    print(f"\n{'rare losses of everything':32}{'n':>6}{'HELD':>9}{'IMPROVED':>10}{'IMPROVED, lognormal':>21}")
    for n in (20, 50, 100, 200, 300, 400, 500, 1000):
        held, improved, lognormal = deceit(n, args.runs, args.seed)
        print(f"{'graded, 2 % collapse':32}{n:>6}{held:>9.3f}{improved:>10.3f}{lognormal:>21.3f}")


def _print(name: str, n: int, samples: int, found: Figures) -> None:
    shares = f"{found.covers:>9.3f}{found.improved:>10.3f}{found.regressed:>11.3f}{found.held:>7.3f}"
    print(f"{name:32}{n:>6}{samples:>3}{shares}", flush=True)


if __name__ == "__main__":
    main()
