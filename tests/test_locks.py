"""One writer per folder, and names of others that lead nowhere else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.evaluate.runs.run import find_runs
from grpokit.files import FileError
from grpokit.locks import LOCK, locked
from grpokit.names import folder_name, folder_names

HOLD = """\
import sys, time
from pathlib import Path
from grpokit.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"output": "#### 4"}\n')
    return path


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """A process that holds ``tmp_path/run``."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_writer_ends_at_once_and_says_who_holds_it(
    holder: subprocess.Popen[str], answers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, began = str(tmp_path / "run"), time.monotonic()
    try:
        assert main(["score", str(answers), "--completion-column", "output", "--out", out]) == 2
        said = capsys.readouterr().err
        assert f"{out} is being written by process {holder.pid} on " in said
        assert main(["run", "--task", "arithmetic", "--model", "demo", "--limit", "1", "--out", out]) == 2
        assert f"process {holder.pid} on " in capsys.readouterr().err
        assert time.monotonic() - began < 20
        assert [path.name for path in (tmp_path / "run").iterdir()] == [LOCK]
    finally:
        holder.kill()
        holder.wait()


def test_training_is_held_too(
    holder: subprocess.Popen[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from grpokit.commands.train import main as train

    try:
        assert train(["arithmetic-tiny", "--out", str(tmp_path / "run")]) == 2
        assert f"process {holder.pid} on " in capsys.readouterr().err
    finally:
        holder.kill()
        holder.wait()


def test_a_killed_writer_holds_nothing_and_its_leftovers_go(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / f".scores.jsonl.{holder.pid}.tmp").write_text("half")
    (run / f".merged.{holder.pid}.tmp").mkdir()
    (run / f".merged.{holder.pid}.tmp" / "model.safetensors").write_text("half")
    (run / f".scores.jsonl.{os.getpid()}.tmp").write_text("somebody is at it")
    (run / ".hidden").write_text("the user's")
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with locked(run):
        kept = {path.name for path in run.iterdir()}
    assert kept == {LOCK, ".hidden", f".scores.jsonl.{os.getpid()}.tmp"}


def test_a_holder_may_lock_again_and_leaves_nothing(tmp_path: Path) -> None:
    with locked(tmp_path / "a" / "run"):
        with locked(tmp_path / "a" / "run"):
            assert (tmp_path / "a" / "run" / LOCK).exists()
        assert (tmp_path / "a" / "run" / LOCK).exists()
    assert list(tmp_path.iterdir()) == []


def test_a_child_does_not_keep_its_parents_lock(tmp_path: Path) -> None:
    """As a worker that outlives a killed command would."""
    script = (
        "import os, sys, time\nfrom pathlib import Path\nfrom grpokit.locks import locked\n"
        "with locked(Path(sys.argv[1])):\n"
        "    if os.fork() == 0:\n        os.close(1)\n        time.sleep(8)\n        os._exit(0)\n"
        "    print('forked', flush=True)\n    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "run")], check=False, stdout=subprocess.PIPE)
    with locked(tmp_path / "run"):
        pass


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """As in a folder that somebody else packed."""
    (tmp_path / "precious").write_text("the user's")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).symlink_to(tmp_path / "precious")
    with pytest.raises(FileError, match="cannot write into"), locked(tmp_path / "run"):
        pass
    assert (tmp_path / "precious").read_text() == "the user's"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FileError), locked(path):
            pass


NAMES = [
    # a model's name, and whether a folder may bear it as it is
    ("tuned-20", True),
    ("Qwen2.5-0.5B", True),
    ("org/model", False),
    ("..", False),
    (".", False),
    ("", False),
    ("../../etc", False),
    ("/etc/passwd", False),
    (".hidden", False),
    ("-rf", False),
    ("a\x00b", False),
    ("half \ud83d", False),
    ("x" * 300, False),
    ("模" * 300, False),
    ("a.", False),  # which is "a" to some disks
]


@pytest.mark.parametrize(("text", "same"), NAMES)
def test_a_name_leads_nowhere_else(text: str, same: bool, tmp_path: Path) -> None:
    name = folder_name(text)
    assert (name == text) is same
    folder = tmp_path / name
    folder.mkdir()
    assert folder.resolve().parent == tmp_path
    assert name == name.strip("._-")


def test_every_name_has_a_folder_of_its_own() -> None:
    texts = [text for text, _ in NAMES]
    names = folder_names([*texts, "org_model", "GPT", "gpt", "Tuned-20"])
    assert len({name.casefold() for name in names}) == len(texts) + 4
    assert len(set(folder_names(["org/model", folder_name("org/model")]))) == 2
    with pytest.raises(FileError, match="2 models would share the folder"):
        folder_names(["base", "base"])


def test_models_whose_names_were_one_folder_are_two_runs(tmp_path: Path) -> None:
    """One overwrote the other, and was compared with itself; ``..`` wrote into the parent of --out."""
    names = ["org/model", "org_model", "..", ".", "", "Org_model", "x" * 300]
    rows = [{"id": 0, "gold": "1", "out": f"#### {number}", "model": name} for number, name in enumerate(names)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = ["--completion-column", "out", "--reference-column", "gold", "--model-column", "model"]
    out = tmp_path / "deep" / "out"
    assert main(["score", str(tmp_path / "rows.jsonl"), *columns, "--id-column", "id", "--out", str(out)]) in (0, 1)
    assert [run.model for run in find_runs([out])] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "rows.jsonl"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    assert all(path.is_dir() for path in out.iterdir())
