"""What completions are like and how that changed; the histogram of lengths holds every completion once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grpokit.evaluate.paired.comparison import Comparison
from grpokit.evaluate.paired.lengths import MOST_BINS, Lengths, length_edges
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.scoring import score_run
from grpokit.files import read_lines, write_lines
from grpokit.rewards import RewardMix
from grpokit.tests.evaluate.stored_runs import write_run
from hypothesis import given
from hypothesis import strategies as st

SCORES = {"correctness": [[1.0, 0.0], [1.0, 1.0]]}


def _compare(folder: Path, base: dict[str, Any], tuned: dict[str, Any]) -> Comparison:
    return compare(
        [write_run(folder / name, SCORES, name, **side) for name, side in (("base", base), ("tuned", tuned))]
    )


def test_behaviour_changes_question_by_question(tmp_path: Path) -> None:
    base = {"cut": [[True, True], [False, False]], "tokens": [[8, 8], [2, 4]], "repeated": [[0.5, 0.5], [0.0, 0.25]]}
    tuned = {"cut": [[False, True], [False, False]], "tokens": [[6, 8], [2, 2]], "repeated": [[0.5, 0.25], [0.0, 0.0]]}
    comparison = _compare(tmp_path, base, tuned)
    before, after = comparison.models
    assert (before.cut, before.tokens, before.repeated) == (0.5, 5.5, 0.3125)
    assert (after.cut, after.tokens, after.repeated) == (0.25, 4.5, 0.1875)
    changes = comparison.pairs[0].behaviour
    assert {name: found.mean for name, found in changes.items()} == {
        "cut": -0.25,
        "tokens": -1.0,
        "repeated": -0.125,
        "unanswered": 0.0,
        "distinct": 0.0,
        "distinct_within": 0.0,
    }
    assert all(found.n == 2 for found in changes.values())


def test_triples_of_tokens_and_of_words_are_not_compared(tmp_path: Path) -> None:
    comparison = _compare(tmp_path, {"token_ids": [1, 2, 3]}, {"token_ids": None})
    assert [model.repeated_unit for model in comparison.models] == ["token", "word"]
    assert "repeated" not in comparison.pairs[0].behaviour


def test_what_was_scored_without_repetition_has_none(tmp_path: Path) -> None:
    comparison = _compare(tmp_path, {"repeated": [[None, None], [None, None]]}, {})
    assert comparison.models[0].repeated is None
    assert comparison.models[0].repeated_unit is None
    assert "repeated" not in comparison.pairs[0].behaviour


@pytest.mark.parametrize(
    ("token_ids", "texts", "expected"),
    [
        (None, [["a b c d", "no no no no no"]], [0.0, 2 / 3]),  # by words
        ([7, 7, 7, 7], [["a b c d", "a b c d"]], [0.5, 0.5]),  # by tokens, whatever the words
        (None, [["", "two words"]], [0.0, 0.0]),  # too short to have a triple
    ],
)
def test_scoring_keeps_how_much_a_completion_repeats_itself(
    tmp_path: Path, token_ids: list[int] | None, texts: list[list[str]], expected: list[float]
) -> None:
    run = write_run(tmp_path, {"xml_format": [[0.0, 0.0]]}, texts=texts, token_ids=token_ids)
    score_run(run, RewardMix.parse("xml_format"))
    assert [score.repeated for score in run.scores()] == pytest.approx(expected)


counts = st.lists(st.integers(0, 100_000), min_size=1, max_size=60)


@given(counts)
def test_every_length_falls_into_one_bin_of_a_few(tokens: list[int]) -> None:
    edges = length_edges(np.array(tokens, float))
    assert np.histogram(tokens, edges)[0].sum() == len(tokens)
    assert 1 <= len(edges) - 1 <= MOST_BINS + 1
    widths = np.diff(edges[np.isfinite(edges)])
    assert (widths == widths[0]).all()
    assert edges[0] <= min(tokens)
    assert edges[-1] > max(tokens)


@pytest.mark.parametrize(
    ("tokens", "first", "last"),
    [
        ([5] * 9, [5, 6], [5, 6]),  # one length only
        (range(30), [0, 1], [29, 30]),  # as many lengths as bins
        (range(1, 32), [0, 2], [30, 32]),  # one more: pairs, from an even number
        ([100] * 50 + [140] * 50 + [4096] * 3, [100, 110], [270, np.inf]),  # the fence is at 140 + 3 * 40
        ([100] * 50 + [140] * 30 + [4096] * 20, [100, 110], [270, np.inf]),  # many runaways are beyond it, too
        ([7] * 99 + [900], [7, 8], [8, np.inf]),  # all alike but one
    ],
)
def test_bins_fit_the_lengths(tokens: list[int], first: list[float], last: list[float]) -> None:
    edges = length_edges(np.array(tokens, float)).tolist()
    assert (edges[:2], edges[-2:]) == (first, last)


def _lengths(folder: Path, base: list[list[int]], tuned: list[list[int]]) -> Lengths | None:
    scores = {"correctness": [[1.0] * len(row) for row in base]}
    runs = [write_run(folder / name, scores, name, tokens=rows) for name, rows in (("base", base), ("tuned", tuned))]
    return compare(runs).pairs[0].lengths


def test_both_models_share_the_bins(tmp_path: Path) -> None:
    found = _lengths(tmp_path, [[3, 5], [5, 6]], [[3, 3], [3, 4]])
    assert found is not None
    assert (found.base_median, found.tuned_median) == (5.0, 3.0)
    assert [(bin.low, bin.high, bin.base_share, bin.tuned_share) for bin in found.bins] == [
        (3, 3, 0.25, 0.75),
        (4, 4, 0.0, 0.25),
        (5, 5, 0.5, 0.0),
        (6, 6, 0.25, 0.0),
    ]


def test_the_last_bin_may_have_no_end(tmp_path: Path) -> None:
    found = _lengths(tmp_path, [[10, 11]] * 20 + [[12, 2048]], [[10, 11]] * 20 + [[12, 13]])
    assert found is not None
    assert (found.bins[-1].high, found.bins[-1].tuned_share) == (None, 0.0)
    assert found.bins[-1].base_share == pytest.approx(1 / 42)


def test_there_is_no_histogram_where_tokens_are_unknown(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, {"correctness": [[1.0]] * 3}, name) for name in ("base", "tuned")]
    path = runs[1].path / "completions.jsonl"
    write_lines(path, [{**line.value, "tokens": None} for line in list(read_lines(path))])
    assert compare(runs).pairs[0].lengths is None
