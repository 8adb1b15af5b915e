"""What a newcomer types first: --version, demo, doctor, completion."""

import re
import subprocess
from pathlib import Path

import pytest
from grpokit import __version__
from grpokit.commands import eval as grpo_eval
from grpokit.commands import report as grpo_report
from grpokit.commands import train as grpo_train
from grpokit.commands.actions import doctor
from grpokit.commands.completion import PROGRAMS
from grpokit.commands.eval import main
from packaging.requirements import Requirement


@pytest.mark.parametrize("program", [grpo_eval, grpo_train, grpo_report])
def test_version(program: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        program.main(["--version"])  # type: ignore[attr-defined]  # a module
    assert end.value.code == 0
    assert capsys.readouterr().out == f"grpokit {__version__}\n"


def test_demo_is_the_whole_loop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(tmp_path / "first" / "look")]) == 0
    said = capsys.readouterr()
    assert "better" in said.out
    assert f"open {tmp_path / 'first' / 'look' / 'report.html'}" in said.err
    assert said.err.count("hint: ") == 1  # not that of the training within, too
    assert (tmp_path / "first" / "look" / "report.html").read_text().startswith("<!doctype html>")
    assert main(["demo", "--out", str(tmp_path / "first" / "look")]) == 2  # nothing is overwritten
    assert "is there already; give another --out" in capsys.readouterr().err


def test_doctor_finds_what_the_tests_run_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    for word in ("Python", "packages", "torch", "models run on", "memory", "model hub", "hub's cache", "Chromium"):
        assert word in shown
    assert "extra vllm" in shown
    assert "extra dev" not in shown


def test_doctor_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    declared = [
        "packaging>=24",
        "packaging<1",  # installed, and too new
        "not-a-package-of-anybody>=2",
        "nor-this; extra == 'app'",
        "pytest; extra == 'wandb'",
        "nor-that; sys_platform == 'nowhere'",  # not for this machine
    ]
    monkeypatch.setattr(doctor, "requires", lambda name: declared)
    assert main(["doctor"]) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "1 of 3 as declared" in shown
    assert re.search(r"✗ packaging missing \S+ is installed; pip install 'packaging<1'", shown)
    assert "✗ not-a-package-of-anybody missing pip install 'not-a-package-of-anybody>=2'" in shown
    assert "· extra app optional pip install 'grpokit[app]'" in shown
    assert re.search(r"✓ extra wandb pytest \d", shown)
    assert "nor-that" not in shown


def test_doctor_looks_at_versions_not_at_names() -> None:
    assert doctor._lacks(Requirement("pytest>=1")) is None
    assert doctor._lacks(Requirement("pytest>=999")) is not None


@pytest.mark.parametrize("program", PROGRAMS)
def test_bash_reads_the_completion(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Bash itself takes the script, and offers the options that the program has."""
    assert main(["completion", "bash", "--program", program]) == 0
    script = capsys.readouterr().out
    function = re.search(rf"^complete .*-F (\S+) {program}$", script, re.MULTILINE)
    assert function
    asked = f'{script}\nCOMP_WORDS=({program} --ver); COMP_CWORD=1; {function[1]}; echo "${{COMPREPLY[@]}}"'
    offered = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert offered.stdout.split() == ["--version"]


def test_unknown_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["completion", "fish"])
    assert end.value.code == 2
    assert "invalid choice: 'fish'" in capsys.readouterr().err
