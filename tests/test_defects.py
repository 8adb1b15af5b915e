"""Every defect of docs/defects.md is kept out by a test that bears its number."""

import re

from .conftest import ROOT


def numbers(pattern: str, text: str) -> set[int]:
    return {int(number) for number in re.findall(pattern, text, re.MULTILINE)}


def test_every_defect_has_a_test_and_every_such_test_a_defect() -> None:
    listed = numbers(r"^(\d+)\. ", (ROOT / "docs" / "defects.md").read_text(encoding="utf-8"))
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    tested = numbers(r"def test_field_(\d+)_", "\n".join(sources))
    assert listed == tested == set(range(1, max(listed) + 1))
