"""Fixtures that several folders of tests use."""

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
def two_processes() -> list[str]:
    """The command that starts two processes on the CPU; a script, or ``-m`` and a module, follows it.

    ``accelerate launch --cpu --num_processes 2`` starts a single one, without MPI.
    """
    launcher = Path(sys.executable).with_name("accelerate")
    processes = ["--multi_gpu", "--num_processes", "2", "--main_process_port", "0"]
    return ["env", "ACCELERATE_USE_CPU=true", "OMP_NUM_THREADS=1", str(launcher), "launch", *processes]
