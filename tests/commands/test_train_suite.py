"""A recipe's suite in grpo-train: what was gained, what was forgotten, and what is refused."""

import json

from grpokit.commands.eval import main as compare
from grpokit.commands.train import main
from grpokit.tests.commands.test_train import SMALL
from grpokit.tests.train.heldout.test_suite import LAYOUT

SUITE = """\
name: s
guards: [{task: layout.yaml, margin: 0.3, limit: 12}]
"""


def test_a_suite_answers_what_was_gained_and_what_was_forgotten(tmp_path, capsys):
    (tmp_path / "layout.yaml").write_text(LAYOUT)
    (tmp_path / "suite.yaml").write_text(SUITE)
    out, written = tmp_path / "run", tmp_path / "suite.json"
    asked = ["arithmetic-tiny", *SMALL, f"evaluation.suite={tmp_path / 'suite.yaml'}"]
    status = main([*asked, "--out", str(out), "--json", str(written)])
    said = json.loads(written.read_text())
    assert status == (1 if said["suite"]["verdict"] == "REGRESSED" else 0)
    assert [(one["task"], one["role"]) for one in said["suite"]["tasks"]] == [
        ("arithmetic", "target"),
        ("layout", "guard"),
    ]
    assert [[model["name"] for model in task["models"]] for task in said["tasks"]] == [["base", "tuned"]] * 2
    assert said["tasks"][0]["pairs"][0]["trained_for"] == ["correctness", "xml_format"]
    shown = capsys.readouterr().out
    assert f"suite: {out / 'suite'}" in shown
    assert compare(["compare", str(out / "suite"), "--json", str(tmp_path / "again.json")]) == status
    assert json.loads((tmp_path / "again.json").read_text()) == said


def test_a_suite_is_for_one_seed(tmp_path, capsys):
    (tmp_path / "layout.yaml").write_text(LAYOUT)
    (tmp_path / "suite.yaml").write_text(SUITE)
    asked = ["arithmetic-tiny", f"evaluation.suite={tmp_path / 'suite.yaml'}", "--out", str(tmp_path / "out")]
    assert main([*asked, "--seeds", "2"]) == 2
    assert "evaluation.suite is for one run" in capsys.readouterr().err


def test_a_dry_run_refuses_a_suite_that_cannot_be(tmp_path, capsys):
    (tmp_path / "suite.yaml").write_text("name: s\nguards: [{task: arithmetic, margin: 0.1}]\n")
    assert main(["arithmetic-tiny", "--dry-run", f"evaluation.suite={tmp_path / 'suite.yaml'}"]) == 2
    assert "is a target and a guard" in capsys.readouterr().err
