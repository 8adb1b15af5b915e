"""A metric has a range only where every value of it says so; metadata are what rows may be sorted by."""

from decimal import Decimal
from pathlib import Path

import pytest
from grpokit.evaluate.logs.log import LARGEST, LONGEST_METADATA, Metrics, as_number, metadata
from grpokit.evaluate.logs.log import ScoreColumn as Score
from grpokit.evaluate.paired.pairing import compare
from grpokit.tests.evaluate.logs import peer_logs as peers
from grpokit.tests.evaluate.logs.log_runs import refusal, run_of


@pytest.mark.parametrize(
    ("grades", "range"),
    [
        ([(1.0, True), (None, True), (0.0, True)], (0.0, 1.0)),
        ([(1.0, True), (55.0, True)], None),  # a share that is written in percent
        ([(-0.5, True)], None),
        ([(0.5, False), (1.0, True)], None),
        ([(1.0, True), (0.5, False)], None),
    ],
)
def test_the_range_of_a_metric(grades: list[tuple[float | None, bool]], range: tuple[float, float] | None) -> None:
    metrics = Metrics("tool")
    for value, bounded in grades:
        metrics.grade("m", value, bounded=bounded)
    assert metrics.range("tool/m") == range
    assert metrics.names == ["tool/m"]


def test_metadata_are_short_and_no_references() -> None:
    short, long = "x" * LONGEST_METADATA, "x" * (LONGEST_METADATA + 1)
    values = {"kind": short, "text": long, "answer": "18", "level": 3, "hard": True, "nested": {"a": 1}, "none": None}
    assert metadata(values) == {"kind": short, "level": 3, "hard": True}
    assert metadata(["no mapping"]) == {}


@pytest.mark.parametrize("value", [None, "C", "", [], float("inf"), float("nan"), "1e999", 10**400, Decimal("sNaN")])
def test_what_is_no_number(value: object) -> None:
    assert as_number(value) is None


def test_numbers_of_parquet_with_a_fixed_count_of_digits_are_numbers() -> None:
    assert as_number(Decimal("0.25")) == 0.25


@pytest.mark.parametrize("value", [1e200, -1e200, LARGEST * 10])
def test_scores_too_large_to_be_computed_with_are_refused_with_their_place(tmp_path: Path, value: float) -> None:
    """A table's are read by another way than those of a tool."""
    rows = [{"id": at, "completion": "", "ppl": given} for at, given in enumerate((3.0, value))]
    path = peers.write_lines(tmp_path / "log.jsonl", rows)
    said = refusal(path, scores=(Score("ppl"),))
    assert f"line 2, id 1: ppl is {value:g}, and scores end at 1e+60. Mend it, or leave such rows out" in said
    results = [peers.promptfoo_result(0, "1", True, namedScores={"ppl": value})]
    said = refusal(peers.write_json(tmp_path / "out.json", peers.promptfoo_log(results)))
    assert f"result 1, id 0: promptfoo/ppl is {value:g}, and scores end" in said


def test_the_largest_scores_can_be_compared(tmp_path: Path) -> None:
    runs = []
    for name, last in (("base", LARGEST), ("tuned", -LARGEST)):
        rows = [{"id": at, "completion": "", "ppl": given} for at, given in enumerate((3.0, 4.0, 5.0, last))]
        (tmp_path / name).mkdir()
        path = peers.write_lines(tmp_path / name / f"{name}.jsonl", rows)
        runs.append(run_of(path, scores=(Score("ppl"),)))
    gain = compare(runs).pairs[0].gain
    assert (gain.delta, gain.n) == (-2 * LARGEST / 4, 4)
