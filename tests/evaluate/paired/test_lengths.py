"""The histogram of lengths: its bins hold every completion once, and a few runaways do not flatten it."""

from pathlib import Path

import numpy as np
import pytest
from grpokit.evaluate.paired.explanation import Lengths
from grpokit.evaluate.paired.lengths import MOST_BINS, length_edges
from grpokit.evaluate.paired.pairing import compare
from grpokit.files import read_lines, write_lines
from grpokit.tests.evaluate.stored_runs import write_run
from hypothesis import given
from hypothesis import strategies as st

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
