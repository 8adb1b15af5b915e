"""Suites on the command line: asked, resumed, compared, reported, and refused in one line."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from grpokit.commands import report
from grpokit.commands.eval import main
from grpokit.evaluate.runs.run import Run
from grpokit.tests.evaluate.stored_runs import write_run
from grpokit.tests.evaluate.suites.suite_runs import write_suite

SUITE = """\
name: mine
targets: [arithmetic]
guards: [{task: sums.yaml, margin: 0.1, limit: 3}]
"""

SUMS = """\
name: sums
source: {file: sums.jsonl}
user: "{question}"
reference: reference
rewards: correctness
primary: correctness
max_new_tokens: 8
"""


@pytest.fixture
def card(tmp_path: Path) -> str:
    rows = [{"question": f"{number}+1=?", "reference": str(number + 1)} for number in range(20, 30)]
    (tmp_path / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "sums.yaml").write_text(SUMS)
    (tmp_path / "suite.yaml").write_text(SUITE)
    return str(tmp_path / "suite.yaml")


MODELS = ["--model", "base=demo", "--model", "again=demo"]


def test_a_suite_is_asked_task_by_task_and_resumed(
    card: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, written = tmp_path / "out", tmp_path / "suite.json"
    asked = ["run", "--suite", card, "--limit", "4", "--samples", "1", *MODELS, "--out", str(out)]
    assert main([*asked, "--json", str(written), "--html", str(tmp_path / "page.html")]) == 0
    shown, said = capsys.readouterr()
    assert "note: questions were drawn at random with seed 0: arithmetic, sums." in said
    assert "UNDERPOWERED: again beside base: arithmetic and sums cannot be told apart." in " ".join(shown.split())
    assert f"suite: {out}" in shown
    assert sorted(str(path.parent.relative_to(out)) for path in out.glob("*/*/scores.jsonl")) == [
        "arithmetic/again",
        "arithmetic/base",
        "sums/again",
        "sums/base",
    ]
    assert Run.open(out / "sums" / "base").manifest.task.prompts == 4  # what is typed goes before the card
    said = json.loads(written.read_text())["suite"]
    assert [(one["task"], one["role"], one["margin"]) for one in said["tasks"]] == [
        ("arithmetic", "target", 0.02),
        ("sums", "guard", 0.1),
    ]
    before = (out / "arithmetic" / "base" / "completions.jsonl").read_bytes()
    shutil.rmtree(out / "sums" / "again")
    assert main([*asked, "--resume"]) == 0
    assert (out / "sums" / "again" / "scores.jsonl").exists()
    assert (out / "arithmetic" / "base" / "completions.jsonl").read_bytes() == before
    assert main(asked) == 2  # without --resume
    assert main(["compare", str(out), "--json", str(tmp_path / "compared.json")]) == 0
    assert json.loads((tmp_path / "compared.json").read_text()) == json.loads(written.read_text())
    assert main(["compare", str(out / "sums")]) == 0  # a task of it is a comparison of its own


def test_limits_of_the_card_hold_unless_one_is_typed(card: str, tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE.replace("targets: [arithmetic]\n", ""))
    out = tmp_path / "out"
    assert main(["run", "--suite", card, "--model", "demo", "--out", str(out)]) == 0
    assert Run.open(out / "sums" / "demo").manifest.task.prompts == 3


def test_tasks_beside_a_suite_are_targets_and_a_base_is_taken_for_each(
    card: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE.replace("targets: [arithmetic]\n", ""))
    first, out = tmp_path / "first", tmp_path / "out"
    asked = ["run", "--task", "arithmetic", "--suite", card, "--limit", "3", "--samples", "1"]
    assert main([*asked, "--model", "base=demo", "--out", str(first)]) == 0
    assert "arithmetic" in capsys.readouterr().out
    assert main([*asked, "--model", f"base={first}", "--model", "new=demo", "--out", str(out)]) == 0
    for task in ("arithmetic", "sums"):
        taken = Run.open(out / task / "base").manifest.engine["taken_from"]
        assert taken["run"] == str(first / task / "base")
    assert main(["compare", str(out), "--json", str(tmp_path / "c.json")]) == 0
    roles = [one["role"] for one in json.loads((tmp_path / "c.json").read_text())["suite"]["tasks"]]
    assert roles == ["target", "guard"]


ROLES = {"gain": "target", "kept": "guard"}


@pytest.mark.parametrize(
    ("answers", "margin", "options", "status"),
    [
        ({"base": [50, 50], "tuned": [70, 50]}, "0.05", ["--strict"], 0),  # improved, and kept
        ({"base": [50, 50], "tuned": [50, 50]}, "0.05", ["--strict"], 0),  # held
        ({"base": [50, 50], "tuned": [70, 30]}, "0.05", [], 1),  # a guard regressed
        ({"base": [50, 50], "tuned": [70, 50]}, "0", [], 0),  # a guard could not tell
        ({"base": [50, 50], "tuned": [70, 50]}, "0", ["--strict"], 3),
    ],
)
def test_exit_status_is_that_of_the_suite(
    tmp_path: Path, answers: Mapping[str, Sequence[int]], margin: str, options: list[str], status: int
) -> None:
    write_suite(tmp_path / "s", ROLES, answers, margin=margin)
    assert main(["compare", str(tmp_path / "s"), *options]) == status
    assert report.main([str(tmp_path / "s"), *options]) == status


def test_every_report_of_a_suite_is_written(tmp_path: Path) -> None:
    write_suite(tmp_path / "s", ROLES, {"base": [50, 50], "tuned": [70, 50]})
    files = {option: tmp_path / f"out.{option}" for option in ("html", "markdown", "junit", "json")}
    options = [word for option, path in files.items() for word in (f"--{option}", str(path))]
    assert report.main([str(tmp_path / "s"), *options]) == 0
    assert all(path.stat().st_size > 0 for path in files.values())


def test_two_folders_of_one_suite_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_suite(tmp_path / "a", ROLES, {"base": [50, 50]})
    write_suite(tmp_path / "b", ROLES, {"new": [70, 50]})
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert "IMPROVED: new beside base" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ["run", "--task", "arithmetic", "--task", "arithmetic", *MODELS],
            "--task: the task 'arithmetic' is there twice",
        ),
        (["run", "--suite", "no", *MODELS], "no suite 'no'."),
        (["run", "--task", "sums.yaml", "--suite", "suite.yaml", *MODELS], "'sums' is a target and a guard"),
        (["run", "--suite", "suite.yaml", "--rewards", "correctness", *MODELS], "--rewards is for one task"),
        (
            ["run", "--suite", "suite.yaml", "--system", "Add.", "--where", "a=b", *MODELS],
            "--system and --where is for",
        ),
        (["run", "--suite", "suite.yaml", "--until-decided", *MODELS], "--until-decided is for one task"),
        (
            ["run", "--task", "arithmetic", "--task", "sums.yaml", "--data", "sums.jsonl", *MODELS],
            "--data is for one task",
        ),
        (["run", "--suite", "suite.yaml", *MODELS, "--resume"], "--resume needs --out"),
        (["run", "--suite", "suite.yaml", *MODELS, "--resume", "--out", "s/gain"], "holds no suite to go on with"),
        (["run", "--suite", "suite.yaml", *MODELS, "--out", "s"], "s is not empty"),
        (["compare", "s", "s/gain"], "s is the folder of a suite and s/gain is not; compare suites with suites."),
        (["compare", "new=s"], "s holds a run per task and model: leave out new=."),
        (["compare", "s", "--rewards", "correctness"], "--rewards is for one task: give it with a task's folder in s."),
        (["compare", "s", "--on", "shared"], "--on is for one task"),
        (["compare", "s", "--format", "table"], "--format is for one task"),
        (["compare", "s", "--by", "a"], "--by is for one task"),
        (["compare", "s", "--margin", "length=0.1"], "no metric 'length'"),
    ],
)
def test_every_mistake_is_one_line_and_leaves_nothing(
    card: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    args: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_suite(Path("s"), ROLES, {"base": [50, 50], "tuned": [70, 50]}, margin=None)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    assert main(args) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_task_without_values_leaves_the_suite_without_a_verdict(tmp_path: Path) -> None:
    write_suite(tmp_path / "s", ROLES, {"base": [50, 50], "tuned": [70, 30]})
    tuned = Run.open(tmp_path / "s" / "gain" / "tuned")
    write_run(tuned.path, {"correctness": [[None]] * tuned.manifest.task.prompts}, "tuned")
    tuned.manifest.write(tuned.path)
    written = tmp_path / "suite.json"
    assert main(["compare", str(tmp_path / "s"), "--json", str(written)]) == 2  # though a guard regressed
    said = json.loads(written.read_text())["suite"]
    assert (said["verdict"], [one["verdict"] for one in said["tasks"]]) == (None, [None, "REGRESSED"])


def test_most_values_missing_of_a_single_model_are_status_2(tmp_path: Path) -> None:
    write_suite(tmp_path / "s", ROLES, {"base": [50, 50]})
    base = Run.open(tmp_path / "s" / "kept" / "base")
    write_run(base.path, {"correctness": [[None]] * base.manifest.task.prompts}, "base")
    base.manifest.write(base.path)
    assert main(["compare", str(tmp_path / "s")]) == 2
