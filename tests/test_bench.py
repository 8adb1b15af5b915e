"""The benches start, explain themselves, and measure what they say, at sizes that take seconds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from grpokit.bench.processes import spend
from grpokit.evaluate.demo import checkpoint_path

BENCH = Path(__file__).resolve().parent.parent / "bench"
SCRIPTS = sorted(path.name for path in BENCH.glob("*.py") if "\ndef main(" in path.read_text(encoding="utf-8"))


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, str(BENCH / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_bench_says_what_it_measures(script: str) -> None:
    shown = run(script, "--help")
    assert shown.startswith("usage:")
    assert len(shown.splitlines()) > 5


def test_the_help_of_the_training_bench_loads_no_torch() -> None:
    command = [sys.executable, "-X", "importtime", str(BENCH / "training.py"), "--help"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert re.search(r"\| +grpokit\.train$", loaded, re.MULTILINE)
    assert not re.search(r"\| +(torch|trl|datasets)$", loaded, re.MULTILINE)


def test_comparison_at_a_tiny_size() -> None:
    shown = run("comparison.py", "--questions", "20", "--samples", "2", "--rewards", "2")
    assert re.search("statistics under 10 s.*: yes", shown)


def test_report_at_a_tiny_size() -> None:
    shown = run("report.py", "--questions", "20", "--samples", "2", "--rewards", "2")
    assert re.search("under 20 s and 1.5 GiB: yes", shown)
    assert re.search("^(opened in .*: yes|not opened)", shown, re.MULTILINE)


def test_rescoring_at_a_tiny_size() -> None:
    shown = run("rescoring.py", "--rows", "64")
    assert re.findall(r"^score (\w+)", shown, re.MULTILINE) == ["FILE", "RUN"]
    assert shown.count("under 1 GiB: yes") == 2


def test_endpoint_puts_the_engine_beside_openai() -> None:
    shown = run("endpoint.py", "--requests", "32", "--concurrency", "8", "--latency", "0.1")
    assert re.findall(r"^(\S+ ?\S+) +\d.*/s  .* of the most ", shown, re.MULTILINE) == ["this package", "openai"]


def test_evaluation_times_the_loop_beside_a_bare_generate() -> None:
    size = ["--prompts", "4", "--tokens", "4", "--batch-size", "2", "--rounds", "1"]
    shown = run("evaluation.py", "--parts", "loop", "--model", str(checkpoint_path()), *size)
    assert re.findall(r"^loop +(\w+) .*overhead [+-]\d", shown, re.MULTILINE) == ["greedy", "sampled"]


@pytest.mark.slow
def test_training_beside_plain_trl_ends_with_the_same_weights() -> None:
    shown = run("training.py", "--steps", "2", "--rounds", "1")
    assert re.search(r"^grpo-train +\d.*over plain TRL [+-]\d", shown, re.MULTILINE)
    assert float(re.findall(r"adapters' weights: (\S+)", shown)[0]) < 1e-4


def test_evaluation_without_lm_eval_says_how_to_get_it(tmp_path: Path) -> None:
    assert "--install" in run("evaluation.py", "--parts", "peer", "--lm-eval", str(tmp_path))


def test_the_peak_of_a_command_is_its_own(tmp_path: Path) -> None:
    """Linux starts a child's peak at the memory of the process that forked: ours here is large."""
    ballast = bytearray(b"x" * 300_000_000)
    small = spend([sys.executable, "-S", "-c", "pass"], tmp_path / "small.log")
    large = spend([sys.executable, "-S", "-c", "x = b'x' * 200_000_000"], tmp_path / "large.log")
    assert small.peak < 100_000_000 < 200_000_000 < large.peak < len(ballast)


def test_a_failing_command_ends_the_bench_with_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such thing"):
        spend([sys.executable, "-c", "raise KeyError('no such thing')"], tmp_path / "log")
