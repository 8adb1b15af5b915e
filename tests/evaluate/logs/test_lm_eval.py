"""lm-eval's samples: its own figures row by row, one filter, the tasks of a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate import EvaluationError, compare
from grpokit.evaluate.logs.imports import Grading
from grpokit.tests.evaluate.logs import peer_logs as peers
from grpokit.tests.evaluate.logs.log_runs import refusal, run_of, runs_of, values


def test_one_filter_of_lm_eval_is_chosen(tmp_path: Path) -> None:
    rows = [peers.lm_eval_row(doc, f"#### {doc}", doc % 2, kind) for kind in ("strict", "loose") for doc in range(3)]
    path = peers.write_lines(tmp_path / f"samples_sums_{peers.DATE}.jsonl", rows)
    assert refusal(path) == f"{path} holds 2 filters: strict, loose; choose one with --filter NAME."
    assert "has no row of filter 'lose'. Did you mean 'loose'?" in refusal(path, filter="lose")
    run = run_of(path, filter="loose")
    assert values(run) == {"lm_eval/exact_match[loose]": {"0": 0.0, "1": 1.0, "2": 0.0}}
    assert [(row.text, row.tokens) for row in run.rows()] == [(f"#### {doc}", None) for doc in range(3)]
    assert run.manifest.mix.ranges == {"lm_eval/exact_match[loose]": [0.0, 1.0]}
    assert run.manifest.task.name == "sums"


def test_what_lm_eval_says_of_a_run_is_in_the_manifest_and_the_rest_unknown(tmp_path: Path) -> None:
    config = {"model_args": {"pretrained": "org/base", "peft": "org/tuned"}, "model_dtype": "torch.float32"}
    folder = peers.lm_eval_folder(tmp_path / "lm", {"sums": [peers.lm_eval_row(0, "1", 1)]}, config=config)
    manifest = run_of(folder).manifest
    assert (manifest.model, manifest.weights, manifest.sampling) == ("org/base", "unknown", None)
    said = {name: manifest.engine.get(name) for name in ("version", "dtype", "checkpoint", "adapter", "template")}
    assert said == {
        "version": "0.4.13",
        "dtype": "torch.float32",
        "checkpoint": "org/base",
        "adapter": "org/tuned",
        "template": None,
    }
    known = {"model_sha": "abc", "peft_sha": "def", **config}
    folder = peers.lm_eval_folder(tmp_path / "known", {"sums": [peers.lm_eval_row(0, "1", 1)]}, config=known)
    assert run_of(folder).manifest.weights == "abc+def"


def test_lm_evals_choices_keep_both_accuracies_and_the_chosen_option(tmp_path: Path) -> None:
    rows = [peers.lm_eval_choice(0, [-9.5, -3.25, -10.0], 1), peers.lm_eval_choice(1, [-1.0, -3.0, -2.0], 2)]
    run = run_of(peers.write_lines(tmp_path / "samples.jsonl", rows))
    assert values(run) == {"lm_eval/acc": {"0": 1.0, "1": 0.0}, "lm_eval/acc_norm": {"0": 0.0, "1": 0.0}}
    assert [row.text for row in run.rows()] == ["green", "red"]
    assert [prompt.columns["reference"] for prompt in run.asked()] == [1, 2]
    assert next(run.asked()).columns["choices"] == ["red", "green", "blue"]
    assert run.manifest.mix.weights == {"lm_eval/acc": 1.0, "lm_eval/acc_norm": 0.0}  # the total is the primary metric
    (again,) = runs_of(tmp_path / "samples.jsonl", Grading(None, primary="lm_eval/acc_norm"))
    assert again.manifest.mix.weights == {"lm_eval/acc": 0.0, "lm_eval/acc_norm": 1.0}
    assert again.manifest.task.primary == "lm_eval/acc_norm"


def test_a_single_continuation_was_chosen_by_nobody(tmp_path: Path) -> None:
    run = run_of(peers.write_lines(tmp_path / "samples.jsonl", [peers.lm_eval_choice(0, [-9.5], 0)]))
    assert [row.text for row in run.rows()] == [""]


def test_a_folder_of_several_tasks_of_lm_eval(tmp_path: Path) -> None:
    row = peers.lm_eval_row(0, "1", 1)
    tasks = {"mmlu_a": [row], "mmlu_b": [row, peers.lm_eval_row(1, "1", 0)], "sums": [row]}
    folder = peers.lm_eval_folder(tmp_path / "lm", tasks)
    assert "holds 3 tasks: mmlu_a, mmlu_b, sums; choose one with --task NAME." in refusal(folder)
    assert "holds no task 'sum'. Did you mean 'sums'?" in refusal(folder, task="sum")
    assert list(values(run_of(folder, task="sums")).values()) == [{"0": 1.0}]
    both = run_of(folder, task="mmlu_*")  # a group is one task whose questions say which they are of
    assert list(values(both).values()) == [{"mmlu_a:0": 1.0, "mmlu_b:0": 1.0, "mmlu_b:1": 0.0}]
    assert [prompt.columns["task"] for prompt in both.asked()] == ["mmlu_a", "mmlu_b", "mmlu_b"]
    again = peers.write_lines(folder / "samples_sums_2026-02-02T00-00-00.0.jsonl", [row])
    assert (
        f"holds 2 logs of task 'sums'; give one: {folder / f'samples_sums_{peers.DATE}.jsonl'} or {again}."
        in refusal(folder, task="sums")
    )


def test_metrics_of_which_less_is_better_are_left_out_and_named(tmp_path: Path) -> None:
    row = peers.lm_eval_row(0, "1", 1, metrics=["exact_match", "loss"], loss=2.5)
    higher = {"sums": {"exact_match": True, "loss": False}}
    run = run_of(peers.lm_eval_folder(tmp_path / "lm", {"sums": [row]}, higher_is_better=higher))
    assert list(values(run)) == ["lm_eval/exact_match[strict-match]"]
    assert compare([run]).models[0].notes == (f"{tmp_path / 'lm'}: lower is better for loss: left out.",)


def test_less_is_better_in_whichever_task_of_a_group_says_so(tmp_path: Path) -> None:
    """Each task is asked of the results of its own moment, and a metric is left out of all where one says so."""
    plain = peers.lm_eval_row(0, "1", 1, "none")
    scored = {**plain, "metrics": ["exact_match", "loss"], "loss": 2.5}
    higher = {"first": {"exact_match": True, "loss": True}, "second": {"exact_match": True, "gap": False}}
    tasks = {"first": [scored], "second": [{**plain, "metrics": ["exact_match", "gap"], "gap": 0.5}]}
    folder = peers.lm_eval_folder(tmp_path / "lm", tasks, higher_is_better=higher)
    run = run_of(folder, task="*")
    assert list(values(run)) == ["lm_eval/exact_match", "lm_eval/loss"]
    assert compare([run]).models[0].notes == (f"{folder}: lower is better for gap: left out.",)
    later = "2026-02-02T00-00-00.000000"
    peers.write_lines(folder / f"samples_third_{later}.jsonl", [scored])
    peers.write_json(folder / f"results_{later}.json", {"higher_is_better": {"third": {"loss": False}}})
    run = run_of(folder, task="*")
    assert list(values(run)) == ["lm_eval/exact_match"]
    (note,) = compare([run]).models[0].notes
    assert note == f"{folder}: lower is better for gap, loss (in some tasks): left out."


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (None, ["lm_eval/exact_match"]),  # no results: what lm-eval itself knows of it
        ({"sums": {"exact_match": True, "brier_score": None}}, ["lm_eval/exact_match"]),  # results that are silent
        ({"sums": {"brier_score": True}}, ["lm_eval/exact_match", "lm_eval/brier_score"]),  # the task's own word counts
    ],
)
def test_metrics_that_lm_eval_is_known_to_lower_are_left_out(
    said: dict[str, Any] | None, kept: list[str], tmp_path: Path
) -> None:
    row = peers.lm_eval_row(0, "1", 1, "none", metrics=["exact_match", "brier_score"], brier_score=0.25)
    if said is None:
        path = peers.write_lines(tmp_path / "samples.jsonl", [row])
    else:
        path = peers.lm_eval_folder(tmp_path / "lm", {"sums": [row]}, higher_is_better=said)
    run = run_of(path)
    assert list(values(run)) == kept
    notes = () if len(kept) > 1 else (f"{path}: lower is better for brier_score: left out.",)
    assert compare([run]).models[0].notes == notes


def test_a_log_all_of_whose_metrics_are_left_out_says_why_it_has_none(tmp_path: Path) -> None:
    row = peers.lm_eval_row(0, "1", 1, "none", metrics=["brier_score"], brier_score=0.25)
    path = peers.write_lines(tmp_path / "samples.jsonl", [row])
    assert f"has no grades ({path}: lower is better for brier_score: left out); give what" in refusal(path)


def test_facts_in_which_the_tasks_of_a_group_differ_are_kept_by_task(tmp_path: Path) -> None:
    row = peers.lm_eval_row(0, "1", 1)
    shots = {"first": 5, "second": 0}
    run = run_of(
        peers.lm_eval_folder(tmp_path / "lm", {"first": [row], "second": [row]}, **{"n-shot": shots}), task="*"
    )
    assert (run.manifest.engine["shots"], run.manifest.engine["version"]) == (shots, "0.4.13")


@pytest.mark.parametrize(
    ("sha", "weights"),
    [("abc", "abc"), ("def", "unknown")],  # one model's weights, and those of two
)
def test_the_weights_of_a_group_are_those_of_all_its_tasks(sha: str, weights: str, tmp_path: Path) -> None:
    folder = peers.lm_eval_folder(tmp_path, {"first": [peers.lm_eval_row(0, "1", 1)]}, config={"model_sha": "abc"})
    peers.write_lines(folder / "samples_second_2026-02-02T00-00-00.0.jsonl", [peers.lm_eval_row(0, "1", 1)])
    later = folder / "results_2026-02-02T00-00-00.0.json"
    peers.write_json(later, {"model_name": "org/base", "config": {"model_sha": sha}})
    assert run_of(folder, task="*").manifest.weights == weights
    peers.write_json(later, {"model_name": "org/tuned"})
    assert refusal(folder, task="*") == f"{folder} holds tasks of 2 models: org/base, org/tuned; give one's folder."


@pytest.mark.parametrize("missing", [None, float("nan"), "nan"])
def test_the_first_metric_stays_first_where_the_first_row_lacks_its_value(missing: object, tmp_path: Path) -> None:
    rows = [peers.lm_eval_choice(0, [-1.0, -2.0], 0) | {"acc": missing}, peers.lm_eval_choice(1, [-1.0, -2.0], 0)]
    run = run_of(peers.write_lines(tmp_path / "samples.jsonl", rows))
    assert values(run) == {"lm_eval/acc": {"0": None, "1": 1.0}, "lm_eval/acc_norm": {"0": 0.0, "1": 0.0}}
    assert run.manifest.task.primary == "lm_eval/acc"


def test_a_missing_value_takes_no_range_away(tmp_path: Path) -> None:
    rows = [peers.lm_eval_row(doc, "1", 1, "none", metrics=["strict"], strict=(None, True)[doc]) for doc in range(2)]
    run = run_of(peers.write_lines(tmp_path / "samples.jsonl", rows))
    assert run.manifest.mix.ranges == {"lm_eval/strict": [0.0, 1.0]}


def test_the_range_of_a_metric_is_known_or_left_open(tmp_path: Path) -> None:
    """A truth value and a known share lie between 0 and 1; of another number its first values say nothing."""
    row = peers.lm_eval_row(
        0, "1", 1, metrics=["acc", "strict", "bleu", "curve"], acc=1.0, strict=True, bleu=0.5, curve=[1]
    )
    run = run_of(peers.write_lines(tmp_path / "samples.jsonl", [{**row, "filter": "none"}]))
    assert list(values(run)) == ["lm_eval/acc", "lm_eval/strict", "lm_eval/bleu"]  # a list is no value of a question
    assert list(run.manifest.mix.ranges) == ["lm_eval/acc", "lm_eval/strict"]


def test_one_document_under_two_chat_templates_is_one_question(tmp_path: Path) -> None:
    """The rendered prompt differs by right; that it does is flagged, and the documents must be the same."""
    chat = {"gen_args_0": {"arg_0": "[INST]0+1?", "arg_1": {}}}
    base = run_of(peers.write_lines(tmp_path / "base" / "samples.jsonl", [peers.lm_eval_row(0, "1", 1)]))
    tuned = run_of(peers.write_lines(tmp_path / "t" / "samples.jsonl", [peers.lm_eval_row(0, "2", 0, arguments=chat)]))
    (pair,) = compare([base, tuned]).pairs
    assert [mismatch.what for mismatch in pair.mismatches] == ["engine prompts"]
    other = peers.lm_eval_row(0, "2", 0, doc_hash="another")
    other_run = run_of(peers.write_lines(tmp_path / "o" / "samples.jsonl", [other]))
    with pytest.raises(EvaluationError, match="cannot be compared"):
        compare([base, other_run])


def test_messages_for_a_chat_endpoint_are_read_as_such(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "0+1?"}]
    row = peers.lm_eval_row(0, "1", 1, arguments={"gen_args_0": {"arg_0": [json.dumps(messages)], "arg_1": {}}})
    assert next(run_of(peers.write_lines(tmp_path / "samples.jsonl", [row])).asked()).text == messages
