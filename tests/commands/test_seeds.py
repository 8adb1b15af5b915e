"""``grpo-train --seeds``: one run after the other, the base asked once, and one comparison of all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from grpokit.commands.actions import seeds
from grpokit.commands.eval import main as evaluate
from grpokit.commands.train import main

SMALL = ["arithmetic-tiny", "per_device_train_batch_size=8", "num_generations=4", "max_steps=2", "report_to=none"]
ASKED = ["evaluation.limit=8", "evaluation.samples=1", "evaluation.temperature=0", "evaluation.every=1", "save_steps=1"]

MISTAKES = [
    (["--seeds", "2"], "--seeds needs --out"),
    (["--seeds", "2", "--out", "OUT", "seed=3"], "leave seed= out"),
    (["--seeds", "2", "--out", "OUT", "grpo.seed=3"], "leave seed= out"),
    (["--seeds", "2", "--out", "OUT", "save_strategy='no'"], "leave save_strategy out"),
    (["--seeds", "2", "--out", "OUT", "--push-to-hub", "me/model"], "push the seed that you want"),
]


@pytest.mark.parametrize(("argv", "message"), MISTAKES)
def test_mistake_is_one_line_and_leaves_nothing(argv, message, capsys, tmp_path):
    out = tmp_path / "runs"
    assert main([*SMALL, *(str(out) if part == "OUT" else part for part in argv)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("grpo-train: ")
    assert message in line
    assert not out.exists()


def test_processes_of_one_launch_share_no_seeds(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main([*SMALL, "--seeds", "2", "--out", str(tmp_path / "runs")]) == 2
    assert "give each launch a seed of its own" in capsys.readouterr().err


class Trained(NamedTuple):
    """The folder of two seeds, and their report."""

    out: Path
    report: dict[str, object]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp("seeds")
    out, report = folder / "runs", folder / "report.json"
    assert main([*SMALL, *ASKED, "--seeds", "2", "--out", str(out), "--json", str(report)]) in (0, 1)
    return Trained(out, json.loads(report.read_text()))


def created(folder: Path) -> str:
    value: str = json.loads((folder / "manifest.json").read_text())["created"]
    return value


def test_each_seed_is_a_run_of_its_own_and_the_base_is_asked_once(trained):
    recipes = [(trained.out / f"seed-{seed}" / "recipe.yaml").read_text() for seed in (0, 1)]
    assert ["seed: 0" in recipes[0], "seed: 1" in recipes[1]] == [True, True]
    adapters = [(trained.out / f"seed-{seed}" / "adapter_model.safetensors").read_bytes() for seed in (0, 1)]
    assert adapters[0] != adapters[1]
    bases = [trained.out, trained.out / "seed-0", trained.out / "seed-1"]
    assert len({created(folder / "evaluation" / "base") for folder in bases}) == 1


def test_all_seeds_are_compared_as_one(trained):
    base, tuned = trained.report["models"]
    assert (base["name"], base["arm"], tuned["name"]) == ("base", None, "tuned")
    assert [one["name"] for one in tuned["arm"]["seeds"]] == ["seed-0", "seed-1"]
    (pair,) = trained.report["pairs"]
    assert pair["rewards"]["correctness"]["method"] in ("t over questions and seeds", "Tango")


def test_the_folders_are_compared_again_by_a_pattern(trained, tmp_path, capsys):
    report = tmp_path / "again.json"
    sides = [f"base={trained.out}/evaluation/base", f"tuned={trained.out}/seed-*"]
    assert evaluate(["compare", *sides, "--json", str(report)]) in (0, 1)
    again = json.loads(report.read_text())
    assert again["pairs"] == trained.report["pairs"]
    assert "tuned is 2 training seeds" in " ".join(capsys.readouterr().out.split())
    by_name = [f"base={trained.out}/evaluation/base", f"tuned={trained.out}/seed-0,{trained.out}/seed-1"]
    assert evaluate(["compare", *by_name, "--json", str(report)]) in (0, 1)
    assert json.loads(report.read_text())["pairs"] == trained.report["pairs"]


def test_one_folder_is_an_arm_of_one_seed(trained, tmp_path, capsys):
    sides = [f"base={trained.out}/evaluation/base", f"new={trained.out}/seed-1"]
    assert evaluate(["compare", *sides]) in (0, 1)
    assert "One training seed: the recipe's own luck is in no interval" in " ".join(capsys.readouterr().out.split())


NO_ARMS = [
    ("new=OUT/sed-*", "no folder fits"),
    ("new=OUT/seed-0,OUT/seed-0", "the same weights, which are no two seeds"),
    ("new=OUT/seed-0,OUT/seed-7", "no folder"),
]


@pytest.mark.parametrize(("side", "message"), NO_ARMS)
def test_an_arm_that_is_none_is_refused_in_one_line(trained, side, message, capsys):
    assert evaluate(["compare", f"{trained.out}/evaluation/base", side.replace("OUT", str(trained.out))]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_folder_of_another_recipe_is_refused_before_any_work(trained, tmp_path, capsys):
    out = tmp_path / "runs"
    shutil.copytree(trained.out / "seed-1", out / "seed-2")
    assert main([*SMALL, *ASKED, "--seeds", "3", "--out", str(out)]) == 2
    assert f"{out / 'seed-2'} holds a run of another recipe" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["seed-2"]


def test_the_command_again_does_nothing_twice(trained, capsys):
    before = {path: path.stat().st_mtime_ns for path in trained.out.rglob("*.safetensors")}
    assert main([*SMALL, *ASKED, "--seeds", "2", "--out", str(trained.out)]) in (0, 1)
    assert {path: path.stat().st_mtime_ns for path in trained.out.rglob("*.safetensors")} == before
    assert "tuned is 2 training seeds" in " ".join(capsys.readouterr().out.split())


HOLD = """
import sys
from pathlib import Path
from grpokit.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_seed_that_another_process_is_at_is_left_to_it(trained, capsys):
    held = trained.out / "seed-0"
    command = [sys.executable, "-c", HOLD, str(held)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        written = (held / "recipe.yaml").rename(held / ".recipe.yaml.1.tmp")  # which has not its name yet
        assert main([*SMALL, *ASKED, "--seeds", "2", "--out", str(trained.out)]) == 0
        written.rename(held / "recipe.yaml")
        holder.communicate("")
    said = capsys.readouterr()
    assert f"{held} is being written by process {holder.pid}" in said.err
    assert "compares the seeds when it is the last one" in said.err
    assert "tuned" not in said.out


def test_the_base_is_waited_for(tmp_path, monkeypatch, capsys):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        monkeypatch.setattr(seeds.time, "sleep", lambda seconds: holder.communicate(""))
        with seeds._in_turn(tmp_path):
            assert holder.poll() == 0
    assert f"waiting: {tmp_path} is being written by process {holder.pid}" in capsys.readouterr().err


def test_a_stopped_seed_is_gone_on_with_by_the_same_command(tmp_path, monkeypatch, capsys):
    argv = [*SMALL, *ASKED, "--seeds", "1", "--out", str(tmp_path / "runs")]

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(seeds, "answer", stop)  # the adapter is there, the comparison is not
        assert main(argv) == 130
    assert "go on with the same command" in capsys.readouterr().err
    assert main(argv) in (0, 1)
    assert "One training seed" in " ".join(capsys.readouterr().out.split())
