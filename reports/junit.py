"""The comparison as JUnit XML, which CI systems show as tests: one suite per pair, one case per reward."""

from __future__ import annotations

from xml.etree import ElementTree

from ..evaluate.paired.change import Difference, Verdict
from ..evaluate.paired.comparison import Comparison
from .verdicts import confidence
from .wording import interval, one_line, signed


def to_junit(comparison: Comparison, *, strict: bool = False) -> str:
    """Return the XML. The pair's own case fails as the exit status does: when the primary metric regressed or has
    no verdict, and with ``strict`` when it is underpowered. The rewards' cases fail when they regressed."""
    root = ElementTree.Element("testsuites", name=one_line(f"grpokit {comparison.task}"))
    for pair in comparison.pairs:
        suite = ElementTree.SubElement(root, "testsuite", name=one_line(f"{pair.base} to {pair.tuned}"))
        bad = {Verdict.REGRESSED, Verdict.UNDERPOWERED} if strict else {Verdict.REGRESSED}
        _add_case(suite, f"verdict ({pair.primary})", pair.gain, pair.verdict is None or pair.verdict in bad)
        for name, difference in pair.rows().items():
            _add_case(suite, name, difference, difference.verdict is Verdict.REGRESSED)
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_case(suite: ElementTree.Element, name: str, difference: Difference, failed: bool) -> None:
    said = (
        f"{difference.verdict or 'NO VERDICT'}: changed by {signed(difference.delta)} "
        f"({confidence(difference.level)} interval {interval(difference.low, difference.high)}, "
        f"{difference.n} questions)"
    )
    case = ElementTree.SubElement(suite, "testcase", classname=suite.get("name", ""), name=one_line(name))
    if failed:
        ElementTree.SubElement(case, "failure", message=said, type=str(difference.verdict or "NO VERDICT"))
    else:
        ElementTree.SubElement(case, "system-out").text = said
