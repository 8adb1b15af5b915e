"""The parts of the total add up to it and to its change, at the run's weights and at any."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from grpokit.evaluate.paired.comparison import Comparison
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.paired.summary import Estimate
from grpokit.evaluate.paired.total import PerWeight
from grpokit.evaluate.statistics import spread
from grpokit.evaluate.statistics.covariance import mean_covariance
from grpokit.tests.evaluate.stored_runs import write_run

REWARDS = ("correctness", "xml_format", "length")
OWN = (1.0, 0.5, 0.25)


def _grid(generator: np.random.Generator, missing: float) -> list[list[float | None]]:
    values, known = generator.random((40, 3)), generator.random((40, 3)) >= missing
    return [[float(v) if k else None for v, k in zip(*row, strict=True)] for row in zip(values, known, strict=True)]


def _compared(folder: Path, weights: Sequence[float], missing: float, clustered: bool) -> Comparison:
    """Compare two models whose rewards do not apply to a share of the completions; the same ones for any weights."""
    generator = np.random.default_rng(1)
    runs = [
        write_run(
            folder / f"{name}-{'-'.join(map(str, weights))}",
            {reward: _grid(generator, missing) for reward in REWARDS},
            name,
            weights=dict(zip(REWARDS, weights, strict=True)),
            clusters=[place // 4 for place in range(40)] if clustered else None,
        )
        for name in ("base", "tuned")
    ]
    return compare(runs)


def test_contributions_add_up_to_the_gain(tmp_path: Path) -> None:
    pair = _compared(tmp_path, OWN, missing=0.3, clustered=False).pairs[0]
    assert sum(part.mean or 0.0 for part in pair.contributions.values()) == pytest.approx(pair.total.delta)


def test_a_contribution_is_the_change_times_the_weight(tmp_path: Path) -> None:
    pair = _compared(tmp_path, OWN, missing=0.0, clustered=False).pairs[0]
    assert pair.contributions["xml_format"].mean == pytest.approx(0.5 * (pair.rewards["xml_format"].delta or 0.0))


def test_a_contribution_of_a_penalty_has_its_ends_in_order(tmp_path: Path) -> None:
    """What weighs less than nothing turns the interval round."""
    for name, contribution in _compared(tmp_path, (1.0, -0.5, 0.25), 0.0, False).pairs[0].contributions.items():
        assert contribution.low is not None, name
        assert contribution.low < contribution.mean < contribution.high, name


def test_a_reward_that_is_only_measured_brings_nothing(tmp_path: Path) -> None:
    pair = _compared(tmp_path, (1.0, 0.0, 0.0), missing=0.0, clustered=False).pairs[0]
    assert list(pair.contributions) == ["correctness"]
    assert pair.hacking is None


def test_contributions_add_up_where_rewards_do_not_apply(tmp_path: Path) -> None:
    base = {"correctness": [[1.0, None], [None, None], [0.0, 1.0]], "length": [[None, 0.5], [None, 0.25], [0.5, 1.0]]}
    tuned = {"correctness": [[None, 1.0], [1.0, None], [1.0, 1.0]], "length": [[0.5, 0.5], [None, None], [None, 0.0]]}
    runs = [write_run(tmp_path / name, scores, name) for name, scores in (("base", base), ("tuned", tuned))]
    pair = compare(runs).pairs[0]
    assert sum(part.mean or 0.0 for part in pair.contributions.values()) == pytest.approx(pair.total.delta)


def _estimated(found: PerWeight | None, weights: Sequence[float]) -> Estimate:
    assert found is not None
    assert found.covariance is not None
    assert found.t is not None
    assert found.rewards == REWARDS
    w = np.array(weights)
    mean, half = float(w @ found.means), found.t * math.sqrt(float(w @ np.array(found.covariance) @ w))
    return Estimate(mean, mean - half, mean + half, found.n, "")


@pytest.mark.parametrize("missing", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("weights", [OWN, (0.0, 2.0, -0.3), (0.0, 0.0, 1.0), (3.0, 0.1, 0.7)])
def test_totals_at_other_weights_are_those_of_runs_scored_with_them(
    tmp_path: Path, weights: tuple[float, ...], missing: float, clustered: bool
) -> None:
    own = _compared(tmp_path, OWN, missing, clustered)
    scored = _compared(tmp_path, weights, missing, clustered)  # the totals written anew, as RewardMix adds them up
    total = scored.pairs[0].total
    found = _estimated(own.pairs[0].per_weight, weights)
    expected = (total.delta, total.low, total.high, total.n)
    assert (found.mean, found.low, found.high, found.n) == pytest.approx(expected, abs=1e-9)
    for before, after in zip(own.models, scored.models, strict=True):
        model, wanted = _estimated(before.per_weight, weights), after.total.estimate
        assert (model.mean, model.low, model.high) == pytest.approx((wanted.mean, wanted.low, wanted.high), abs=1e-9)


def test_where_nothing_has_a_total_there_is_nothing_to_weigh(tmp_path: Path) -> None:
    none: list[list[float | None]] = [[None], [None]]
    comparison = compare([write_run(tmp_path / name, {"correctness": none}, name) for name in ("base", "tuned")])
    assert comparison.pairs[0].per_weight is None
    assert comparison.models[0].per_weight is None


def test_one_question_has_no_covariance(tmp_path: Path) -> None:
    comparison = compare([write_run(tmp_path / name, {"correctness": [[1.0]]}, name) for name in ("base", "tuned")])
    assert comparison.pairs[0].per_weight == PerWeight(("correctness",), (0.0,), None, None, 1)


@pytest.mark.parametrize("clusters", [None, np.repeat(np.arange(10), 5)])
def test_any_weighted_sum_has_the_error_that_spread_gives(clusters: np.ndarray | None) -> None:
    generator = np.random.default_rng(2)
    values = generator.normal(size=(50, 4))
    found = mean_covariance(values, clusters)
    assert found is not None
    for _ in range(20):
        w = generator.normal(size=4)
        assert math.sqrt(w @ found.matrix @ w) == pytest.approx(spread(values @ w, clusters).error, rel=1e-12)
