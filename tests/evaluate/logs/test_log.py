"""A metric has a range only where every value of it says so; metadata are what rows may be sorted by."""

import pytest
from grpokit.evaluate.logs.log import LONGEST_METADATA, Metrics, as_number, metadata


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


@pytest.mark.parametrize("value", [None, "C", "", [], float("inf"), float("nan"), "1e999", 10**400])
def test_what_is_no_number(value: object) -> None:
    assert as_number(value) is None
