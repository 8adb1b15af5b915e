"""Two real processes on the CPU make the run that one makes: trained, evaluated, interrupted, resumed."""

import json
import os
import signal
import subprocess
import time
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

import psutil
import pytest
import torch
from grpokit.commands.train import main
from grpokit.evaluate import Run

from .same_draws import GROUP, same_draws

pytestmark = pytest.mark.xdist_group("two processes")  # one worker, so that the runs to compare are made once
HERE = Path(__file__).parent
FSDP = Path(str(files("grpokit.train"))) / "accelerate" / "fsdp2.yaml"
SETTINGS = [f"num_generations={GROUP}", "learning_rate=2e-3", "evaluation.samples=1", "report_to=none"]
RECIPE = ["arithmetic-tiny", *SETTINGS, "evaluation.every=1", "evaluation.limit=40"]


PairOfRuns: TypeAlias = tuple[Path, Path, subprocess.CompletedProcess[str]]


def share(processes: int, completions: int = 32) -> str:
    return f"per_device_train_batch_size={completions // processes}"


def history(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]


def rewards(out: Path) -> list[float]:
    return [line["reward"] for line in history(out) if "reward" in line]


def weights(out: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(out / "adapter_model.safetensors")


@pytest.fixture(scope="module")
def pair(two_processes: list[str], tmp_path_factory: pytest.TempPathFactory) -> PairOfRuns:
    """The folders of the same three steps made by one process and by two, and what the two printed."""
    folder = tmp_path_factory.mktemp("runs")
    one, two = folder / "one", folder / "two"
    with same_draws():
        assert main([*RECIPE, "max_steps=3", share(1), "--out", str(one)]) == 0
    command = [*two_processes, str(HERE / "same_draws.py"), *RECIPE, "max_steps=3", share(2), "--out", str(two)]
    return one, two, subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=200)


def test_both_processes_end_well_and_one_reports(pair: PairOfRuns) -> None:
    _, two, done = pair
    assert done.returncode == 0, done.stderr
    compared = [line for line in done.stdout.splitlines() if line.startswith("runs:")]
    assert len(compared) == len(set(compared)) > 0
    assert done.stderr.count("adapter:") == 1
    told = [line for line in done.stderr.splitlines() if line.startswith("held out")]
    assert len(told) == len(set(told)) > 3
    for record in two.glob("evaluation*/*/batches.jsonl"):
        assert {json.loads(line)["process"] for line in record.open()} == {0, 1}


def test_every_step_earns_and_learns_the_same(pair: PairOfRuns) -> None:
    one, two, _ = pair
    kept = ("step", "reward", "reward_std", "loss", "grad_norm", "completions/mean_length", "rewards/correctness/mean")
    steps = [[[line[name] for name in kept] for line in history(out) if "reward" in line] for out in (one, two)]
    assert len(steps[0]) == 3
    assert len({tuple(step) for step in steps[0]}) == 3
    assert steps[1] == [pytest.approx(step, abs=2e-4) for step in steps[0]]


def test_weights_are_the_same(pair: PairOfRuns) -> None:
    one, two, _ = pair
    mine, others = weights(one), weights(two)
    assert mine.keys() == others.keys()
    assert all(torch.allclose(mine[name], others[name], atol=1e-4) for name in mine)
    assert any(bool(mine[name].abs().max() > 2e-3) for name in mine if "lora_B" in name)  # not for lack of steps


def test_held_out_answers_are_the_same(pair: PairOfRuns) -> None:
    """The base's to the letter; a checkpoint's weights differ in the last bits, which may turn an answer."""
    one, two, _ = pair
    folders = sorted(path.parent.relative_to(one) for path in one.glob("evaluation*/*/scores.jsonl"))
    assert len(folders) == 8  # base and three checkpoints, sampled and greedy
    assert folders == sorted(path.parent.relative_to(two) for path in two.glob("evaluation*/*/scores.jsonl"))
    for folder in folders:
        texts = [[row.text for row in Run.open(out / folder).rows()] for out in (one, two)]
        same = sum(mine == other for mine, other in zip(*texts, strict=True)) / len(texts[0])
        assert same == 1 if folder.name == "base" else same > 0.9, folder


