"""Fixtures that several folders of tests use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout; tests that use it are skipped where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no folder 'shared' beside the checkout: real data not available")
    return folder


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real SmolLM2-135M-Instruct: the folder that GRPOKIT_SMOLLM2 names, else made as ``make real`` makes it."""
    if made := os.environ.get("GRPOKIT_SMOLLM2"):
        return Path(made)
    pytest.importorskip("gguf", reason="SmolLM2's weights are in a GGUF file: pip install gguf")
    folder = tmp_path_factory.mktemp("smollm2") / "model"
    command = [sys.executable, str(ROOT / "examples/real/smollm2.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"SmolLM2 could not be made: {done.stderr.splitlines()[-1]}")
    return folder


@pytest.fixture(scope="session")
def two_processes() -> list[str]:
    """The command that starts two processes on the CPU; a script, or ``-m`` and a module, follows it.

    ``accelerate launch --cpu --num_processes 2`` starts a single one, without MPI.
    """
    launcher = Path(sys.executable).with_name("accelerate")
    processes = ["--multi_gpu", "--num_processes", "2", "--main_process_port", "0"]
    return ["env", "ACCELERATE_USE_CPU=true", "OMP_NUM_THREADS=1", str(launcher), "launch", *processes]
