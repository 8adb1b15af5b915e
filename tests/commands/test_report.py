"""grpo-report: what it writes, its exit status, and one clear line for bad input."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from grpokit.commands.report import main
from grpokit.tests.reports.runs import BASE, TUNED, write_run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for model in (BASE, TUNED):
        write_run(tmp_path / "runs" / model.name, model, questions=40)
    return tmp_path / "runs"


def test_an_improvement_is_status_0_and_printed(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(runs)]) == 0
    assert "IMPROVED: tuned is better than base." in capsys.readouterr().out


def test_a_regression_is_status_1(runs: Path) -> None:
    assert main([str(runs / "tuned"), str(runs / "base")]) == 1


def test_every_format_is_written(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, comment = tmp_path / "report.html", tmp_path / "report.md"
    assert main([str(runs), "--html", str(page), "--markdown", str(comment), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["pairs"][0]["verdict"] == "IMPROVED"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "IMPROVED" in comment.read_text(encoding="utf-8")


def _no_manifest(runs: Path) -> list[str]:
    (runs / "base" / "manifest.json").unlink()
    return [str(runs / "base")]


def _newer_schema(runs: Path) -> list[str]:
    path = runs / "base" / "manifest.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 99'))
    return [str(runs)]


def _other_task(runs: Path) -> list[str]:
    path = runs / "tuned" / "manifest.json"
    path.write_text(re.sub(r'"fingerprint": "\w+"', '"fingerprint": "other"', path.read_text(), count=1))
    return [str(runs)]


def _no_scores(runs: Path) -> list[str]:
    (runs / "tuned" / "scores.jsonl").unlink()
    return [str(runs)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda runs: [str(runs / "nowhere")],  # no such folder
        _no_manifest,  # a folder that is no run
        _newer_schema,  # written by a later version
        _other_task,  # other questions
        _no_scores,  # a run never scored
        lambda runs: [str(runs), "--html", str(runs / "no" / "such" / "folder.html")],  # unwritable target
    ],
)
def test_bad_input_is_one_line_and_status_2(runs: Path, spoil, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = spoil(runs)
    before = sorted(runs.rglob("*"))
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("grpo-report: ")
    assert error.count("\n") == 1
    assert sorted(runs.rglob("*")) == before


def test_no_run_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2
    assert "the following arguments are required: RUN" in capsys.readouterr().err


def test_misspelt_option_is_told_before_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--jsn"])
    assert stop.value.code == 2
    said = "grpo-report: unrecognized arguments: --jsn; did you mean --json? (options: grpo-report --help)\n"
    assert capsys.readouterr().err == said


def test_torch_is_never_imported(runs: Path) -> None:
    code = (
        "import sys; from grpokit.commands.report import main; main(sys.argv[1:]); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'trl', 'sympy')))"
    )
    arguments = [sys.executable, "-c", code, str(runs), "--html", str(runs / "report.html")]
    assert subprocess.run(arguments, capture_output=True, check=False).returncode == 0
