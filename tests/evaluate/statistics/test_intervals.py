import math

import numpy as np
import pytest
from grpokit.evaluate.statistics import (
    Spread,
    macro_error,
    mean_interval,
    spread,
    t_interval,
    wilson,
)
from grpokit.evaluate.statistics.arrays import is_binary
from grpokit.evaluate.statistics.samples import Samples
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    [
        (1.0, 30, 0.886, 1.0),  # all right is no certainty
        (0.0, 30, 0.0, 0.114),  # its mirror
        (0.5, 10, 0.237, 0.763),  # Agresti and Coull 1998, the middle
        (1.0, 1, 0.207, 1.0),  # one question
    ],
)
def test_wilson(share: float, n: int, low: float, high: float) -> None:
    interval = wilson(share, n)
    assert (round(interval.low, 3), round(interval.high, 3)) == (low, high)


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_is_scipys_and_holds_the_share(n: int, share: float) -> None:
    right = round(share * n)
    ours = wilson(right / n, n)
    theirs = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert ours.low == pytest.approx(theirs.low, abs=1e-9)
    assert ours.high == pytest.approx(theirs.high, abs=1e-9)
    assert ours.low - 1e-12 <= right / n <= ours.high + 1e-12


def test_error_is_that_of_question_means_and_not_of_samples() -> None:
    # 16 samples a question, all variance between questions: independent draws would claim an error 4 times smaller
    generator = np.random.default_rng(0)
    scores = np.repeat((generator.random((500, 1)) < 0.5).astype(float), 16, axis=1)
    naive = scores.std(ddof=1) / math.sqrt(scores.size)
    assert spread(Samples.of(scores).means()).error == pytest.approx(4 * naive, rel=0.01)


def test_field_11_error_bars_have_the_size_of_the_real_scatter_of_the_mean() -> None:
    generator = np.random.default_rng(1)
    rates = generator.beta(2, 2, size=(2000, 100, 1))
    scores = (generator.random((2000, 100, 8)) < rates).astype(float)
    means = scores.mean(axis=2)
    claimed = np.mean([spread(row).error for row in means])
    assert claimed == pytest.approx(means.mean(axis=1).std(ddof=1), rel=0.05)


def test_clustered_error_by_the_formula() -> None:
    values, clusters = np.array([1.0, 1.0, 0.0, 0.0, 1.0]), np.array([0, 0, 1, 1, 2])
    deviations = values - 0.6
    shares = [2 / 5, 2 / 5, 1 / 5]
    expected = math.sqrt(sum(deviations[clusters == c].sum() ** 2 / (1 - shares[c]) for c in range(3)) / 25)
    assert spread(values, clusters) == Spread(pytest.approx(expected), pytest.approx(1.8))


def test_clusters_of_one_are_independent_questions() -> None:
    values = np.random.default_rng(2).random(50)
    assert spread(values, np.arange(50)).error == pytest.approx(spread(values).error)


def test_clustered_interval_covers_where_the_plain_one_fails() -> None:
    # 20 passages with 10 questions each that share the passage's luck
    generator = np.random.default_rng(3)
    clusters = np.repeat(np.arange(20), 10)
    plain = clustered = 0
    for _ in range(600):
        values = np.repeat(generator.normal(size=20), 10) + generator.normal(size=200)
        for kept, counts in ((None, "plain"), (clusters, "clustered")):
            interval = mean_interval(values, binary=False, single=True, clusters=kept)
            assert interval is not None
            covered = interval.low <= 0 <= interval.high
            plain, clustered = (plain + covered, clustered) if counts == "plain" else (plain, clustered + covered)
    assert plain / 600 < 0.75
    assert clustered / 600 == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize(
    ("values", "binary", "single", "clusters", "method"),
    [
        ([1.0, 0.0, 1.0], True, True, None, "Wilson"),  # single 0/1 scores
        ([0.5, 0.0, 1.0] * 9, True, False, None, "t"),  # means of several 0/1 samples
        ([0.5, 1.0, 1.0], True, False, None, "Wilson, effective size"),  # t would leave [0, 1]
        ([0.5, 0.0, 0.0], True, False, None, "Wilson, effective size"),  # at either end
        ([1.0, 1.0, 1.0], True, False, None, "Wilson"),  # an error of 0 is no interval
        ([0.3, 0.4, 0.1], False, True, None, "t"),  # graded
        ([0.3, 0.3, 0.3], False, True, None, None),  # graded and all equal: nothing is known
        ([0.3], False, True, None, None),  # one graded question
        ([1.0, 0.0, 1.0, 0.0] * 9, True, True, [0, 0, 1, 2] * 9, "Wilson, effective size"),  # 3 clusters: t leaves it
        ([1.0, 0.0, 1.0, 1.0, 0.0, 0.0] * 6, True, True, [i // 2 for i in range(36)], "clustered t"),  # before Wilson
        ([1.0, 1.0, 1.0], True, True, [0, 0, 1], "Wilson"),  # over the two clusters
        ([1.0, 0.0, 1.0], True, True, [0, 0, 0], None),  # a single cluster
        ([], True, True, None, None),  # nothing
    ],
)
def test_interval_by_kind_of_score(
    values: list[float], binary: bool, single: bool, clusters: list[int] | None, method: str | None
) -> None:
    found = mean_interval(np.array(values), binary, single, None if clusters is None else np.array(clusters))
    assert (found.method if found else None) == method


def test_an_interval_of_means_of_0_1_scores_stays_between_0_and_1_and_covers() -> None:
    # 12 questions of 4 samples each, mostly right: t would reach above 1 in nearly half of the cases
    generator = np.random.default_rng(5)
    covered = outside = 0
    for _ in range(1000):
        rates = generator.beta(9, 1, size=12)
        means = generator.binomial(4, rates) / 4
        found = mean_interval(means, binary=True, single=False)
        assert found is not None
        assert 0 <= found.low < found.high <= 1
        outside += found.method == "Wilson, effective size"
        covered += found.low <= 0.9 <= found.high
    assert outside > 200
    assert covered / 1000 >= 0.94


def test_wilson_over_clusters_counts_clusters() -> None:
    found = mean_interval(np.ones(100), True, True, np.repeat(np.arange(10), 10))
    assert found == wilson(1.0, 10)


def test_t_interval_is_scipys() -> None:
    values = np.random.default_rng(4).normal(size=30)
    found = t_interval(float(values.mean()), spread(values))
    theirs = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))


def test_macro_error() -> None:
    assert macro_error([0.02, 0.02, 0.02, 0.02]) == pytest.approx(0.01)  # four equal tasks halve it


@pytest.mark.parametrize(
    ("scores", "binary"), [([[0.0, 1.0]], True), ([[0.0, 0.5]], False), ([[1.0, np.nan]], True), ([[np.nan]], False)]
)
def test_is_binary(scores: list[list[float]], binary: bool) -> None:
    assert is_binary(np.array(scores)) is binary
