"""Clusters of unequal sizes: the corrected error, its degrees of freedom, and what its interval covers."""

import numpy as np
import pytest
from grpokit.evaluate.statistics import difference_interval
from grpokit.evaluate.statistics.clusters import cluster_degrees, clustered_error, independent_units
from hypothesis import given
from hypothesis import strategies as st

SKEWED = np.array([78, 27, 23, 13, 10, 8, 7, 6, 5, 4, 4, 3, 2, 2, 2, 1, 1, 1, 1, 1])


@pytest.mark.parametrize(
    ("sizes", "degrees"),
    [
        ([10] * 20, 19.0),  # equal sizes: as many as clusters, less one
        (SKEWED, 4.4),  # twenty clusters, of which one holds two fifths
        ([1, 199], 1.0),  # two clusters are one difference, whatever their sizes
        ([100], 0.0),  # one cluster says nothing
        ([], 0.0),
    ],
)
def test_degrees_of_freedom(sizes: list[int], degrees: float) -> None:
    assert cluster_degrees(np.array(sizes, np.int64)) == pytest.approx(degrees, abs=0.06)


@given(st.lists(st.integers(1, 12), min_size=2, max_size=12))
def test_degrees_are_those_of_the_eigenvalues(sizes: list[int]) -> None:
    """Bell and McCaffrey: the columns (I - H)_c A_c X_c (X'X)^-1, whose products have the eigenvalues."""
    n, numbers = sum(sizes), np.repeat(np.arange(len(sizes)), sizes)
    members = (numbers[:, None] == np.arange(len(sizes))).astype(float)
    residuals = np.eye(n) - 1 / n
    columns = residuals @ (members / np.sqrt(1 - np.array(sizes) / n)) / n
    eigenvalues = np.linalg.eigvalsh(columns.T @ columns)
    assert cluster_degrees(np.array(sizes)) == pytest.approx(eigenvalues.sum() ** 2 / (eigenvalues @ eigenvalues))


def test_the_corrected_error_is_without_bias_for_independent_scores() -> None:
    clusters = np.repeat(np.arange(len(SKEWED)), SKEWED)
    values = np.random.default_rng(0).normal(size=(4000, len(clusters)))
    squares = [clustered_error(row, clusters) ** 2 for row in values]
    assert np.mean(squares) == pytest.approx(1 / len(clusters), rel=0.04)


@pytest.mark.parametrize(
    ("sizes", "low", "high"),
    [
        ([10] * 20, 0.93, 0.97),
        (SKEWED, 0.925, 0.98),  # .941 with more runs; with C/(C-1) and 19 degrees of freedom far below
        ([60, 20, 10, 5, 5], 0.94, 1.0),
        ([50, 30, 20], 0.94, 1.0),
    ],
)
def test_coverage_with_clusters(sizes: list[int], low: float, high: float) -> None:
    """Clusters share half of the variance; 1,500 runs each."""
    generator = np.random.default_rng(1)
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    luck = generator.normal(size=(1500, len(sizes)))[:, clusters]
    runs = [difference_interval(row, 1.0, clusters) for row in luck + generator.normal(size=luck.shape)]
    assert low <= np.mean([run.low <= 0 <= run.high for run in runs if run]) <= high


def test_templates_that_are_taken_for_questions_are_too_sure() -> None:
    """20 templates of 50 variants each: without clusters 95 % intervals cover far less."""
    generator = np.random.default_rng(2)
    clusters = np.repeat(np.arange(20), 50)
    rows = generator.normal(size=(800, 20))[:, clusters] + 4.5 * generator.normal(size=(800, 1000))

    def covered(clusters: np.ndarray | None) -> float:
        runs = [difference_interval(row, 1.0, clusters) for row in rows]
        return float(np.mean([run.low <= 0 <= run.high for run in runs if run]))

    assert covered(None) < 0.78
    assert covered(clusters) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(
    ("clusters", "units"), [(None, 6.0), ([0, 0, 1, 1, 2, 2], 3.0), ([0, 0, 0, 0, 0, 1], 36 / 26), ([4] * 6, 1.0)]
)
def test_independent_units(clusters: list[int] | None, units: float) -> None:
    assert independent_units(6, None if clusters is None else np.array(clusters)) == pytest.approx(units)
