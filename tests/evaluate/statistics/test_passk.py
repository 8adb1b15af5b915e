import tracemalloc
from itertools import combinations
from math import comb

import numpy as np
import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate.statistics import majority_at_k, pass_all_k, pass_at_k, passk
from grpokit.evaluate.statistics.passk import ALL_SUBSETS, SUBSETS, patterns
from hypothesis import given
from hypothesis import strategies as st


def test_pass_at_k_is_unbiased_where_plugging_in_is_not() -> None:
    assert pass_at_k(np.array([16]), np.array([3]), 8)[0] == pytest.approx(0.900)
    plugged_in = 1 - (1 - 3 / 16) ** 8
    assert plugged_in == pytest.approx(0.810, abs=5e-4)


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 40))
def test_by_binomial_coefficients(n: int, c: int, k: int) -> None:
    c, k = min(c, n), min(k, n)
    some, all_right = pass_at_k(np.array([n]), np.array([c]), k)[0], pass_all_k(np.array([n]), np.array([c]), k)[0]
    assert some == pytest.approx(1 - comb(n - c, k) / comb(n, k))
    assert all_right == pytest.approx(comb(c, k) / comb(n, k))


def test_pass_at_k_is_stable_for_many_samples() -> None:
    assert pass_at_k(np.array([10_000]), np.array([1]), 5_000)[0] == pytest.approx(0.5)


@pytest.mark.parametrize("k", [0, 5])
def test_k_beyond_the_samples_is_refused(k: int) -> None:
    with pytest.raises(GrpokitError, match=f"k={k} with 4 samples per question: give k from 1 to 4"):
        pass_at_k(np.array([8, 4]), np.array([1, 1]), k)
    with pytest.raises(GrpokitError, match=f"k={k} with 4 samples"):
        majority_at_k(np.ones((2, 4)), np.ones((2, 4), dtype=np.int64), k)


@pytest.mark.parametrize(
    ("scores", "answers", "k", "expected"),
    [
        ([1, 1, 0], [7, 7, 5], 3, 1.0),  # the majority is right
        ([0, 0, 1], [7, 7, 5], 3, 0.0),  # the majority is wrong
        ([1, 0], [7, 5], 2, 0.5),  # a tie, by expectation
        ([1, 1, 0, 0], [7, 7, 5, 5], 4, 0.5),  # a tie of pairs
        ([1, 0, 0], [7, 5, 6], 3, 1 / 3),  # all differ
        ([1, 0, 0], [7, -1, -1], 3, 1.0),  # no answer has no vote
        ([0, 0, 0], [-1, -1, -1], 2, 0.0),  # nobody votes
        ([1, 0, 0], [7, 5, 5], 1, 1 / 3),  # k = 1 is the mean
    ],
)
def test_majority(scores: list[float], answers: list[int], k: int, expected: float) -> None:
    found = majority_at_k(np.array([scores], dtype=float), np.array([answers]), k)
    assert found.tolist() == pytest.approx([expected])


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=6), st.integers(1, 6))
def test_majority_is_the_mean_over_subsets(answers: list[int], k: int) -> None:
    k = min(k, len(answers))
    scores = [float(answer == 2) for answer in answers]
    found = majority_at_k(np.array([scores]), np.array([answers]), k)[0]
    assert found == pytest.approx(np.mean([_mode_score(answers, chosen) for chosen in combinations(answers, k)]))


def _mode_score(_: list[int], chosen: tuple[int, ...]) -> float:
    votes = [answer for answer in chosen if answer >= 0]
    top = max((votes.count(answer) for answer in votes), default=0)
    modes = {answer for answer in votes if votes.count(answer) == top}
    return sum(answer == 2 for answer in modes) / len(modes) if modes else 0.0


def test_questions_of_one_pattern_have_one_majority() -> None:
    """Of all that two, three, four samples may be: answers, which of them is right, none, an answer right only once."""
    draw = np.random.default_rng(0)
    for samples in (2, 3, 4, 8):
        answers = draw.integers(-1, 4, (3000, samples))
        scores = np.where(draw.random(answers.shape) < 0.1, 1 - (answers == 2), answers == 2).astype(float)
        first, places = patterns(scores, answers)
        assert len(first) < len(scores)
        for k in range(1, samples + 1):
            whole = majority_at_k(scores, answers, k)
            np.testing.assert_allclose(majority_at_k(scores[first], answers[first], k)[places], whole, atol=1e-12)


def test_patterns_are_as_many_as_differ() -> None:
    """Pairs: both right or both wrong and alike, apart, without an answer; the names of answers say nothing."""
    answers = np.array([[1, 1], [5, 5], [1, 2], [7, 3], [2, 1], [-1, 4], [4, -1], [-1, -1]])
    scores = np.array([[1, 1], [0, 0], [1, 0], [0, 1], [0, 0], [0, 1], [1, 0], [0, 0]], dtype=float)
    assert len(patterns(scores, answers).first) == 6


def test_all_subsets_are_taken_of_so_many_samples() -> None:
    assert all(comb(ALL_SUBSETS, k) <= SUBSETS for k in range(1, ALL_SUBSETS + 1))
    assert any(comb(ALL_SUBSETS + 1, k) > SUBSETS for k in range(1, ALL_SUBSETS + 2))


def test_majority_over_drawn_subsets_is_near_the_exact_mean() -> None:
    answers = np.array([[0] * 9 + [1] * 7] * 50)
    assert comb(16, 8) > SUBSETS
    found = majority_at_k((answers == 0).astype(float), answers, 8)
    hypergeometric = sum(
        comb(9, i) * comb(7, 8 - i) / comb(16, 8) * (1.0 if i > 4 else 0.5 if i == 4 else 0.0) for i in range(9)
    )
    assert found[0] == pytest.approx(hypergeometric, abs=0.1)
    assert (found == found[0]).all()  # the same subsets for every question


def test_no_questions() -> None:
    assert majority_at_k(np.ones((0, 4)), np.ones((0, 4), dtype=np.int64), 2).tolist() == []
    assert pass_at_k(np.array([], dtype=np.int64), np.array([], dtype=np.int64), 3).tolist() == []


def test_memory_is_linear_in_the_samples() -> None:
    answers = np.arange(20_000)[None] // 2
    tracemalloc.start()
    majority = majority_at_k((answers == 3).astype(float), answers, 10_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert majority[0] == pytest.approx(0.0, abs=0.01)  # one of thousands of answers
    assert peak < 100 * 2**20  # a number per pair of samples would be gigabytes


@pytest.mark.parametrize("block", [1, 7, 64])
def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    draw = np.random.default_rng(0)
    answers = draw.integers(-1, 4, (9, 12))
    scores = (answers == 2).astype(float)
    whole = [majority_at_k(scores, answers, k) for k in (2, 5, 12)]  # all subsets, drawn ones, a single one
    monkeypatch.setattr(passk, "_BLOCK", block)
    np.testing.assert_allclose([majority_at_k(scores, answers, k) for k in (2, 5, 12)], whole, rtol=1e-12)
