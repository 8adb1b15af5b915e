"""What every report says to do next, by the verdict and by what stands in its way."""

from __future__ import annotations

import html
import io
import re
from dataclasses import replace

import pytest
from grpokit.evaluate.paired.change import Difference, HackingCheck, QuestionChange, VarianceParts, Verdict
from grpokit.evaluate.paired.choice import Choice, Part
from grpokit.evaluate.paired.comparison import Pair
from grpokit.evaluate.paired.doubts import Mismatch, Obstacle
from grpokit.reports.advice import next_steps
from grpokit.reports.html import to_html
from grpokit.reports.json_report import to_json
from grpokit.reports.markdown import to_markdown
from grpokit.reports.terminal import print_comparison
from grpokit.tests.reports.conftest import Compared
from rich.console import Console


def changed(pair: Pair, **values: object) -> Pair:
    """Return the pair with other values in the change of its primary metric."""
    gain: Difference = replace(pair.gain, **values)  # type: ignore[arg-type]  # its fields by name
    return replace(pair, rewards={**pair.rewards, pair.primary: gain})


def said(compared: Compared, pair: Pair, cut: float = 0.0) -> list[str]:
    base, tuned = compared.comparison.models
    return [step.text for step in next_steps(pair, replace(base, cut=cut), replace(tuned, cut=None))]


@pytest.fixture
def pair(compared: Compared) -> Pair:
    return replace(compared.comparison.pairs[0], hacking=None)


def test_an_improvement_is_taken_after_its_worst_losses_are_read(compared: Compared, pair: Pair) -> None:
    losses = ("a", "b", "c")
    changes = (*(QuestionChange(name, 1.0, 0.5) for name in (*losses, "d")), QuestionChange("e", 0.0, 1.0))
    pair = replace(pair, changes=changes)
    (step,) = next_steps(pair, *(replace(model, cut=0.0) for model in compared.comparison.models))
    assert step.ids == losses
    assert step.text == "Read what was lost most (a, b and c); if you can live with it, take tuned."
    assert said(compared, replace(pair, changes=changes[-1:])) == ["Take tuned: no question got worse."]


def test_what_fell_beside_the_metric_is_part_of_the_advice(compared: Compared, pair: Pair) -> None:
    one = pair.gain
    fell = replace(one, verdict=Verdict.REGRESSED, p_holm=0.001)
    risen = replace(one, verdict=Verdict.IMPROVED)
    beside = replace(pair, rewards={pair.primary: risen, "other": fell}, changes=())
    assert said(compared, beside) == ["Take tuned if you can live with less other."]
    lost = replace(beside, changes=(QuestionChange("a", 1.0, 0.5),))
    assert said(compared, lost) == [
        "Read what was lost most (a); if you can live with it, and with less other, take tuned."
    ]
    held = replace(one, verdict=Verdict.HELD)
    traded = replace(pair, rewards={pair.primary: held, "gained": risen, "other": fell})
    assert said(compared, traded) == [f"Take tuned for its gained: {pair.primary} was not lost, but other was."]


def test_an_improvement_still_has_to_pass_what_it_was_not_made_for(compared: Compared, pair: Pair) -> None:
    choice = Choice(40, 3, Part(60, "here"), Part(60, "here"), False, 0.01)
    assert said(compared, replace(pair, choices=(choice,)))[1:] == [
        "Judge it by questions that did not choose it (evaluation.holdout in the recipe)."
    ]
    assert len(said(compared, replace(pair, choices=(replace(choice, apart=True),)))) == 1
    studied = replace(pair, trained_for=("correctness",), outside=())
    assert said(compared, studied)[1].startswith("Measure it by something that it was not trained for")


def test_a_regression_keeps_the_base(compared: Compared, pair: Pair) -> None:
    (text,) = said(compared, changed(pair, verdict=Verdict.REGRESSED))
    assert text == f"Keep base. Read what was lost most: {pair.changes[0].prompt_id}."


def test_held_keeps_the_base_unless_another_reward_rose(compared: Compared, pair: Pair) -> None:
    held = changed(pair, verdict=Verdict.HELD)
    flat = {name: replace(change, verdict=Verdict.HELD) for name, change in held.rewards.items()}
    (text,) = said(compared, replace(held, rewards=flat))
    assert text == "Keep base, unless something that was not measured speaks for tuned."
    still = {name: replace(change, fixed=0, broken=0) for name, change in flat.items()}
    unmoved = replace(held, rewards=still, total=replace(held.total, fixed=0, broken=0))
    (text,) = said(compared, unmoved)
    assert text.startswith("Not one question moved: train longer")
    (text,) = said(compared, replace(unmoved, total=replace(held.total, fixed=1, broken=0)))
    assert text.startswith("Keep base")
    risen = {**flat, "xml_format": replace(flat["xml_format"], verdict=Verdict.IMPROVED)}
    (text,) = said(compared, replace(held, rewards=risen))
    assert text == "Take tuned for its xml_format: correctness was not lost."


