"""Alarms of training, read beside the held-out evaluations."""

import json
from pathlib import Path

import pytest
from grpokit.evaluate.paired.alarms import Alarm, read_alarms
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import Run
from grpokit.evaluate.types import EvaluationError
from grpokit.files import FileError
from grpokit.tests.evaluate.stored_runs import write_run

ALARM = {"step": 20, "kind": "reward hacking", "text": "the total rose by 0.2.", "rate": 0.025}
FACT = {"step": 40, "kind": "reward failing", "text": "it raised on 3 completions.", "rate": None}


def _runs(folder: Path) -> list[Run]:
    return [write_run(folder / name, {"correctness": [[1.0], [0.0]]}, name) for name in ("base", "step-00020")]


def _write(folder: Path, *alarms: dict[str, object]) -> None:
    (folder / "alarms.jsonl").write_text("".join(json.dumps(alarm) + "\n" for alarm in alarms))


@pytest.mark.parametrize("folder", ["evaluation", "evaluation-greedy"])
def test_alarms_of_the_training_run_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    base, tuned = _runs(tmp_path / folder)
    _write(tmp_path, ALARM)
    assert compare([base, tuned]).pairs[0].alarms == (Alarm(**ALARM),)
    monkeypatch.chdir(tmp_path / folder)  # a run named by a path without its parents
    assert compare([base, Run.open(Path("step-00020"))]).pairs[0].alarms == (Alarm(**ALARM),)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("base", []),  # it was not trained
        ("step-00010", []),  # what came later is not about it
        ("step-00020", [20]),
        ("step-00030", [20]),
        ("step-00040", [20, 40]),
        ("step-100000", [20, 40]),  # more digits than names are padded to
        ("tuned", [20, 40]),  # it comes after the last step
    ],
)
def test_alarms_of_later_steps_are_not_about_a_checkpoint(tmp_path: Path, name: str, steps: list[int]) -> None:
    _write(tmp_path, ALARM, FACT)
    assert [alarm.step for alarm in read_alarms(tmp_path / "evaluation" / name)] == steps


def test_a_base_compared_with_its_checkpoint_has_none(tmp_path: Path) -> None:
    base, tuned = _runs(tmp_path / "evaluation")
    _write(tmp_path, ALARM)
    assert compare([tuned, base]).pairs[0].alarms == ()


def test_a_training_run_without_alarms_has_none(tmp_path: Path) -> None:
    assert compare(_runs(tmp_path / "evaluation")).pairs[0].alarms == ()


def test_other_runs_beside_such_a_file_have_none(tmp_path: Path) -> None:
    _write(tmp_path, ALARM)
    assert compare(_runs(tmp_path / "runs")).pairs[0].alarms == ()


def test_the_alarms_are_those_of_the_tuned_model(tmp_path: Path) -> None:
    (base, _), (_, tuned) = _runs(tmp_path / "first" / "evaluation"), _runs(tmp_path / "second" / "evaluation")
    _write(tmp_path / "first", ALARM)
    assert compare([base, tuned]).pairs[0].alarms == ()


def test_an_empty_file_is_no_alarm(tmp_path: Path) -> None:
    runs = _runs(tmp_path / "evaluation")
    _write(tmp_path)
    assert compare(runs).pairs[0].alarms == ()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ({"step": 20}, r"its keys are \['step'\], wanted are step, kind, text, rate"),
        ({**ALARM, "more": 1}, "its keys are .*'more'"),
        ({**ALARM, "step": "20"}, "step is '20', wanted is a whole number"),
        ({**ALARM, "step": True}, "step is True"),  # a bool is an int to Python
        ({**ALARM, "kind": ["a", "b"]}, r"kind is \['a', 'b'\], wanted is text"),
        ({**ALARM, "text": None}, "text is None, wanted is text"),
        ({**ALARM, "rate": "high"}, "rate is 'high', wanted is a share from 0 to 1, or null"),
        ({**ALARM, "rate": 2.5}, "rate is 2.5"),  # a percentage
        ({**ALARM, "rate": float("nan")}, "rate is nan"),  # Python writes and reads it
    ],
)
def test_what_is_no_alarm_is_told_in_one_line(tmp_path: Path, line: dict[str, object], fault: str) -> None:
    runs = _runs(tmp_path / "evaluation")
    _write(tmp_path, FACT, line)
    with pytest.raises(EvaluationError, match=rf"alarms.jsonl, line 2: no alarm .*: {fault}") as raised:
        compare(runs)
    assert "\n" not in str(raised.value)


def test_a_torn_line_is_told_in_one_line(tmp_path: Path) -> None:
    runs = _runs(tmp_path / "evaluation")
    _write(tmp_path, ALARM, FACT)
    path = tmp_path / "alarms.jsonl"
    path.write_text(path.read_text()[:-20])
    with pytest.raises(FileError, match=r"alarms.jsonl, line 2: not valid JSON") as raised:
        compare(runs)
    assert "\n" not in str(raised.value)
