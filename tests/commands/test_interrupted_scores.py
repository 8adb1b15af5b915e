"""A score that was killed, refused, or had no room leaves nothing behind, and its command can be given again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.tests.commands.answers import COLUMNS

ROWS = 30_000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file whose scoring takes seconds."""
    path = tmp_path_factory.mktemp("many") / "rows.jsonl"
    path.write_text("".join(json.dumps({"output": f"<answer>{n}</answer>", "gold": "7"}) + "\n" for n in range(ROWS)))
    return path


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_score_blocks_nothing(many: Path, tmp_path: Path, number: signal.Signals) -> None:
    out, temporary = tmp_path / "out", tmp_path / "tmp"
    temporary.mkdir()
    columns = ["--completion-column", "output", "--reference-column", "gold"]
    command = [sys.executable, "-m", "grpokit.commands.eval", "score", str(many), *columns, "--out", str(out)]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list(out.glob(".scores.*/prompts.jsonl")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == (-9 if number == signal.SIGKILL else 143)
    if number == signal.SIGTERM:
        assert said == f"grpo-eval: terminated; nothing is in {out} yet, so start again with the same command.\n"
    assert list(temporary.iterdir()) == []  # the database went with its process
    assert main(command[3:]) == 0
    names = {"manifest.json", "prompts.jsonl", "completions.jsonl", "scores.jsonl"}
    assert {path.name for path in out.iterdir()} == names


def test_a_refusal_blocks_nothing(answers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    asked = ["score", str(answers), *COLUMNS, "--out", out]
    assert main([*asked, "--rewards", "token_length"]) == 2  # stored completions have no token ids
    assert not Path(out).exists()
    assert main(asked) == 0
    capsys.readouterr()
    assert main(asked) == 2
    assert "is not empty" in capsys.readouterr().err


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system; skipped where this machine does not let us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", folder], check=False).returncode:
        pytest.skip("this machine mounts nothing")
    yield folder
    subprocess.run(["umount", folder], check=False, stderr=subprocess.DEVNULL)


def test_a_full_disk_is_one_line_and_leaves_nothing(many: Path, disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = ["--completion-column", "output", "--reference-column", "gold"]
    assert main(["score", str(many), *columns, "--out", str(disk / "out")]) == 2
    said = capsys.readouterr().err
    assert "No space left on device" in said
    assert said.count("\n") == 1
    assert list(disk.iterdir()) == []


def test_a_full_temporary_folder_is_one_line(
    many: Path, tmp_path: Path, disk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    columns = ["--completion-column", "output", "--reference-column", "gold"]
    assert main(["score", str(many), *columns, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "set TMPDIR to a folder with room" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_target_that_cannot_be_written_is_refused_before_any_work(
    answers: Path, disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for place in (["--out", str(disk / "out")], ["--json", str(disk / "json")]):
        assert main(["score", str(answers), *COLUMNS, *place]) == 2
        said = capsys.readouterr().err
        assert "cannot write" in said
        assert said.count("\n") == 1
