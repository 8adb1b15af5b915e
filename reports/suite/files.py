"""A suite as JSON, as Markdown and as JUnit XML, for scripts, pull requests and CI systems."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from ...evaluate.paired.change import Verdict
from ...evaluate.suites.comparison import SuiteComparison, SuiteVerdict
from ..json_report import SCHEMA, to_json
from ..markdown import markdown_table, markdown_text, to_markdown
from ..verdicts import confidence
from ..wording import interval, number, one_line, signed
from .words import SuiteRow, levels, next_step, sentence, suite_rows, verdict_word

_WORST = (None, Verdict.REGRESSED, Verdict.UNDERPOWERED, Verdict.HELD, Verdict.IMPROVED)
"""Verdicts from the one that fails a command first to the best."""


def suite_json(suite: SuiteComparison) -> dict[str, Any]:
    """Return a suite as a JSON object: ``suite`` with what is claimed, ``tasks`` with each task's own comparison.

    ``verdict`` and ``tasks`` of ``suite`` are those of the tuned model that fares worst, as the exit status is;
    ``models`` has those of every tuned model. One model is compared with nothing, and its verdict is null.
    """
    worst = min(suite.verdicts, key=lambda one: _WORST.index(one.verdict), default=None)
    models = [_verdict(suite, one) for one in suite.verdicts]
    said: dict[str, Any] = {"verdict": None, "tasks": [_unjudged(suite, place) for place in range(len(suite.tasks))]}
    if worst is not None:
        said = models[suite.verdicts.index(worst)]
    return {
        "schema": SCHEMA,
        "suite": {
            "name": suite.name,
            "verdict": said["verdict"],
            "tasks": said["tasks"],
            "levels": suite.levels._asdict(),
            "models": models,
        },
        "tasks": [to_json(result.comparison) for result in suite.tasks],
    }


def _verdict(suite: SuiteComparison, verdict: SuiteVerdict) -> dict[str, Any]:
    return {
        "base": verdict.base,
        "tuned": verdict.tuned,
        "verdict": verdict.verdict and verdict.verdict.value,
        "sentence": sentence(verdict.tasks),
        "next": [next_step(verdict)],
        "tasks": [_task(row) for row in suite_rows(suite, verdict)],
    }


def _task(row: SuiteRow) -> dict[str, Any]:
    verdict = row.verdict and row.verdict.value
    return {"task": row.task, "role": row.role, "verdict": verdict, "margin": row.gain.margin}


def _unjudged(suite: SuiteComparison, place: int) -> dict[str, Any]:
    result = suite.tasks[place]
    margin = result.comparison.margin
    return {"task": result.comparison.task, "role": result.role, "verdict": None, "margin": margin}


def suite_markdown(suite: SuiteComparison) -> str:
    """Return a suite as GitHub-flavoured Markdown: sentence and table per tuned model, then each task in full."""
    sections = [f"### Evaluation of the suite {markdown_text(suite.name)}"]
    for verdict in suite.verdicts:
        name = markdown_text(f"{verdict.tuned} beside {verdict.base}")
        said = markdown_text(sentence(verdict.tasks))
        sections.append(f"**{verdict_word(verdict)}: {name}: {said}**")
        sections.append(f"**Next:** {markdown_text(next_step(verdict))}")
        rows = suite_rows(suite, verdict)
        ends = f"{confidence(rows[0].gain.level)} interval"
        heads = ["task", "for", verdict.base, verdict.tuned, "change", ends, "margin", "verdict"]
        sections.append(markdown_table(heads, [_cells(row) for row in rows]))
    if suite.verdicts:
        sections.append(levels(suite))
    sections += [to_markdown(result.comparison).strip() for result in suite.tasks]
    return "\n\n".join(sections) + "\n"


def _cells(row: SuiteRow) -> list[str]:
    gain = row.gain
    change = [signed(gain.delta), interval(gain.low, gain.high), f"{gain.margin:.3g}"]
    return [row.task, row.role, number(row.base), number(row.tuned), *change, row.word]


def suite_junit(suite: SuiteComparison, *, strict: bool = False) -> str:
    """Return the XML: a suite per tuned model, a case per task, and one for all. They fail as the exit status does."""
    root = ElementTree.Element("testsuites", name=one_line(f"grpokit {suite.name}"))
    for verdict in suite.verdicts:
        cases = ElementTree.SubElement(root, "testsuite", name=one_line(f"{verdict.base} to {verdict.tuned}"))
        _add(cases, "suite", verdict.verdict, sentence(verdict.tasks), strict)
        for row in suite_rows(suite, verdict):
            said = f"{row.word}: changed by {signed(row.gain.delta)} ({interval(row.gain.low, row.gain.high)})"
            _add(cases, f"{row.role} {row.task}", row.verdict, said, strict)
        cases.set("tests", str(len(cases)))
        cases.set("failures", str(len(cases.findall("testcase/failure"))))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add(cases: ElementTree.Element, name: str, verdict: Verdict | None, said: str, strict: bool) -> None:
    failing = {None, Verdict.REGRESSED, *([Verdict.UNDERPOWERED] if strict else [])}
    case = ElementTree.SubElement(cases, "testcase", classname=cases.get("name", ""), name=one_line(name))
    if verdict in failing:
        word = "NO VERDICT" if verdict is None else verdict.value
        ElementTree.SubElement(case, "failure", message=one_line(said), type=word)
    else:
        ElementTree.SubElement(case, "system-out").text = one_line(said)
