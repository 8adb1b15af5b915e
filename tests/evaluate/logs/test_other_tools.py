"""The rollouts, details and results of lighteval, verifiers and promptfoo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from grpokit.evaluate import compare
from grpokit.evaluate.logs.imports import Grading
from grpokit.rewards import RewardMix
from grpokit.tests.evaluate.logs import peer_logs as peers
from grpokit.tests.evaluate.logs.log_runs import refusal, run_of, runs_of, values


def test_lightevals_details(tmp_path: Path) -> None:
    path = tmp_path / "details" / "org" / "base" / "2026-01-01" / "details_sums.parquet"
    rows = [peers.lighteval_row(0, "1", 1), peers.lighteval_row(1, "x", 0)]
    run = run_of(peers.write_parquet(path, rows))
    assert values(run) == {"lighteval/em": {"0": 1.0, "1": 0.0}}
    assert (run.model, run.manifest.task.name) == ("org/base", "sums|0")
    assert [(row.text, row.tokens) for row in run.rows()] == [("1", 3), ("x", 3)]
    assert [(prompt.text, prompt.columns["reference"]) for prompt in run.asked()] == [("0+1?", "1"), ("1+1?", "2")]
    assert "choices" not in next(run.asked()).columns  # the only one is the right answer
    assert [prompt.columns["level"] for prompt in run.asked()] == [0, 1]


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_the_first_metric_of_lighteval_stays_first_without_a_value(missing: float | None, tmp_path: Path) -> None:
    metrics = [{"em": missing, "length": 3.0, "said": "x"}, {"em": 1.0, "length": 4.0, "said": "y"}]
    rows = [peers.lighteval_row(place, "1", 1, metric=metric) for place, metric in enumerate(metrics)]
    run = run_of(peers.write_parquet(tmp_path / "details_x.parquet", rows))
    assert values(run) == {"lighteval/em": {"0": None, "1": 1.0}, "lighteval/length": {"0": 3.0, "1": 4.0}}
    assert run.manifest.task.primary == "lighteval/em"


def test_lightevals_choices(tmp_path: Path) -> None:
    row = peers.lighteval_row(0, "", 0)
    row["doc"] |= {"choices": [" red", " green"], "gold_index": 1}
    row["model_response"] = {"text": [], "output_tokens": [], "logprobs": [-3.0, -1.5]}
    run = run_of(peers.write_parquet(tmp_path / "details_x.parquet", [row]))
    assert [(one.text, one.tokens) for one in run.rows()] == [("green", None)]
    columns = next(run.asked()).columns
    assert (columns["reference"], columns["choices"]) == (" green", [" red", " green"])


def test_details_of_earlier_versions_are_refused_with_a_way_on(tmp_path: Path) -> None:
    row = {"example": "1+1?", "predictions": "['2']", "metrics": "{'em': 1}", "truncated": False}
    assert "details of another version of lighteval" in refusal(
        peers.write_parquet(tmp_path / "details.parquet", [row])
    )


def test_verifiers_rollouts_are_told_by_their_prompt(tmp_path: Path) -> None:
    """``id`` 0 is another question in another run, and its rollouts are samples of one."""
    cut = peers.rollout(0, "a?", "17", 0.25, is_truncated=True)
    rows = [peers.rollout(0, "a?", "18", 1.0), cut, peers.rollout(1, "b?", "18", 1.0)]
    path = peers.write_lines(tmp_path / "m_1.jsonl", rows)
    peers.write_json(tmp_path / "m_1.metadata.json", {"env": "sums", "model": "org/m", "sampling_args": {"n": 1}})
    run = run_of(path)
    assert (run.model, run.manifest.task.name, run.manifest.engine["generation"]) == ("org/m", "sums", {"n": 1})
    assert [(score.sample, score.rewards["verifiers/reward"].value) for score in run.scores()] == [
        (0, 1.0),
        (1, 0.25),
        (0, 1.0),
    ]
    assert [row.finish_reason for row in run.rows()] == [None, "length", None]
    assert list(run.manifest.mix.weights.items()) == [("verifiers/reward", 1.0), ("verifiers/right_func", 0.0)]
    other = run_of(peers.write_lines(tmp_path / "n" / "results.jsonl", [peers.rollout(0, "b?", "18", 1.0)]))
    assert {prompt.id for prompt in other.asked()} < {prompt.id for prompt in run.asked()}
    assert next(run.asked()).columns["level"] == 3


def test_the_reward_of_verifiers_stays_first_where_the_first_rollout_has_none(tmp_path: Path) -> None:
    rows = [peers.rollout(0, "a?", "18", None, right_func=1.0), peers.rollout(1, "b?", "18", 1.0, note=None)]
    run = run_of(peers.write_lines(tmp_path / "results.jsonl", rows))
    assert list(run.manifest.mix.weights.items()) == [("verifiers/reward", 1.0), ("verifiers/right_func", 0.0)]
    assert list(values(run)["verifiers/reward"].values()) == [None, 1.0]


def test_a_function_of_verifiers_that_came_to_no_number_keeps_its_place(tmp_path: Path) -> None:
    rows = [peers.rollout(0, "a?", "18", 1.0, right_func=float("nan"), last=1.0), peers.rollout(1, "b?", "18", 1.0)]
    run = run_of(peers.write_lines(tmp_path / "results.jsonl", rows))
    assert list(values(run)) == ["verifiers/reward", "verifiers/right_func", "verifiers/last"]
    assert list(values(run)["verifiers/right_func"].values()) == [None, 1.0]


def test_tool_calls_and_failed_rollouts_of_verifiers(tmp_path: Path) -> None:
    call = {"function": {"name": "python", "arguments": "{}"}}
    spoken = [
        {"role": "assistant", "content": "", "tool_calls": [json.dumps(call)]},
        {"role": "tool", "content": "18", "tool_calls": None},
        {"role": "assistant", "content": "\\boxed{18}"},
    ]
    rows = [peers.rollout(0, "a?", spoken, 1.0), peers.rollout(1, "b?", "x", None, error="timeout")]
    mix = RewardMix.parse("correctness=0.5")
    (run,) = runs_of(peers.write_lines(tmp_path / "results.jsonl", rows), Grading(mix))
    first, second = run.rows()
    assert isinstance(first.text, list)
    assert first.text[0]["tool_calls"] == [call]
    assert second.finish_reason == "missing"
    assert [score.rewards["correctness"].value for score in run.scores()] == [1.0, None]


def test_promptfoos_providers_are_models_and_its_errors_no_failures(tmp_path: Path) -> None:
    results = [
        peers.promptfoo_result(0, "1", True),
        peers.promptfoo_result(0, "x", False, "n", namedScores={"tone": 7}),
        peers.promptfoo_result(1, "half an ans", False, error="rate limit", failureReason=2),
        peers.promptfoo_result(1, "2", True, "n"),
    ]
    first, second = runs_of(peers.write_json(tmp_path / "out.json", peers.promptfoo_log(results)))
    assert (first.model, second.model) == ("m", "n")
    assert values(first)["promptfoo/success"] == {"0": 1.0, "1": None}
    assert "(result 3, id 1: rate limit)" in compare([first]).models[0].notes[0]
    assert values(second)["promptfoo/success"] == {"0": 0.0, "1": 1.0}
    assert values(second)["promptfoo/tone"] == {"0": 7.0, "1": None}
    assert next(first.asked()).columns["gold"] == "1"
    assert compare([first, second]).pairs[0].gain.n == 1
    path = tmp_path / "out.json"
    assert "holds 2 models (m, n): leave out base=" in refusal(path, name="base")


def test_promptfoos_prompts_are_models_too(tmp_path: Path) -> None:
    """Two prompts to one provider are what it compares: the test is the question, whatever the prompt made of it."""
    other = {"prompt": {"raw": "Add 1 to 0."}, "promptIdx": 1}
    results = [peers.promptfoo_result(0, "1", True), peers.promptfoo_result(0, "x", False, **other)]
    runs = runs_of(peers.write_json(tmp_path / "out.json", peers.promptfoo_log(results, ("a", "b"))))
    assert [run.model for run in runs] == ["m, prompt 1", "m, prompt 2"]
    assert compare(runs).pairs[0].gain.delta == -1.0


def test_promptfoos_providers_of_one_name_are_not_one_model(tmp_path: Path) -> None:
    """They are two columns of its table: as samples of one model the base would be the average of both."""
    results = [peers.promptfoo_result(0, "1", True), peers.promptfoo_result(0, "x", False, promptIdx=1)]
    path = peers.write_json(tmp_path / "out.json", peers.promptfoo_log(results))
    said = refusal(path)
    assert said == (
        f"{path}: several providers or prompts go by the name 'm'; give each a label of its own in promptfoo's "
        "configuration and evaluate again."
    )
    assert refusal(path, Grading(None, skip_bad_rows=True)) == said
    results[1]["provider"] = {"id": "m", "label": "warm"}
    path = peers.write_json(tmp_path / "out.json", peers.promptfoo_log(results))
    assert [run.model for run in runs_of(path)] == ["m", "warm"]
    repeated = [peers.promptfoo_result(0, said, True) for said in "12"]  # --repeat 2
    assert compare([*runs_of(peers.write_json(path, peers.promptfoo_log(repeated)))]).models[0].samples == 2


def test_a_version_of_promptfoo_that_is_not_known(tmp_path: Path) -> None:
    path = peers.write_json(tmp_path / "out.json", peers.promptfoo_log([], version=2))
    assert "is of version 2 of promptfoo's results; this reads version 3" in refusal(path)
