"""What stands before the numbers: obstacles with what to change, missing values, and that there is no verdict."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate.paired.comparison import Comparison
from grpokit.evaluate.paired.doubts import Obstacle
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import Run
from grpokit.reports.html import write_html
from grpokit.reports.json_report import to_json
from grpokit.reports.junit import to_junit
from grpokit.reports.markdown import to_markdown
from grpokit.reports.terminal import print_comparison
from grpokit.reports.verdicts import evidence, headline
from grpokit.reports.wording import obstacles
from grpokit.tests.reports.runs import BASE, TUNED, rescored, write_run
from rich.console import Console

Statuses = Sequence[tuple[str, float | None]]


def pair_of(folder: Path, base: Statuses, tuned: Statuses) -> tuple[list[Run], Comparison]:
    runs = [
        rescored(write_run(folder / model.name, model, questions=20, samples=1), statuses)
        for model, statuses in ((BASE, base), (TUNED, tuned))
    ]
    return runs, compare(runs)


def shown(comparison: Comparison) -> str:
    file = io.StringIO()
    print_comparison(comparison, Console(file=file, width=80))
    return " ".join(file.getvalue().split())


def page(runs: list[Run], comparison: Comparison, folder: Path) -> str:
    write_html(comparison, runs, folder / "page.html")
    return re.sub(r"<script>.*?</script>", "", (folder / "page.html").read_text(encoding="utf-8"), flags=re.DOTALL)


REPAIRS = [
    (Obstacle("cut", ("base",), (0.8,)), ["cut at the token limit (base 80.0 %)", "--max-new-tokens"]),
    (Obstacle("unanswered", ("base",), (0.8,)), ["no answer to correctness", "format", "extraction=lenient"]),
    (Obstacle("floor", ("base",), (0.0,)), ["at its lowest (base 0.000)", "--max-new-tokens", "extraction=lenient"]),
    (Obstacle("ceiling", ("base",), (1.0,)), ["at its highest (base 1.000)", "harder"]),
]


@pytest.mark.parametrize(("obstacle", "words"), REPAIRS)
def test_every_obstacle_is_said_with_what_to_change(obstacle: Obstacle, words: list[str]) -> None:
    line = obstacles([obstacle], "correctness")
    assert all(word in line for word in words)
    assert "\n" not in line


def test_a_floor_that_another_obstacle_explains_repeats_no_repair() -> None:
    line = obstacles([Obstacle("cut", ("base",), (0.8,)), Obstacle("floor", ("base",), (0.0,))], "correctness")
    assert line.count("--max-new-tokens") == 1
    assert line.endswith("which more questions do not change.")


def test_an_obstacle_is_the_first_line_of_every_report(tmp_path: Path) -> None:
    """Nothing was seen in any answer: asking more questions is not the advice."""
    runs, comparison = pair_of(tmp_path, [("no answer", 0.0)], [("no answer", 0.0)])
    pair = replace(comparison.pairs[0], obstacles=(*comparison.pairs[0].obstacles, Obstacle("floor", (), ())))
    assert headline(pair) == "correctness cannot tell tuned from base."
    assert "more questions" not in evidence(pair)
    said = "In most completions no answer to correctness was seen (base 100.0 %, tuned 100.0 %)"
    assert shown(comparison).startswith(f"! {said}")
    text = to_markdown(comparison)
    assert text.split("\n\n")[2].startswith("> **Before the numbers:** In most completions")
    html = page(runs, comparison, tmp_path)
    assert html.index(said) < html.index('class="badge"')


def test_without_obstacles_the_advice_is_more_questions(tmp_path: Path) -> None:
    _, comparison = pair_of(tmp_path, [("wrong", 0.0), ("correct", 1.0)], [("correct", 1.0), ("wrong", 0.0)])
    assert re.search(r"Next: Ask about [\d,]+ questions like these, not 20: so many tell", shown(comparison))
    assert not shown(comparison).startswith("!")
    assert "have no value" not in shown(comparison)


MISSING = [("unreadable reference", None), ("no completion", None), ("wrong", 0.0)]


def test_kramabench_38_most_values_missing_is_no_verdict(tmp_path: Path) -> None:
    """Every row was "unreadable" and the command fine."""
    runs, comparison = pair_of(tmp_path, MISSING, [("correct", 1.0)])
    file = runs[0].path / "scores.jsonl"
    counted = "14 of 20 completions of base have no value of correctness: 7 unreadable reference, 7 no completion"
    places = "line 1, id sum-0000: unreadable reference; line 2, id sum-0001: no completion; line 4, id sum-0003: un"
    text = shown(comparison)
    assert text.startswith(f"! {counted}")
    assert "".join(f"({file}, {places}".split()) in "".join(text.split())
    assert "NO VERDICT: Most values of correctness are missing, so tuned and base are not compared." in text
    assert to_json(comparison)["pairs"][0]["verdict"] is None
    assert to_json(comparison)["pairs"][0]["rewards"]["correctness"]["verdict"] is None
    assert '<failure message="NO VERDICT: changed by' in to_junit(comparison)
    assert "**NO VERDICT: Most values" in to_markdown(comparison)
    html = page(runs, comparison, tmp_path)
    assert html.index(counted) < html.index("No verdict")


def test_from_a_twentieth_on_missing_values_are_said_before_the_numbers(tmp_path: Path) -> None:
    few: Statuses = [("wrong", 0.0), ("correct", 1.0)] * 9 + [("correct", 1.0)]
    _, comparison = pair_of(tmp_path / "a", [*few, ("no completion", None)], [("correct", 1.0)])
    assert shown(comparison).startswith("! 1 of 20 completions of base have no value of correctness: 1 no completion")
    model = comparison.models[0]
    fewer = replace(comparison, models=(replace(model, missing=model.missing._replace(of=21)), comparison.models[1]))
    text = shown(fewer)
    assert not text.startswith("!")  # it is said of the model, where its statuses are
    assert text.index("IMPROVED") < text.index("1 of 21 completions of base have no value of correctness")
    assert "21 completions" not in to_markdown(fewer)


def test_a_model_alone_is_doubted_too(tmp_path: Path) -> None:
    run = rescored(write_run(tmp_path / "one", BASE, questions=20, samples=1), MISSING)
    comparison = compare([run])
    assert shown(comparison).startswith("! 14 of 20 completions of base have no value")
    assert "> **Before the numbers:** 14 of 20" in to_markdown(comparison)
    assert "14 of 20 completions" in page([run], comparison, tmp_path)
