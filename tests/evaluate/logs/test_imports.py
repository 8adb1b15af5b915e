"""What is common to the logs of all tools: recognised by content, bad rows named, grades beside rewards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate import compare
from grpokit.evaluate.logs.imports import Grading
from grpokit.evaluate.logs.log import ScoreColumn
from grpokit.evaluate.logs.recognition import recognised
from grpokit.rewards import RewardMix
from grpokit.tests.evaluate.logs import peer_logs as peers
from grpokit.tests.evaluate.logs.log_runs import refusal, run_of, runs_of, values


@pytest.mark.parametrize(
    ("rows", "format"),
    [
        ([peers.lm_eval_row(0, "1", 1)], "lm-eval"),
        ([peers.rollout(0, "a?", "18", 1.0)], "verifiers"),
        ([{"prompt": "a?", "output": "18"}], "table"),
        ([{"eval": "a", "output": "18"}], "table"),
    ],
)
def test_a_format_is_seen_in_the_rows(rows: list[dict[str, Any]], format: str, tmp_path: Path) -> None:
    assert recognised(peers.write_lines(tmp_path / "any.name", rows)) == format


def test_what_could_be_two_formats_is_asked_for(tmp_path: Path) -> None:
    path = peers.write_lines(tmp_path / "a.jsonl", [{"prompt": "a?", "completion": "18", "reward": 1.0}])
    assert refusal(path).endswith("say which: --format verifiers, or --format table.")
    assert values(run_of(path, format="verifiers")) == {
        "verifiers/reward": {next(iter(run_of(path, format="verifiers").asked())).id: 1.0}
    }
    table = run_of(path, format="table", scores=(ScoreColumn("reward"),))
    assert values(table) == {"reward": {"0": 1.0}}
    assert "--format 'verifier'. Did you mean 'verifiers'?" in refusal(path, format="verifier")


def test_bad_rows_are_named_and_left_out_when_asked(tmp_path: Path) -> None:
    rows = [peers.lm_eval_row(0, "1", 1), {"doc_id": 7, "doc": {}}, peers.lm_eval_row(2, "3", 0)]
    path = peers.write_lines(tmp_path / "samples.jsonl", rows)
    path.write_text(path.read_text() + '{"doc_id": 3, "torn')
    said = refusal(path)
    assert said.startswith(f"{path}, line 2, id 7: no 'filtered_resps' and no 'resps', which lm-eval's samples have. ")
    assert said.endswith("leave such rows out with --skip-bad-rows.")
    (run,) = runs_of(path, Grading(None, skip_bad_rows=True))
    assert list(values(run).values()) == [{"0": 1.0, "2": 0.0}]
    (note,) = compare([run]).models[0].notes
    assert note.startswith(f"{path}: 2 of 4 rows left out (line 2, id 7: no 'filtered_resps'")
    assert "; line 4: not valid JSON" in note


def test_rewards_are_added_beside_the_logs_own_grades(tmp_path: Path) -> None:
    path = peers.write_lines(
        tmp_path / "samples.jsonl", [peers.lm_eval_row(0, "#### 1", 0), peers.lm_eval_row(1, "x", 1)]
    )
    mix = RewardMix.parse("layout(answer_tag=result);correctness=0.5")
    (run,) = runs_of(path, Grading(mix))
    assert list(run.manifest.mix.weights.items()) == [("lm_eval/exact_match[strict-match]", 1.0), ("correctness", 0.5)]
    assert values(run)["correctness"] == {"0": 1.0, "1": 0.0}
    assert [score.total for score in run.scores()] == [0.5, 1.0]
    assert run.manifest.task.primary == "lm_eval/exact_match[strict-match]"
    assert RewardMix.parse(run.manifest.mix.spec).spec == run.manifest.mix.spec
    (own,) = runs_of(path, Grading(mix, primary="correctness"))
    assert list(own.manifest.mix.weights.values()) == [0.0, 0.5]
    assert "--primary 'rouge' is not in the mix" in refusal(path, Grading(mix, primary="rouge"))


def test_a_name_takes_the_place_of_the_models(tmp_path: Path) -> None:
    path = peers.write_json(tmp_path / "log.json", peers.inspect_log([peers.inspect_sample("q", "18", {"match": "C"})]))
    (run,) = runs_of(path, name="tuned")
    assert (run.model, {row.model for row in run.rows()}) == ("tuned", {"tuned"})
    assert run.manifest.engine["checkpoint"] == "openai/m"


def test_one_log_twice_is_flagged_and_unknown_weights_are_not(tmp_path: Path) -> None:
    path = peers.write_lines(tmp_path / "samples.jsonl", [peers.lm_eval_row(0, "1", 1)])
    other = peers.write_lines(tmp_path / "o" / "samples.jsonl", [peers.lm_eval_row(0, "2", 0)])
    (same,), (differs,) = (compare([run_of(path), run_of(two)]).pairs for two in (path, other))
    assert [mismatch.what for mismatch in same.mismatches] == ["completions are the same"]
    assert differs.mismatches == ()
