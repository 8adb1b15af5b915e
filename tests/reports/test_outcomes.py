"""What became of completions: outcomes that add up, whatever the metric."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from grpokit.evaluate.paired.pairing import compare
from grpokit.reports.html import to_html
from grpokit.reports.outcomes import outcome, primary_stacks, status_stacks
from grpokit.reports.samples import Answer
from grpokit.rewards.reward import Judgement
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.runs import BASE, rescored, write_run

OUTCOMES = [
    # status, value, how the completion ended -> what became of it
    ("correct", 1.0, "eos", "correct"),
    ("correct", 1.0, "length", "correct"),  # the limit cost nothing
    ("wrong", 0.0, "eos", "wrong"),
    ("wrong", 0.0, "length", "cut"),
    ("unclosed", 0.0, "length", "cut"),
    ("unclosed", 0.0, "eos", "no answer"),
    ("no answer", 0.2, "eos", "no answer"),
    ("scored", 0.4, "eos", "scored"),
    ("scored", 0.4, "length", "scored"),
    ("verifier error", None, "length", "no value"),
]


@pytest.mark.parametrize(("status", "value", "ended", "wanted"), OUTCOMES)
def test_what_became_of_a_completion(status: str, value: float | None, ended: str, wanted: str) -> None:
    answer = Answer("", ended, 5, 0.7, {"correctness": Judgement(value, status, "")})  # type: ignore[arg-type]  # a reason
    assert outcome(answer, "correctness") == wanted


def test_the_total_has_outcomes_too() -> None:
    answer = Answer("", "eos", 5, 1.5, {"correctness": Judgement(1.0, "correct", "")})
    assert outcome(answer, "total") == "scored"
    assert outcome(answer._replace(total=None), "total") == "no value"


def test_parts_are_in_one_order_and_add_up() -> None:
    (base, tuned) = primary_stacks({"base": {"cut": 1, "wrong": 1, "correct": 2}, "tuned": {"no answer": 3}})
    assert [(part.label, part.completions, part.width, part.colour) for part in base.slices] == [
        ("correct", 2, 50.0, "correct"),
        ("wrong", 1, 25.0, "wrong"),
        ("cut", 1, 25.0, "cut"),
    ]
    assert [(part.label, part.width, part.colour) for part in tuned.slices] == [("no answer", 100.0, "no-answer")]


def test_of_graded_scores_none_is_right_or_wrong_in_either_model() -> None:
    bars = primary_stacks({"base": {"scored": 1, "correct": 2, "wrong": 1, "cut": 4}, "tuned": {"correct": 5}})
    assert [[(part.label, part.completions) for part in bar.slices] for bar in bars] == [
        [("scored", 4), ("cut", 4)],
        [("scored", 5)],
    ]


def test_statuses_have_one_shade_in_both_models(compared: Compared) -> None:
    shades: dict[str, str] = {}
    for bar in status_stacks(compared.comparison.models, "xml_format"):
        for part in bar.slices:
            assert shades.setdefault(part.label, part.colour) == part.colour
    assert len(set(shades.values())) == len(shades) == 2
    assert next(iter(shades)) == "ok"  # the most frequent one comes first


def test_the_bars_of_the_page_count_every_completion(compared: Compared) -> None:
    page = to_html(compared.comparison, compared.runs)
    rows = re.search(r'data-name="completions" data-rows="([^"]+)"', page)
    assert rows is not None
    heads, *table = json.loads(html.unescape(rows[1]))
    assert heads == ["metric", "model", "outcome", "completions"]
    for metric in ("correctness", "xml_format", "length(target=200)"):
        for model in ("base", "tuned"):
            assert sum(row[3] for row in table if row[:2] == [metric, model]) == 240
    cut = sum(row.finish_reason == "length" for row in compared.runs[0].rows())
    assert ["correctness", "base", "cut", cut] in table


def test_one_run_has_bars_too(tmp_path: Path) -> None:
    statuses = [("correct", 1.0), ("wrong", 0.0)]
    run = rescored(write_run(tmp_path / "base", BASE._replace(cut=0.0), questions=10, samples=1), statuses)
    page = re.sub(r"<[^>]+>", "", to_html(compare([run]), [run]))
    assert "correct 5 (50.0 %)" in page
    assert "wrong 5 (50.0 %)" in page
