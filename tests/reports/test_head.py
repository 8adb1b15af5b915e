"""What is above the fold of the page: the facts, the units of the figures, the small picture of the interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from grpokit.evaluate.paired.arms import runs_of
from grpokit.evaluate.paired.change import Difference
from grpokit.evaluate.paired.doubts import Obstacle
from grpokit.evaluate.runs.run import Run
from grpokit.reports.advice import lost_answers
from grpokit.reports.head import EDGE, decoding, facts, interval_places, samples_each
from grpokit.reports.units import NUMBERS, PERCENT, unit_of, units
from grpokit.reports.verdicts import evidence
from grpokit.tests.reports.conftest import Compared

DRAWN = [
    # the sampling of a manifest, in words
    (None, "not recorded"),
    ({"likelihood": True, "temperature": 0.0}, "the likeliest of the choices"),
    ({"temperature": 0.0, "max_new_tokens": 2048}, "greedy, at most 2,048 tokens"),
    ({"temperature": 1.0, "top_p": 1.0, "top_k": 0, "max_new_tokens": 32}, "temperature 1, at most 32 tokens"),
    ({"temperature": 0.7, "top_p": 0.9, "top_k": 20}, "temperature 0.7, top-p 0.9, top-k 20"),
]


@pytest.mark.parametrize(("sampling", "words"), DRAWN)
def test_decoding_in_words(sampling: Mapping[str, Any] | None, words: str) -> None:
    assert decoding(sampling) == words


def test_the_facts_are_models_data_questions_decoding_and_day(compared: Compared) -> None:
    assert [tuple(fact) for fact in facts(compared.comparison, runs_of(compared.runs))] == [
        ("Models", "base → tuned"),
        ("Data", "sums, made by hand"),
        ("Asked", "60 of 60 questions, 4 samples each"),
        ("Decoding", "temperature 1, at most 256 tokens"),
        ("Made", "1 January 2026"),
    ]


def test_what_differs_between_the_runs_is_said_of_each(compared: Compared) -> None:
    first, second = compared.runs
    later = replace(second.manifest, created="2026-02-03T23:59:00+00:00", sampling={"temperature": 0.0})
    runs = [replace(first, manifest=replace(first.manifest, task=replace(first.manifest.task, prompts=90)))]
    said = dict(facts(compared.comparison, [*runs, Run(second.path, later)]))
    assert said["Asked"] == "60 of 90 questions, 4 samples each"
    assert said["Decoding"] == "temperature 1, at most 256 tokens or greedy"
    assert said["Made"] == "1 January 2026 to 3 February 2026"


def test_questions_of_fewer_samples_than_others_are_not_said_to_have_as_many(compared: Compared) -> None:
    base, tuned = compared.comparison.models
    uneven = replace(base, total=replace(base.total, counts={"scored": 60 * 4 - 1}))
    said = dict(facts(replace(compared.comparison, models=(uneven, tuned)), runs_of(compared.runs)))
    assert said["Asked"] == "60 of 60 questions, up to 4 samples each"
    assert (samples_each(base), samples_each(uneven)) == ("4 samples each", "up to 4 samples each")


def test_a_day_that_is_not_written_is_left_out_and_many_models_are_counted(compared: Compared) -> None:
    undated = [replace(run, manifest=replace(run.manifest, created="")) for run in compared.runs]
    base, tuned = compared.comparison.models
    models = (replace(base, samples=1), *(replace(tuned, name=f"step {at}") for at in range(5)))
    said = dict(facts(replace(compared.comparison, models=models), undated))
    assert said["Models"] == "base → step 0 … step 4 (5 models)"
    assert said["Asked"] == "60 of 60 questions"
    assert "Made" not in said


def test_shares_of_right_answers_are_percent_and_all_else_numbers(compared: Compared) -> None:
    (pair,) = compared.comparison.pairs
    wanted = {"correctness": PERCENT, "xml_format": PERCENT, "length(target=200)": NUMBERS, "total": NUMBERS}
    assert units(pair) == wanted
    assert unit_of("total", replace(pair.total, graded=False)) == NUMBERS  # a sum, even where it is 0 or 1
    gain = pair.gain
    assert gain.delta is not None
    assert f"changed by {100 * gain.delta:+.1f} points (" in evidence(pair, PERCENT)
    assert f"changed by {gain.delta:+.3f} (" in evidence(pair)


def test_the_evidence_counts_the_questions_without_a_value(compared: Compared) -> None:
    (pair,) = compared.comparison.pairs
    dropped = replace(pair, rewards={**pair.rewards, pair.primary: replace(pair.gain, dropped=1200)})
    assert "on 60 of 1,260 questions." in evidence(dropped)


def _change(compared: Compared, **ends: float | None) -> Difference:
    return replace(compared.comparison.pairs[0].gain, **ends)  # type: ignore[arg-type]  # its numbers by name


def test_the_interval_is_drawn_between_zero_the_margin_and_its_ends(compared: Compared) -> None:
    bar = interval_places(_change(compared, delta=0.5, low=0.25, high=0.75, margin=0.25))
    assert bar is not None  # from -0.25 to 0.75: a fourth of the inner width is 23 percent
    assert bar.zero == EDGE + 23
    assert bar.point == EDGE + 69
    assert bar.margin == (EDGE, 46)
    assert bar.interval == (EDGE + 46, 46)
    loss = interval_places(_change(compared, delta=-0.5, low=-0.75, high=-0.25, margin=0.0))
    assert loss is not None
    assert loss.zero == 100 - EDGE
    assert loss.interval[0] == EDGE


@pytest.mark.parametrize("missing", ["delta", "low", "high"])
def test_no_interval_is_no_picture(compared: Compared, missing: str) -> None:
    assert interval_places(_change(compared, **{missing: None})) is None


LOST = [
    # shares that were cut and not found, of the base and of the tuned model -> what is said, by the filter
    ((0.05, 0.0), (0.0, 0.0), {"cut": "5.0 % of base's and 0.0 % of tuned's completions were cut"}),
    ((0.0, 0.0), (0.049, 0.06), {"unanswered": "found in 4.9 % of base's and 6.0 % of tuned's completions"}),
    ((0.049, 0.0), (0.049, 0.0), {}),
    ((None, 0.2), (None, None), {"cut": "20.0 % of tuned's completions were cut"}),
    ((0.1, 0.2), (0.1, 0.2), {"cut": "10.0 % of base's and 20.0 % of tuned's completions were cut"}),  # the same ones
]


@pytest.mark.parametrize(("cut", "unanswered", "said"), LOST)
def test_lost_answers_are_said_from_a_twentieth_on(
    compared: Compared,
    cut: tuple[float | None, float | None],
    unanswered: tuple[float | None, float | None],
    said: Mapping[str, str],
) -> None:
    models = [
        replace(model, cut=a, unanswered=b)
        for model, a, b in zip(compared.comparison.models, cut, unanswered, strict=True)
    ]
    found = {lost.filter: lost.text for lost in lost_answers(models, ())}
    assert found.keys() == said.keys()
    assert all(words in found[kind] for kind, words in said.items())


def test_what_an_obstacle_says_is_not_said_twice(compared: Compared) -> None:
    models = [replace(model, cut=0.9, unanswered=0.95) for model in compared.comparison.models]
    assert [lost.filter for lost in lost_answers(models, [Obstacle("cut", ("base",), (0.9,))])] == ["unanswered"]
    assert [lost.filter for lost in lost_answers(models, [Obstacle("unanswered", ("base",), (0.9,))])] == ["cut"]
