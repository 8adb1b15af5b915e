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
        assert run["adapter"] == ("bfloat16" if run["trainer"] == "plain TRL" and "QLoRA" in run["case"] else "float32")
    assert "| QLoRA r 8, groups of 4 | plain TRL |" in done.stdout
    assert "arithmetic: right answers" in done.stdout


def test_tiny_evaluation_finds_its_batch(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    command = [sys.executable, str(SCRIPT), "--tiny", "--cpu", "--eval", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(out.read_text())
    assert sum(figures["batches"]) == 320
    assert figures["batches"][0] == 64  # whether it grows depends on the machine
    assert all(figures[name] > 0 for name in ("growing", "engine", "bare"))
    assert f"overhead over bare generate {figures['overhead']:+.1%}" in done.stdout


def test_the_wheels_have_the_versions_of_the_tests() -> None:
    script, constraints = SCRIPT.with_name("gpu_wheels.sh"), SCRIPT.parent.parent / "constraints.txt"
    listed = subprocess.run(["bash", str(script)], capture_output=True, text=True, check=True).stdout.splitlines()
    assert {"trl", "peft", "bitsandbytes"} <= {line.partition("==")[0] for line in listed}
    assert set(listed) <= set(constraints.read_text().splitlines())