def test_held_out_figures_are_logged_once(pair: PairOfRuns) -> None:
    one, two, _ = pair
    looks = [[line for line in history(out) if "eval_total" in line] for out in (one, two)]
    assert [line["step"] for line in looks[1]] == [line["step"] for line in looks[0]]
    assert [line["eval_total"] for line in looks[1]] == pytest.approx(
        [line["eval_total"] for line in looks[0]], abs=0.05
    )


def sharded(two_processes: list[str], folder: Path, limit: int, *arguments: str) -> Path:
    """Train under FSDP 2 into a folder of ``folder``, asking ``limit`` questions after every step."""
    launch = [part for part in two_processes if part != "--multi_gpu"]
    command = [*launch, "--config_file", str(FSDP), "--mixed_precision", "no", str(HERE / "fsdp_on_cpu.py")]
    recipe = ["arithmetic-tiny", *SETTINGS, "evaluation.every=1", f"evaluation.limit={limit}"]
    done = subprocess.run(
        [*command, *recipe, share(2), *arguments, "--out", "run"],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return folder / "run"


def test_sharded_weights_learn_and_answer_the_same(pair: PairOfRuns, two_processes: list[str], tmp_path: Path) -> None:
    """FSDP 2: held-out answers in inference mode left buffers that training could not write to."""
    _, two, _ = pair
    out = sharded(two_processes, tmp_path, 40, "max_steps=3", "save_steps=3")
    assert same_weights(two, out)
    assert rewards(out) == rewards(two)
    for run in two.glob("evaluation*/*"):
        same = out / run.relative_to(two)
        assert [row.text for row in Run.open(same).rows()] == [row.text for row in Run.open(run).rows()]


@pytest.mark.slow
def test_sharded_weights_answer_where_one_process_has_nothing_to_ask(two_processes: list[str], tmp_path: Path) -> None:
    """FSDP 2: the process without a row waited at its end, the other for its part of the weights."""
    out = sharded(two_processes, tmp_path, 1, "max_steps=1")
    assert len(list(Run.open(out / "evaluation" / "step-00001").rows())) == 1


LONG = ["arithmetic-tiny", *SETTINGS, share(2), "max_steps=24", "save_steps=100"]
LONG += ["evaluation.every=8", "evaluation.limit=40"]


def start(two_processes: list[str], folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start ``grpo-train`` in two processes; what they say goes into ``log``."""
    command = [*two_processes, "-m", "grpokit.commands.train", *LONG, *arguments]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)


@pytest.fixture(scope="module")
def uninterrupted(two_processes: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    assert start(two_processes, folder, "--out", "run").wait(200) == 0
    return folder / "run"


def second_of(launcher: subprocess.Popen[bytes]) -> int:
    """The process id of the second of the two processes."""
    children = psutil.Process(launcher.pid).children(recursive=True)
    return next(int(child.pid) for child in children if child.environ().get("RANK") == "1")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("told", ["launcher", "one process"])
def test_interrupted_processes_stop_together_and_resume_exactly(
    uninterrupted: Path, two_processes: list[str], tmp_path: Path, told: str
) -> None:
    """Ctrl-C reaches processes at different moments: one that stopped a step early left the other hanging."""
    process = start(two_processes, tmp_path, "--out", "run")
    try:
        wait_for("step 1/24", tmp_path / "log", process)
        os.kill(process.pid if told == "launcher" else second_of(process), signal.SIGINT)
        assert process.wait(60) != 0
    finally:
        process.kill()
    assert (tmp_path / "log").read_text().count("grpo-train: interrupted; go on") == 1  # told once for both
    (checkpoint,) = (tmp_path / "run" / "checkpoints").glob("checkpoint-*")
    assert {path.name for path in checkpoint.glob("rng_state_*")} == {"rng_state_0.pth", "rng_state_1.pth"}
    assert start(two_processes, tmp_path, "--out", "run", "--resume").wait(200) == 0
    assert same_weights(uninterrupted, tmp_path / "run")
    assert rewards(tmp_path / "run") == rewards(uninterrupted)


def wait_for(words: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 150
    while words not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def same_weights(one: Path, other: Path) -> bool:
    mine, others = weights(one), weights(other)
    return all(torch.equal(mine[name], others[name]) for name in mine)
