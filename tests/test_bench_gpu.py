"""The bench of a GPU at tiny size on the CPU: it runs, its phases add up, and without a GPU it claims nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "bench" / "gpu.py"


def test_without_a_gpu_it_says_so_in_one_line() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (line,) = done.stdout.splitlines()
    assert "no GPU here" in line


def test_tiny_run_measures_both_trainers_and_every_phase(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    command = [sys.executable, str(SCRIPT), "--tiny", "--cpu", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(out.read_text())
    assert [(run["case"].split(",")[0], run["trainer"]) for run in figures["runs"]] == [
        ("QLoRA r 8", "grpokit"),
        ("QLoRA r 8", "plain TRL"),
        ("bf16 LoRA r 16", "grpokit"),
        ("bf16 LoRA r 16", "plain TRL"),
    ]
    for run in figures["runs"]:
        assert sum(run["phases"].values()) == pytest.approx(run["seconds"])
        assert all(run["phases"][phase] > 0 for phase in ("drawing", "forward", "backward"))
        assert run["peak"] is None  # torch counts no memory on a CPU
        assert run["estimated"] > 0
    assert "| QLoRA r 8, groups of 4 | plain TRL |" in done.stdout
    assert "arithmetic: right answers" in done.stdout
