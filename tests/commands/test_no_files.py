"""Pipes, devices and folders in the place of files: a pipe would be waited for, and a device never ends."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from grpokit.commands import eval as grpo_eval
from grpokit.commands import report as grpo_report
from grpokit.commands import train as grpo_train
from grpokit.tests.evaluate.stored_runs import write_run

Put = Callable[[Path], None]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


def circle(path: Path) -> None:
    path.symlink_to(path.name)


KINDS = [pipe, device, folder, circle]


def ends_in_one_line(status: int, capfd: pytest.CaptureFixture[str], name: str) -> None:
    said = capfd.readouterr().err
    assert status == 2, said
    assert said.count("\n") == 1, said
    assert name in said


@pytest.mark.parametrize("put", KINDS)
@pytest.mark.parametrize("name", ["manifest.json", "prompts.jsonl", "completions.jsonl", "scores.jsonl", "noise.json"])
def test_no_file_in_a_run_is_waited_for(name: str, put: Put, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for model in ("base", "tuned"):
        write_run(tmp_path / model, {"correctness": [[1.0, 0.0]] * 4}, model)
    base, run = tmp_path / "base", tmp_path / "tuned"
    if name == "noise.json":  # the base's is shown
        base, run = run, base
    (run / name).unlink(missing_ok=True)
    put(run / name)
    if put is circle and name in ("manifest.json", "noise.json"):
        return  # a link to nothing is no file, and these need not be there
    places = [str(tmp_path / "base"), str(tmp_path / "tuned")]
    page = str(tmp_path / "page.html")
    if name != "prompts.jsonl":  # which a comparison without a cluster does not read
        ends_in_one_line(grpo_eval.main(["compare", *places]), capfd, name)
    ends_in_one_line(grpo_report.main([*places, "--html", page]), capfd, name)
    if name not in ("scores.jsonl", "noise.json"):  # which are made again
        ends_in_one_line(
            grpo_eval.main(["score", str(run), "--rewards", "repetition=1", "--out", str(tmp_path / "again")]),
            capfd,
            name,
        )
    assert not (tmp_path / "page.html").exists()
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("put", KINDS)
def test_no_card_and_no_recipe_is_waited_for(put: Put, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    card = tmp_path / "card.yaml"
    put(card)
    asked = ["--model", "demo", "--out", str(tmp_path / "out")]
    ends_in_one_line(grpo_eval.main(["run", "--task", str(card), *asked]), capfd, "card.yaml")
    ends_in_one_line(grpo_eval.main(["tasks", "show", str(card)]), capfd, "card.yaml")
    ends_in_one_line(grpo_train.main([str(card), "--dry-run"]), capfd, "card.yaml")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("put", KINDS)
def test_no_config_of_a_checkpoint_is_waited_for(put: Put, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from grpokit.evaluate.demo import checkpoint_path

    model = shutil.copytree(checkpoint_path(), tmp_path / "model")
    (model / "config.json").unlink()
    put(model / "config.json")
    asked = ["--task", "arithmetic", "--limit", "1", "--model", str(model), "--out", str(tmp_path / "out")]
    ends_in_one_line(grpo_eval.main(["run", *asked]), capfd, "config.json")
