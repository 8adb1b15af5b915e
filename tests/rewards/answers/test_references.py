"""Reading references, and the audit of them."""

import json
from collections import Counter
from pathlib import Path

import pytest
from grpokit.rewards.answers.references import check_reference, reference_text

READ = [
    ("72", "72", "as it is"),
    ("48/2 = <<48/2=24>>24\n#### 24", "24", "after the last marker"),
    (r"Thus $\boxed{5}$.", "5", "box"),
    (r"so $\boxed{1}$ or $\boxed{2}$", "1, 2", "both boxes"),
    ("<answer>5</answer>", "5", "tag"),
    ("First.\nThe answer is 5.", "5", "anchor in several lines"),
    (18, "18", "integer"),
    (0.5, "0.5", "float"),
    ("", None, "blank"),
    ("####  ", None, "marker without a value"),
    (float("inf"), None, "infinity"),
    (None, None, "nothing"),
    (["5"], None, "a list"),
    ("{5", None, "unbalanced"),
    (r"\boxed{}", None, "empty box"),
]


@pytest.mark.parametrize(("reference", "text", "why"), READ, ids=[why for *_, why in READ])
def test_reference_text(reference: object, text: str | None, why: str) -> None:
    assert reference_text(reference) == text


CHECKED = [
    ("#### 72", "readable", "marked"),
    ("1,200", "readable", "number"),
    (r"\frac{1}{2}", "readable", "a bare fraction is read whole"),
    (r"\$36", "readable", "currency"),
    (r"\text{east}", "readable", "word"),
    (r"$2\frac{1}{2}$", "readable", "delimited"),
    (r"\boxed{2\frac{1}{2}}", "readable", "boxed"),
    (r"2\frac{1}{2}", "fragmentary", "peers read the fraction only"),
    (r"2\sqrt{3}", "fragmentary", "peers read a number only"),
    ("He sold 5 of them and then 6, which makes 11 in all.", "unmarked", "prose without a mark"),
    ("", "unreadable", "blank"),
    ("1" * 3_000, "not equal to itself", "longer than any answer that is extracted"),
]


@pytest.mark.parametrize(("reference", "status", "why"), CHECKED, ids=[why for *_, why in CHECKED])
def test_check_reference(reference: object, status: str, why: str) -> None:
    checked = check_reference(reference)
    assert checked.status == status
    assert "\n" not in checked.reason


def test_real_references_are_readable(shared: Path) -> None:
    lines = (shared / "data" / "math" / "math500.jsonl").read_text(encoding="utf-8").splitlines()
    assert Counter(check_reference(json.loads(line)["solution"]).status for line in lines) == {"readable": 500}
