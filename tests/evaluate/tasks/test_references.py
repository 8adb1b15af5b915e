"""Every reference of a data set is read, and the doubtful ones are found by their row."""

import json
from pathlib import Path

import pytest
from grpokit.evaluate import EvaluationError, load_task
from grpokit.evaluate.tasks.references import Reference, check, check_column, check_task
from grpokit.rewards.answers.options import Options

from .task_rows import ROWS


@pytest.mark.parametrize(
    ("reference", "status"),
    [
        ("12 * 6 = 72\n#### 72", None),
        (r"So it is $\boxed{\frac{1}{2}}$.", None),
        (18.5, None),
        ("", "unreadable"),
        (None, "unreadable"),
        ("work\n####", "unreadable"),  # the mark is there, the answer is not
        (r"\boxed{\frac{1}{2}", "unreadable"),  # cut off
        (float("nan"), "unreadable"),
        (r"2\frac{1}{2}", None),  # read whole, though others read one half
        ("They share the sweets and each of them is glad about it in the end.", "unmarked"),
    ],
)
def test_field_7_unreadable_references_are_told_before_they_judge(reference: object, status: str | None) -> None:
    checked = check([Reference("good", "#### 1"), Reference("row", reference)])
    assert checked.read == 2
    assert [(finding.row, finding.status) for finding in checked.findings] == ([("row", status)] if status else [])


def test_a_column_of_a_file(tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    rows = [{"a": "1", "kind": "x"}, {"a": "####", "kind": "x"}, {"a": "####", "kind": "y"}]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [finding.row for finding in check_column(data, "a", {}).findings] == ["1", "2"]
    assert [finding.row for finding in check_column(data, "a", {"kind": "y"}).findings] == ["2"]
    assert check_column(data, "a", {}, limit=1).findings == []
    with pytest.raises(EvaluationError, match=r"no column 'aa'\. Did you mean 'a'"):
        check_column(data, "aa", {})
    with pytest.raises(EvaluationError, match="no rows to check"):
        check_column(data, "a", {"kind": "z"})


def test_prose_is_a_fine_reference_where_no_correctness_judges(tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in [*ROWS["tldr"], {"prompt": "p", "completion": " "}]))
    checked = check_task(load_task("tldr"), "test", data=data)
    assert [(finding.row, finding.status) for finding in checked.findings] == [("1", "empty")]


def test_a_task_without_references() -> None:
    with pytest.raises(EvaluationError, match="'oasst1' has no references"):
        check_task(load_task("oasst1"), "test")


@pytest.mark.parametrize(("split", "count"), [("train", 7473), ("test", 1319)])
def test_all_real_references_of_gsm8k_can_be_judged_by(split: str, count: int, shared: Path) -> None:
    checked = check_task(load_task("gsm8k"), split, data=shared / f"data/gsm8k/{split}.jsonl")
    assert checked == (count, [], [])


def test_bare_latex_is_told_apart_from_what_cannot_be_judged_by() -> None:
    checked = check([Reference("a", "4"), Reference("b", r"2\frac{1}{2}"), Reference("c", "")])
    assert [finding.row for finding in checked.findings] == ["c"]
    assert [finding.row for finding in checked.fragmentary] == ["b"]


def test_real_references_of_math500_are_readable_though_bare(shared: Path) -> None:
    checked = check_task(load_task("math500"), "test", data=shared / "data/math/math500.jsonl")
    assert checked.read == 500
    assert checked.findings == []
    assert len(checked.fragmentary) == 63  # LaTeX without its dollars


def test_lists_and_choices_are_checked_as_they_are_judged() -> None:
    options = Options.read(["red", "blue"])
    given = [
        Reference("a", ["4", "four"]),
        Reference("b", 1, options),
        Reference("c", "C", options),
        Reference("d", []),
    ]
    checked = check(given)
    assert [(finding.row, finding.status) for finding in checked.findings] == [
        ("c", "no such choice"),
        ("d", "unreadable"),
    ]
    assert [finding.row for finding in check(given, judged_by_correctness=False).findings] == ["d"]
