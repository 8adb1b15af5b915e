"""The folder of a suite: what it says, and what is no such folder."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate import EvaluationError
from grpokit.evaluate.suites.card import Suite, SuiteTask
from grpokit.evaluate.suites.folder import SuiteFolder, TaskEntry
from grpokit.tests.evaluate.stored_runs import write_run

SUITE = Suite(
    name="mine",
    targets=(SuiteTask(task="gsm8k"),),
    guards=(SuiteTask(task="reasoning_gym:gcd", margin="5%"),),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = SuiteFolder.of(SUITE, tmp_path)
    folder.write()
    assert SuiteFolder.read(tmp_path) == folder
    target, guard = folder.tasks
    assert target == TaskEntry("gsm8k", "target", None, "gsm8k")
    assert (guard.task, guard.role, guard.margin) == ("reasoning_gym:gcd", "guard", "5%")
    assert guard.folder.startswith("reasoning_gym_gcd-")  # a colon is no part of a name on every disk
    assert folder.places(target, ["base", "org/model"])[0] == tmp_path / "gsm8k" / "base"
    folder.write()  # the same again is no other


def test_another_suite_is_not_written_over(tmp_path: Path) -> None:
    folder = SuiteFolder.of(SUITE, tmp_path)
    folder.write()
    other = replace(folder, tasks=(folder.tasks[0], replace(folder.tasks[1], margin="0.1")))
    with pytest.raises(EvaluationError, match="holds the suite 'mine' with other tasks or margins; give another --out"):
        other.write()


ENTRY = {"task": "a", "role": "target", "margin": None, "folder": "a"}


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("{", "is not what a suite writes"),
        ("[]", "is not what a suite writes"),
        (json.dumps({"schema": 1, "name": "s"}), "is not what a suite writes"),
        (json.dumps({"schema": 1, "name": "s", "tasks": []}), "is not what a suite writes"),
        (json.dumps({"schema": 2, "name": "s", "tasks": [ENTRY]}), "has schema 2; this version reads 1"),
        # a folder elsewhere would be read as its task's
        (json.dumps({"schema": 1, "name": "s", "tasks": [ENTRY | {"folder": "../x"}]}), "is not what a suite writes"),
        (json.dumps({"schema": 1, "name": "s", "tasks": [ENTRY | {"folder": ".."}]}), "is not what a suite writes"),
        (json.dumps({"schema": 1, "name": "s", "tasks": [ENTRY | {"role": "x"}]}), "is not what a suite writes"),
        (json.dumps({"schema": 1, "name": "s", "tasks": [ENTRY | {"margin": "x"}]}), "is not what a suite writes"),
        (json.dumps({"schema": 1, "name": "s", "tasks": [ENTRY | {"margin": 1}]}), "is not what a suite writes"),
        (json.dumps({"schema": 1, "name": "s", "tasks": [ENTRY | {"more": 1}]}), "is not what a suite writes"),
        *[
            (json.dumps({"schema": 1, "name": "s", "tasks": [ENTRY | {"runs": {"base": place}}]}), "is not what a")
            for place in ("/etc/run", "../../run", "../x/..", "../a/b/c", "x/base", 7)
        ],
        (json.dumps({"schema": 1, "name": "s", "tasks": [ENTRY | {"runs": ["../a/b"]}]}), "is not what a suite writes"),
    ],
)
def test_a_file_that_no_suite_wrote_is_one_line(tmp_path: Path, stored: str, said: str) -> None:
    (tmp_path / "suite.json").write_text(stored)
    with pytest.raises(EvaluationError, match=said):
        SuiteFolder.read(tmp_path)


def test_a_folder_without_the_file(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"cannot read .*suite\.json: No such file"):
        SuiteFolder.read(tmp_path)


def test_runs_of_a_training_run_are_read_where_they_lie(tmp_path: Path) -> None:
    for name in ("base", "step-00020"):
        write_run(tmp_path / "final" / name, {"correctness": [[1.0]]}, name)
    runs = {"base": "../final/base", "tuned": "../final/step-00020"}
    folder = SuiteFolder(tmp_path / "suite", "mine", (TaskEntry("sums", "target", None, "sums", runs),))
    folder.path.mkdir()
    folder.write()
    read = SuiteFolder.read(folder.path)
    assert read == folder
    assert [(run.model, run.path.resolve().name) for run in read.runs(read.tasks[0])] == [
        ("base", "base"),
        ("tuned", "step-00020"),
    ]
