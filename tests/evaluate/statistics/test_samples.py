"""Ragged samples give what dense arrays give, whose missing cells are NaN."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from grpokit.evaluate.statistics import split_variance
from grpokit.evaluate.statistics.arrays import Booleans, Floats, Integers
from grpokit.evaluate.statistics.samples import Samples
from hypothesis import given
from hypothesis import strategies as st

number = st.one_of(st.just(math.nan), st.floats(-9, 9).map(lambda value: round(value, 3)))
ragged = st.lists(st.lists(number, max_size=12), min_size=1, max_size=6)


def dense(rows: Sequence[Sequence[float]]) -> Floats:
    grid = np.full((len(rows), max(map(len, rows)) or 1), np.nan)
    for place, row in enumerate(rows):
        grid[place, : len(row)] = row
    return grid


@given(ragged)
def test_each_question_has_the_figures_of_its_own_samples(rows: list[list[float]]) -> None:
    samples, grid = Samples.of(rows), dense(rows)
    assert len(samples) == len(rows)
    assert samples.counts().tolist() == (~np.isnan(grid)).sum(axis=1).tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy's, of questions without a number
        pairs = [
            (samples.sums(), np.nansum(grid, axis=1)),
            (samples.means(), np.nanmean(grid, axis=1)),
            (samples.variances(), np.nanvar(grid, axis=1, ddof=1)),
            (samples.highest(), np.nanmax(grid, axis=1)),
            (samples.lowest(), np.nanmin(grid, axis=1)),
        ]
    for own, expected in pairs:
        np.testing.assert_allclose(own, expected, atol=1e-12)


@given(st.integers(1, 300), st.integers(0, 99))
def test_where_nothing_is_missing_sums_are_those_of_dense_rows_to_the_last_bit(size: int, seed: int) -> None:
    grid = np.random.default_rng(seed).random((3, size))
    assert Samples.of(grid).sums().tolist() == grid.sum(axis=1).tolist()


@given(ragged, st.data())
def test_questions_are_kept_whole(rows: list[list[float]], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    own, expected = Samples.of(rows).keep(np.array(kept)), Samples.of([r for r, k in zip(rows, kept, strict=True) if k])
    for name in ("values", "offsets", "numbers"):
        np.testing.assert_equal(getattr(own, name), getattr(expected, name))


def with_numbers(values: Floats, there: Booleans) -> Samples:
    """Samples of which only some are there."""
    questions, numbers = np.nonzero(there)
    return Samples(values[there], np.searchsorted(questions, np.arange(len(values) + 1)), numbers)


def test_samples_are_paired_by_number() -> None:
    base = with_numbers(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([[1, 0, 1], [0, 1, 0]], np.bool_))
    tuned = with_numbers(np.array([[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]]), np.array([[0, 1, 1], [1, 1, 0]], np.bool_))
    left, right = base.paired(tuned)
    assert (left.values.tolist(), right.values.tolist()) == ([3.0, 5.0], [9.0, 11.0])
    assert (left.offsets.tolist(), left.numbers.tolist()) == ([0, 1, 2], [2, 1])


def test_shared_noise_is_measured_on_the_samples_that_both_have() -> None:
    generator = np.random.default_rng(0)
    noise, there = generator.normal(size=(2000, 8)), generator.random((2, 2000, 8)) < 0.7
    parts = split_variance(*(with_numbers(noise + side, some) for side, some in enumerate(there)), True)
    assert parts is not None
    both: Integers = there.all(axis=0).sum(axis=1)
    assert parts.shared == pytest.approx((1 / both[both > 1]).mean(), rel=0.05)  # a variance of 1 over the samples


def test_a_value_that_one_model_lacks_is_shared_by_neither() -> None:
    generator = np.random.default_rng(1)
    base, tuned = generator.normal(size=(2, 50, 4))
    lacking = np.where(generator.random((50, 4)) < 0.3, np.nan, tuned)
    both = ~np.isnan(lacking)
    parts = split_variance(Samples.of(base), Samples.of(lacking), True)
    only = split_variance(with_numbers(base, both), with_numbers(tuned, both), True)
    assert parts is not None
    assert only is not None
    assert parts.shared == pytest.approx(only.shared)
    assert parts.shared != 0.0


def test_models_without_a_common_sample_share_no_noise() -> None:
    values, first = np.arange(12.0).reshape(3, 4) % 5, np.array([[True, True, False, False]] * 3)
    parts = split_variance(with_numbers(values, first), with_numbers(values, ~first), True)
    assert parts is not None
    assert parts.shared == 0.0


def test_what_is_derived_once_cannot_be_written_into() -> None:
    samples = Samples.of([[1.0, 0.0], [0.5]])
    for derived in (samples.means(), samples.counts()):
        with pytest.raises(ValueError, match="read-only"):
            derived[0] = 2


def test_sums_are_the_same_however_many_samples_questions_have() -> None:
    """Where all have as many, they are rows of a matrix; where not, pieces of a line."""
    values = np.random.default_rng(0).normal(size=(40, 3))
    values[5, 1] = np.nan
    equal, ragged = Samples.of(values), Samples.of([*values, []])
    np.testing.assert_allclose(equal.sums(), ragged.sums()[:-1], atol=1e-12)
    np.testing.assert_allclose(equal.means(), ragged.means()[:-1], atol=1e-12)


def test_samples_are_paired_by_number_where_as_many_questions_have_others() -> None:
    left = Samples(np.array([1.0, 2.0]), np.array([0, 2]), np.array([0, 1]))
    right = Samples(np.array([3.0, 4.0]), np.array([0, 2]), np.array([1, 2]))
    assert [side.values.tolist() for side in left.paired(right)] == [[2.0], [3.0]]