TOLD = "so many tell even a change of the margin"


MORE = [
    # what is known of an underpowered change -> what would decide it
    (
        {"needed": 900, "held_above": 188},
        [f"Ask about 900 questions like these, not 60: {TOLD}."],
    ),
    (
        {"needed": 20, "held_above": 188},
        [f"Ask about 189 questions like these, not 60: {TOLD}."],
    ),  # rare losses need more
    ({"needed": None}, ["Ask more questions, or say which loss would not matter (--margin)."]),
    ({"test": "t over seeds"}, ["Train more seeds (grpo-train --seeds), or ask more questions."]),
    (
        {"needed": 900, "variance": VarianceParts(0.1, 0.3, None, "More samples: 8 instead of 4.")},
        [
            f"Ask about 900 questions like these, not 60: {TOLD}.",
            "More samples: 8 instead of 4.",
        ],
    ),
]


@pytest.mark.parametrize(("values", "steps"), MORE)
def test_too_little_data_says_how_much_more(
    compared: Compared, pair: Pair, values: dict[str, object], steps: list[str]
) -> None:
    known = {"verdict": Verdict.UNDERPOWERED, "variance": None, "held_above": None, **values}
    assert said(compared, changed(pair, **known)) == steps


OBSTACLES = [
    ("cut", "Ask both again with a larger --max-new-tokens."),
    ("unanswered", "Show the answer's format in the prompt"),
    ("constant", "Read some answers"),
    ("floor", "Ask easier questions"),
    ("ceiling", "Ask harder questions."),
]


@pytest.mark.parametrize(("kind", "words"), OBSTACLES)
def test_an_obstacle_is_mended_first(compared: Compared, pair: Pair, kind: str, words: str) -> None:
    hindered = replace(pair, obstacles=(Obstacle(kind, ("base",), (0.9,)),))  # type: ignore[arg-type]  # one of them
    first, _ = said(compared, hindered, cut=0.9 if kind == "cut" else 0.0)  # what was reached keeps its own step
    assert first.startswith(words)
    (only,) = said(compared, changed(hindered, verdict=Verdict.UNDERPOWERED), cut=0.0)
    assert only.startswith(words)  # more questions would not help


def test_what_makes_the_numbers_mean_little_comes_before_all_else(compared: Compared, pair: Pair) -> None:
    differing = (Mismatch("the task", "a", "b", True), Mismatch("dtype", "a", "b", False))
    assert said(compared, replace(pair, mismatches=differing)) == [
        "Make the task the same in both runs, and compare again."
    ]
    assert said(compared, changed(pair, verdict=None)) == [
        "Mend what leaves correctness without a value, and score again (grpo-eval score)."
    ]


def test_a_suspected_hack_keeps_the_base_and_names_what_to_read(compared: Compared, pair: Pair) -> None:
    check = HackingCheck(True, pair.contributions["xml_format"], "xml_format rose")
    suspected = replace(pair, hacking=check, suspects=("a", "b", "c", "d"))
    (step,) = next_steps(suspected, *(replace(model, cut=0.0) for model in compared.comparison.models))
    assert step.ids == ("a", "b", "c")
    assert step.text == (
        "Keep base until you know what is rewarded. Read a, b and c, whose total rose while correctness fell."
    )
    assert said(compared, replace(suspected, suspects=()))[0].endswith("Read its answers.")


def test_many_cut_answers_ask_for_a_larger_limit(compared: Compared, pair: Pair) -> None:
    assert said(compared, pair, cut=0.05)[1] == "Raise --max-new-tokens: up to 5.0 % of a model's completions were cut."
    assert len(said(compared, pair, cut=0.049)) == 1


def test_every_report_says_the_same(compared: Compared) -> None:
    comparison = compared.comparison
    steps = [step.text for step in next_steps(comparison.pairs[0], *comparison.models)]
    assert to_json(comparison)["pairs"][0]["next"] == steps
    console = Console(file=io.StringIO(), width=200)
    print_comparison(comparison, console)
    assert isinstance(console.file, io.StringIO)
    page = html.unescape(re.sub(r"<[^>]+>", "", to_html(comparison, compared.runs)))
    for step in steps:
        assert f"Next: {step}" in console.file.getvalue()
        assert f"**Next:** {step}" in to_markdown(comparison).replace("\\", "")
        assert f"Next {step}" in page


def test_nothing_is_said_of_hacking_where_no_other_reward_rose(compared: Compared) -> None:
    """A reward that did not move is no sign of anything."""
    (pair,) = compared.comparison.pairs
    assert pair.hacking is not None
    flat = replace(pair.hacking, suspected=False, proxy=replace(pair.hacking.proxy, low=-0.01))
    risen = replace(flat, proxy=replace(flat.proxy, low=0.01))
    for check, shown in ((flat, False), (risen, True)):
        page = to_html(replace(compared.comparison, pairs=(replace(pair, hacking=check),)), compared.runs)
        assert ("No sign of reward hacking" in page) == shown
