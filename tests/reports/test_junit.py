"""The JUnit report: what fails fails as the exit status does, and it is XML whatever stands in a name."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.comparison import Pair
from grpokit.reports.junit import to_junit
from grpokit.tests.reports.conftest import Compared


def suite(compared: Compared, pair: Pair, *, strict: bool = False) -> ElementTree.Element:
    text = to_junit(replace(compared.comparison, pairs=(pair,)), strict=strict)
    (found,) = ElementTree.fromstring(text).iter("testsuite")
    return found


def failed(suite: ElementTree.Element) -> list[str | None]:
    return [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None]


CASES = [
    # the primary's verdict, another reward's, whether strict, the cases that fail
    (Verdict.IMPROVED, Verdict.IMPROVED, True, []),
    (Verdict.HELD, Verdict.UNDERPOWERED, True, []),  # another reward may be underpowered
    (Verdict.HELD, Verdict.REGRESSED, False, ["xml_format"]),  # it may not regress, which fails its own case alone
    (Verdict.UNDERPOWERED, Verdict.HELD, False, []),
    (Verdict.UNDERPOWERED, Verdict.HELD, True, ["verdict (correctness)"]),
    (Verdict.REGRESSED, Verdict.HELD, False, ["verdict (correctness)", "correctness"]),
]


@pytest.mark.parametrize(("primary", "other", "strict", "cases"), CASES)
def test_cases_fail_as_the_exit_status_does(
    compared: Compared, primary: Verdict, other: Verdict, strict: bool, cases: list[str]
) -> None:
    pair = compared.comparison.pairs[0]
    verdicts = {"correctness": primary, "xml_format": other}
    rewards = {name: replace(pair.rewards[name], verdict=verdict) for name, verdict in verdicts.items()}
    made = suite(compared, replace(pair, rewards={**pair.rewards, **rewards}), strict=strict)
    assert failed(made) == cases
    assert (made.get("tests"), made.get("failures")) == (str(1 + len(pair.rows())), str(len(cases)))


def test_a_case_says_the_change_with_its_interval(compared: Compared) -> None:
    change = compared.comparison.pairs[0].total
    said = {case.get("name"): case.findtext("system-out") for case in suite(compared, compared.comparison.pairs[0])}
    assert said["total"] == (
        f"IMPROVED: changed by {change.delta:+.3f} "
        f"(95 % interval {change.low:+.3f} to {change.high:+.3f}, {change.n} questions)"
    )


def test_control_characters_in_names_leave_it_xml(compared: Compared) -> None:
    pair = replace(compared.comparison.pairs[0], base="a\n\x1b[2J", tuned="b\x00\ud83d")
    text = to_junit(replace(compared.comparison, pairs=(pair,), task="sums\x07"))
    root = ElementTree.fromstring(text)
    assert root.get("name") == "grpokit sums"
    assert root[0].get("name") == "a [2J to b"
