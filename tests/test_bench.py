"""The benches start, explain themselves, and measure what they say, at sizes that take seconds."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from grpokit.bench import coverage
from grpokit.bench.processes import spend
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.paired.difference import Design, difference
from grpokit.evaluate.statistics.samples import Samples

BENCH = Path(__file__).resolve().parent.parent / "bench"
SCRIPTS = sorted(path.name for path in BENCH.glob("*.py") if "\ndef main(" in path.read_text(encoding="utf-8"))


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, str(BENCH / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
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
    assert re.search("statistics under 3 s.*: yes", shown)


def test_report_at_a_tiny_size() -> None:
    shown = run("report.py", "--questions", "20", "--samples", "2", "--rewards", "2")
    assert re.search("under 20 s: yes", shown)
    assert re.search("^(opened in .*: yes|not opened)", shown, re.MULTILINE)


def test_rescoring_at_a_tiny_size() -> None:
    shown = run("rescoring.py", "--rows", "64")
    assert re.findall(r"^(score \w+|scoring) ", shown, re.MULTILINE) == [
        "score FILE",
        "score RUN",
        "score RUN",
        "scoring",
    ]
    assert shown.count("same bytes: yes") == 4
    assert shown.count("under 1 GiB: yes") == 4


def test_many_samples_at_a_small_size() -> None:
    shown = run("many_samples.py", "--samples", "200")
    assert re.findall(r"^200 samples of one question( beside 1,000 with one)?, .*: yes$", shown, re.MULTILINE) == [
        "",
        " beside 1,000 with one",
    ]


def test_choosing_at_a_tiny_size() -> None:
    shown = run("choosing.py", "--runs", "20")
    assert len(re.findall(r"^ +\d+ +\d +\d\.\d{3} +\d\.\d{3} ", shown, re.MULTILINE)) == 4
    assert len(re.findall(r"^ +(?:3|5|10) +0\.\d\d +[01]\.\d{3} +[01]\.\d{3}$", shown, re.MULTILINE)) == 15


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


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_steps_beside_plain_trl_end_with_the_same_weights() -> None:
    shown = run("steps.py", "arithmetic-tiny", "--steps", "3")
    names = re.findall(r"^(\S.*?) +\d+\.\d\d   over plain TRL [+-]\d", shown, re.MULTILINE)
    assert names == ["plain TRL", "grpo-train", "grpo-train, not merged"]
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


def test_the_simulated_verdicts_are_those_of_a_comparison() -> None:
    """Over whole arrays as one by one, with and without clusters, for single 0/1 answers and for means of several."""
    for kind, samples, clusters in (
        (coverage.KINDS[0], 1, None),
        (coverage.KINDS[1], 1, None),
        (coverage.KINDS[0], 4, None),
        (coverage.KINDS[3], 1, None),
        (coverage.KINDS[3], 1, np.repeat(np.arange(5), (20, 15, 10, 10, 5))),
    ):
        rows = coverage.differences(kind, 60, samples, 0.0, runs=12, seed=1, clusters=clusters)
        single = samples == 1 and not kind.graded
        design = Design(clusters, shared_noise=False)
        pairs = [(np.maximum(-row, 0), np.maximum(row, 0)) for row in rows]  # any scores with these differences
        found = [difference(Samples.of(a[:, None]), Samples.of(b[:, None]), design, 0.02, (0.0, 1.0)) for a, b in pairs]
        simulated = list(coverage.intervals(rows, single, clusters))
        assert [one.low for one in simulated] == pytest.approx([one.low for one in found])
        assert [one.high for one in simulated] == pytest.approx([one.high for one in found])
        assert coverage.verdicts(rows, single, clusters) == [one.verdict for one in found]


def test_coverage_prints_what_the_documentation_shows() -> None:
    shown = run("coverage.py", "--runs", "10")
    assert len(re.findall(r"^(?:0/1|graded).* \d\.\d{3} +\d\.\d{3}", shown, re.MULTILINE)) == 6 * 4 * 2 + 4 + 8


@pytest.mark.parametrize("format", ["lm-eval", "inspect"])
def test_logs_at_a_tiny_size(format: str) -> None:
    shown = run("logs.py", "--megabytes", "1", "--format", format)
    assert re.search(rf"^{format}, 1 MB: .* s, \d+ MB$", shown, re.MULTILINE)
    assert "under 500 MB: yes" in shown
