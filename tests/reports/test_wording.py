"""The sentences that every report shares."""

from __future__ import annotations

import io
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import Run
from grpokit.reports import to_markdown, write_html
from grpokit.reports.json_report import to_json
from grpokit.reports.terminal import print_comparison
from grpokit.reports.verdicts import evidence
from grpokit.reports.wording import behaviour_rows, system_roles, visible
from grpokit.tests.reports.conftest import Compared
from rich.console import Console

ENDINGS = [
    # the verdict, questions that would decide it, what the evidence ends with
    (Verdict.IMPROVED, 900, "reliably detect: 0.125."),
    (Verdict.REGRESSED, 900, "reliably detect: 0.125."),
    (Verdict.HELD, 900, "reliably detect: 0.125. A loss of 0.020 or more is ruled out."),
    (Verdict.UNDERPOWERED, 900, "reliably detect: 0.125. A loss of 0.020 or more is not ruled out."),
]


@pytest.mark.parametrize(("verdict", "needed", "end"), ENDINGS)
def test_the_evidence_says_what_could_have_been_seen(
    compared: Compared, verdict: Verdict, needed: int | None, end: str
) -> None:
    pair = compared.comparison.pairs[0]
    gain = replace(pair.gain, verdict=verdict, needed=needed, mde=0.125)
    assert evidence(replace(pair, rewards={**pair.rewards, pair.primary: gain})).endswith(end)


def test_no_value_in_both_models_is_said(compared: Compared) -> None:
    pair = compared.comparison.pairs[0]
    gain = replace(pair.gain, delta=None)
    said = evidence(replace(pair, rewards={**pair.rewards, pair.primary: gain}))
    assert said == "No question has a value of correctness in both models."


def test_behaviour_is_of_each_kind_and_each_model(compared: Compared) -> None:
    base, tuned = compared.comparison.models
    before = replace(base, cut=0.25, unanswered=0.5, repeated=0.75, tokens=7.0, distinct=0.9, distinct_within=0.8)
    after = replace(tuned, cut=0.1, unanswered=0.2, repeated=0.3, tokens=9.0, distinct=0.7, distinct_within=0.6)
    rows = [(row.label, row.base, row.tuned) for row in behaviour_rows(compared.comparison.pairs[0], before, after)]
    assert rows == [
        ("cut at the token limit", "25.0 %", "10.0 %"),
        ("without an answer", "50.0 %", "20.0 %"),
        ("repeated word triples", "75.0 %", "30.0 %"),
        ("distinct texts over questions", "90.0 %", "70.0 %"),
        ("distinct texts within a question", "80.0 %", "60.0 %"),
        ("tokens", "7.0", "9.0"),
    ]


def test_what_an_endpoint_refused_is_said_in_every_report(compared: Compared, tmp_path: Path) -> None:
    base, tuned = (
        replace(model, refused=count) for model, count in zip(compared.comparison.models, (31, 7), strict=True)
    )
    comparison = replace(compared.comparison, models=(base, tuned))
    (row,) = (row for row in behaviour_rows(comparison.pairs[0], base, tuned) if row.label == "refused by the server")
    assert (row.base, row.tuned, row.change, row.interval) == ("31", "7", "-24", "unknown")
    assert "refused 31 → 7" in to_markdown(comparison)
    console = Console(file=io.StringIO(), width=100)
    print_comparison(comparison, console)
    assert isinstance(console.file, io.StringIO)
    assert re.findall(r"refused (\d+)", console.file.getvalue()) == ["31", "7"]
    write_html(comparison, compared.runs, tmp_path / "pair.html")
    assert "refused by the server" in (tmp_path / "pair.html").read_text()
    write_html(replace(comparison, models=(base,), pairs=()), compared.runs[:1], tmp_path / "one.html")
    assert "Refused by the server: 31." in (tmp_path / "one.html").read_text()


def test_nothing_is_said_of_refusals_where_there_are_none(compared: Compared) -> None:
    assert "refused" not in to_markdown(compared.comparison)


def test_a_system_message_that_was_not_shown_is_said_above_the_numbers_of_every_report(
    compared: Compared, tmp_path: Path
) -> None:
    runs = [Run.open(shutil.copytree(run.path, tmp_path / run.path.name)) for run in compared.runs]
    for run, fate in zip(runs, ("moved", "left out"), strict=True):
        engine = {**run.manifest.engine, "system": fate}
        replace(run.manifest, engine=engine).write(run.path)
    comparison = compare([Run.open(run.path) for run in runs])
    lines = [
        "base: the chat template shows no system message; its text went into the first question.",
        "tuned: the chat template shows no system message; its text was left out, since the tokenizer lacks characters "
        "of it.",
    ]
    assert system_roles(comparison) == lines
    assert [model["system"] for model in to_json(comparison)["models"]] == ["moved", "left out"]
    console = Console(file=io.StringIO(), width=200)
    print_comparison(comparison, console)
    write_html(comparison, runs, tmp_path / "page.html")
    assert isinstance(console.file, io.StringIO)
    for text, numbers in [
        (console.file.getvalue(), "xml_format"),
        (to_markdown(comparison), "| reward"),
        ((tmp_path / "page.html").read_text(), "What changed"),
    ]:
        assert text.index(lines[0]) < text.index(lines[1]) < text.index(numbers)


def test_models_of_one_fate_share_a_line_and_others_have_none(compared: Compared) -> None:
    moved = tuple(replace(model, system="moved") for model in compared.comparison.models)
    (line,) = system_roles(replace(compared.comparison, models=moved))
    assert line.startswith("base, tuned: ")
    assert system_roles(compared.comparison) == []


@pytest.mark.parametrize("sign", ["\x1b", "\x07", "\x85", "\u202e", "\u2066", "\u200f", "\u2028"])
def test_what_drives_a_terminal_is_a_sign(sign: str) -> None:
    """A text that turns its direction shows other words than it holds."""
    assert visible(f"a{sign}b\n\tc") == "a�b\n\tc"
