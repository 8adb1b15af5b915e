"""How often healthy runs raise an alarm: whole runs simulated, look after look, with what their answers share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, repeat

import numpy as np
import pytest
from grpokit.evaluate.paired.comparison import Pair
from grpokit.evaluate.paired.difference import Design, paired_estimate
from grpokit.evaluate.paired.margins import MARGIN
from grpokit.evaluate.paired.summary import Estimate
from grpokit.evaluate.statistics.arrays import Floats
from grpokit.evaluate.statistics.samples import Samples
from grpokit.train.heldout.alarm import FALSE_ALARMS, look

from .pairs import bare_pair, change

LOOKS = (3, 6, 12)
KEPT = 0.8
"""The share of answers that one checkpoint has in common with the last."""
CLUSTERS = 5


@dataclass(frozen=True)
class Healthy:
    """By how much the metric, two other rewards of weight 0.5, and the share of cut answers truly rise.

    With a ``swing``, questions are of five clusters, and in each the metric goes up and down by about as much.
    """

    metric: float = 0.0
    layout: float = 0.0
    length: float = 0.0
    cut: float = 0.0
    swing: float = 0.0

    @property
    def units(self) -> int | None:
        return CLUSTERS if self.swing else None


KINDS = {
    "metric flat, total up by two others": Healthy(layout=0.3, length=0.3),
    "metric up a little": Healthy(metric=0.01, layout=0.1, length=0.1),
    "nothing changes": Healthy(),
    "cut answers up, but by less than counts": Healthy(layout=0.2, length=0.2, cut=0.05),
    "metric flat over five clusters": Healthy(layout=0.3, length=0.3, swing=0.15),
    "layout carries 60 %, metric up by the margin": Healthy(metric=MARGIN, layout=3 * MARGIN),
    "layout carries 95 %, metric up by the margin": Healthy(metric=MARGIN, layout=38 * MARGIN),
}

SIZES = {"greedy": (200, 1), "sampled": (500, 4)}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_rate_of_healthy_runs_that_raise_any_alarm_is_as_stated(kind: str, size: str) -> None:
    runs = 400
    found = rates(KINDS[kind], SIZES[size], runs)
    assert max(found.values()) <= FALSE_ALARMS + 3 * (FALSE_ALARMS * (1 - FALSE_ALARMS) / runs) ** 0.5, found


def rates(kind: Healthy, size: tuple[int, int], runs: int, seed: int = 11) -> dict[int, float]:
    """Return, by the number of looks planned, the share of runs that raised an alarm at any of them."""
    draw, raised = np.random.default_rng(seed), dict.fromkeys(LOOKS, 0)
    for _ in range(runs):
        pairs = list(checkpoints(draw, kind, size))
        for looks in LOOKS:
            raised[looks] += any(
                look(pair, looks, kind.units or size[0], 0.5, step) for step, pair in enumerate(pairs[:looks])
            )
    return {looks: count / runs for looks, count in raised.items()}


def checkpoints(draw: np.random.Generator, kind: Healthy, size: tuple[int, int]) -> Iterator[Pair]:
    """Yield the base against checkpoint after checkpoint of one run."""
    clusters = np.arange(size[0]) % CLUSTERS if kind.swing else None
    design = Design(clusters, shared_noise=False)
    scores = {
        "metric": answers(draw, draw.uniform(0.1, 0.6, size[0]), swings(draw, kind, size[0]), size),
        "layout": answers(draw, draw.uniform(0.0, 0.2, size[0]), repeat(kind.layout), size, 0.5),
        "length": answers(draw, draw.uniform(0.0, 0.6, size[0]), repeat(kind.length), size, 0.5),
    }
    shares = {
        "cut": answers(draw, np.full(size[0], 0.2), repeat(kind.cut), size),
        "repeated": answers(draw, draw.uniform(0.0, 0.1, size[0]), repeat(0.0), size),
    }
    base, was = ({name: next(found) for name, found in columns.items()} for columns in (scores, shares))
    for _ in range(max(LOOKS)):
        changes = {name: estimated(was[name], next(found), design) for name, found in shares.items()}
        pair = made_pair(base, {name: next(found) for name, found in scores.items()}, design)
        yield replace(pair, behaviour=changes)


def swings(draw: np.random.Generator, kind: Healthy, questions: int) -> Iterator[Floats]:
    """Yield by how much the metric of each question rises, checkpoint after checkpoint."""
    while True:
        yield kind.metric + kind.swing * draw.normal(size=CLUSTERS)[np.arange(questions) % CLUSTERS, None]


def answers(
    draw: np.random.Generator, ease: Floats, rises: Iterable[Floats | float], size: tuple[int, int], weight: float = 1.0
) -> Iterator[Floats]:
    """Yield the mean score of each question: of the base, then of checkpoints that are better by ``rises``."""
    luck = draw.random(size)
    yield weight * (luck < ease[:, None]).mean(axis=1, keepdims=True)
    for rise in rises:
        luck = np.where(draw.random(size) < KEPT, luck, draw.random(size))
        yield weight * (luck < ease[:, None] + rise).mean(axis=1, keepdims=True)


def estimated(base: Floats, tuned: Floats, design: Design) -> Estimate:
    return paired_estimate(Samples.of(base), Samples.of(tuned), design)


def made_pair(base: dict[str, Floats], tuned: dict[str, Floats], design: Design) -> Pair:
    *_, base_total = accumulate(base.values())
    *_, tuned_total = accumulate(tuned.values())
    parts = {name: estimated(base[name], tuned[name], design) for name in base}
    total = change(estimated(base_total, tuned_total, design))
    return bare_pair("metric", parts, change(parts["metric"]), total)
