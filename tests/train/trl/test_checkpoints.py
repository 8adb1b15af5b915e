"""A disk that is full stops the run in one line, and what was saved before can be resumed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from grpokit.train import TrainingError, train
from grpokit.train.folder import last_checkpoint
from grpokit.train.trl.checkpoints import saving

from ..fixture_types import MakeRecipe


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount file systems of a given size; skipped where this machine does not let us."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(size: str) -> Path:
        if not sys.platform.startswith("linux") or os.geteuid() != 0:
            pytest.skip("only root may mount a small file system")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=False)
        if done.returncode:
            pytest.skip("this machine mounts nothing")
        return folder

    yield mount
    subprocess.run(["umount", folder], check=False, stderr=subprocess.DEVNULL)


SIZES = [
    "1m",  # safetensors is the first to find no room
    "700k",  # torch.save is, with an error about positions
]


@pytest.mark.parametrize("size", SIZES)
def test_full_disk_stops_with_the_last_checkpoint_whole(
    tiny: MakeRecipe, tmp_path: Path, small_disk: Callable[[str], Path], size: str
) -> None:
    disk = small_disk(size)
    recipe = tiny("max_steps=6", "save_steps=1")
    with pytest.raises(TrainingError, match=r"^cannot write .*checkpoint-\d: No space left on device\. Earlier"):
        train(recipe, disk / "run")
    saved = last_checkpoint(disk / "run")
    assert saved is not None
    assert [path.name for path in saved.parent.glob("checkpoint-*") if not (path / "optimizer.pt").exists()] == []
    subprocess.run(["mount", "-o", "remount,size=32m", disk], check=True)
    assert train(recipe, disk / "run", resume=True).steps == 6


def test_other_errors_of_writing_say_what_they_are(tmp_path: Path) -> None:
    message = r"cannot write .*run: Permission denied\. Mind the step\."
    with pytest.raises(TrainingError, match=message), saving(tmp_path / "run", "Mind the step."):
        raise PermissionError(13, "Permission denied")


def test_checkpoint_that_cannot_be_written_is_not_left_half(
    tiny: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def broken(*arguments: Any, **named: Any) -> None:
        raise RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed")

    monkeypatch.setattr(torch, "save", broken)
    with pytest.raises(TrainingError, match=r"checkpoint-2: PytorchStreamWriter failed writing file data/0: file wri"):
        train(tiny("save_steps=2"), tmp_path / "run")
    assert not list((tmp_path / "run" / "checkpoints").glob("checkpoint-*"))
