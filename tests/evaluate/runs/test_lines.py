"""A row may hold what another tool made of it; whatever else stands there is a fault."""

from typing import Any

import pytest
from grpokit.evaluate import Row
from grpokit.evaluate.runs.lines import row_fault
from grpokit.rewards.graded import Grade

ROW = Row("q", 0, "18", None, None, None, "base", "w")


def test_only_graded_rows_say_so() -> None:
    assert "graded" not in ROW.to_json()
    assert ROW._replace(graded={"match": Grade(1.0, "C")}).to_json()["graded"] == {"match": (1.0, "C")}


@pytest.mark.parametrize(
    ("graded", "fault"),
    [
        (None, None),
        ({}, None),
        ({"match": [1.0, "C"], "other": [None, ""]}, None),
        ([], "graded is []"),
        ({"match": 1.0}, "graded match is 1.0"),
        ({"match": [1.0]}, "graded match is [1.0]"),
        ({"match": ["C", "C"]}, "graded match is ['C', 'C']"),
        ({"match": [True, "C"]}, "graded match is [True, 'C']"),
        ({"match": [1.0, None]}, "graded match is [1.0, None]"),
    ],
)
def test_what_is_no_grade_is_a_fault(graded: Any, fault: str | None) -> None:
    assert row_fault({**ROW.to_json(), "graded": graded}) == fault
