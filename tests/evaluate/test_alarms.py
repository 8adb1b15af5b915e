"""Alarms of training, read beside the held-out evaluations."""

import json
from pathlib import Path

import pytest
from grpokit.evaluate.explanation import Alarm
from grpokit.evaluate.pairing import compare
from grpokit.evaluate.run import Run
from grpokit.evaluate.types import EvaluationError
from grpokit.tests.evaluate.runs import write_run

ALARM = {"step": 20, "kind": "reward hacking", "text": "the total rose by 0.2.", "rate": 0.025}
FACT = {"step": 40, "kind": "reward failing", "text": "it raised on 3 completions.", "rate": None}


def _runs(folder: Path) -> list[Run]:
    return [write_run(folder / name, {"correctness": [[1.0], [0.0]]}, name) for name in ("base", "step-00020")]


def _write(folder: Path, *alarms: dict[str, object]) -> None:
    (folder / "alarms.jsonl").write_text("".join(json.dumps(alarm) + "\n" for alarm in alarms))


@pytest.mark.parametrize("folder", ["evaluation", "evaluation-greedy"])
def test_alarms_of_the_training_run_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    base, tuned = _runs(tmp_path / folder)
    _write(tmp_path, ALARM, FACT)
    expected = (Alarm(**ALARM), Alarm(**FACT))
    assert compare([base, tuned]).pairs[0].alarms == expected
    monkeypatch.chdir(tmp_path / folder)  # a run named by a path without its parents
    assert compare([base, Run.open(Path("step-00020"))]).pairs[0].alarms == expected


def test_a_training_run_without_alarms_has_none(tmp_path: Path) -> None:
    assert compare(_runs(tmp_path / "evaluation")).pairs[0].alarms == ()


def test_other_runs_beside_such_a_file_have_none(tmp_path: Path) -> None:
    _write(tmp_path, ALARM)
    assert compare(_runs(tmp_path / "runs")).pairs[0].alarms == ()


def test_the_alarms_are_those_of_the_tuned_model(tmp_path: Path) -> None:
    (base, _), (_, tuned) = _runs(tmp_path / "first" / "evaluation"), _runs(tmp_path / "second" / "evaluation")
    _write(tmp_path / "first", ALARM)
    assert compare([base, tuned]).pairs[0].alarms == ()


def test_what_is_no_alarm_is_told_in_one_line(tmp_path: Path) -> None:
    runs = _runs(tmp_path / "evaluation")
    _write(tmp_path, {"step": 20})
    with pytest.raises(EvaluationError, match=r"alarms.jsonl: a line is no alarm .* step, kind, text, rate"):
        compare(runs)
