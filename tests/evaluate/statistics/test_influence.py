"""The error of a function of means, by how much each question moves it."""

import numpy as np
import pytest
from grpokit.evaluate.statistics import influence, spread, t_interval
from grpokit.evaluate.statistics.arrays import Floats


def ratio(means: Floats) -> Floats:
    quotient: Floats = means[..., 0] / means[..., 1]
    return quotient


def columns(draw: np.random.Generator, n: int) -> Floats:
    below = draw.gamma(4.0, 0.25, n)
    return np.stack([below * draw.gamma(8.0, 0.05, n), below], axis=1)


def test_of_a_mean_it_is_the_deviation() -> None:
    values = np.random.default_rng(0).normal(size=(50, 1))
    moved = influence(lambda means: 3 * means[..., 0], values)
    np.testing.assert_allclose(moved, 3 * (values[:, 0] - values.mean()), atol=1e-8)


def test_of_a_ratio_it_is_the_textbook_one() -> None:
    """``(a_i - r b_i) / b̄``: Cochran 1977, Sampling Techniques, section 6.4."""
    rows = columns(np.random.default_rng(1), 200)
    above, below = rows.T
    expected = (above - above.mean() / below.mean() * below) / below.mean()
    np.testing.assert_allclose(influence(ratio, rows), expected, atol=1e-5)


@pytest.mark.parametrize("level", [0.95, 0.9998])
def test_the_interval_of_a_ratio_holds_the_truth(level: float) -> None:
    """At the level of an early look too, where the percentiles of 1000 resamples held it in .998 of cases."""
    draw, hits = np.random.default_rng(2), []
    for _ in range(2000):
        rows = columns(draw, 100)
        found = t_interval(float(ratio(rows.mean(axis=0))), spread(influence(ratio, rows)), level=level)
        hits.append(found.low <= 0.4 <= found.high)
    assert np.mean(hits) == pytest.approx(level, abs=0.015 if level == 0.95 else 0.0015)
