"""A comparison in a tracker: offline, by the tracker's own client, and with nothing of the machine's secrets."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from grpokit.commands.report import main
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import find_runs
from grpokit.reports.trackers import TRACKERS, TrackerError, check_tracker, metrics, settings, table
from grpokit.tests.reports.runs import BASE, TUNED, write_run

SECRET = "sk-0123456789-secret"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    return [write_run(folder / model.name, model, questions=12).path for model in (BASE, TUNED)]


def test_figures_are_those_of_the_comparison(folders: list[Path]) -> None:
    runs = find_runs(folders)
    comparison = compare(runs)
    named, pair = metrics(comparison), comparison.pairs[0]
    assert named[f"{pair.base}/total"] == comparison.models[0].total.estimate.mean
    assert named[f"{pair.tuned} against {pair.base}/{pair.primary}/delta"] == pair.gain.delta
    assert all(isinstance(value, float) for value in named.values())
    kept = settings(runs)
    assert kept["task"] == comparison.task
    assert kept[f"weights/{runs[1].model}"] == runs[1].manifest.weights
    assert "command" not in kept


def test_the_table_has_a_row_per_answer(folders: list[Path]) -> None:
    runs = find_runs(folders)
    columns, rows = table(runs)
    answered = {(row.prompt_id, run.model, row.sample): row.text for run in runs for row in run.rows()}
    assert {(row[0], row[3], row[4]): row[5] for row in rows} == answered
    assert columns[6:] == ["total", *runs[0].manifest.mix.weights]
    scores = {(score.prompt_id, score.sample): score for score in runs[0].scores()}
    for row in rows:
        if row[3] == runs[0].model:
            assert row[6] == scores[row[0], row[4]].total


@pytest.mark.parametrize(
    ("name", "said"),
    [("tensorbord", "give one of wandb, mlflow, trackio"), ("", "give one of wandb, mlflow, trackio")],
)
def test_trackers_that_are_not_known(name: str, said: str, folders: list[Path], capsys: Any) -> None:
    with pytest.raises(SystemExit):
        main([*map(str, folders), f"--log-to={name}"])
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_tracker_that_is_not_installed_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grpokit.reports.trackers.find_spec", lambda name: None)
    with pytest.raises(TrackerError, match=r"needs the package mlflow: pip install 'grpokit\[mlflow\]'"):
        check_tracker("mlflow")


def test_one_that_fails_leaves_the_verdict(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(logged: Any) -> None:
        raise ConnectionError("no route to host\nand more")

    status = main([*map(str, folders)])
    capsys.readouterr()
    monkeypatch.setattr("grpokit.reports.trackers.find_spec", lambda name: True)
    monkeypatch.setattr("grpokit.reports.trackers.TRACKERS", {**TRACKERS, "wandb": fail})
    assert main([*map(str, folders), "--log-to", "wandb"]) == status
    shown = capsys.readouterr()
    assert "note: --log-to wandb: ConnectionError: no route to host" in shown.err
    assert "against" in shown.out or "IMPROVED" in shown.out


def logged(folders: list[Path], name: str, place: Path, **environment: str) -> None:
    """Report on the runs and log to a tracker in a process of its own, with a secret in its environment."""
    place.mkdir()
    words = [sys.executable, "-m", "grpokit.commands.report", *map(str, folders), "--log-to", name]
    own = {**os.environ, "OPENAI_API_KEY": SECRET, "HF_TOKEN": SECRET, **environment}
    done = subprocess.run(words, cwd=place, env=own, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert "note: --log-to" not in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    for path in place.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


def test_wandb_offline(folders: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="wandb is an extra: pip install 'grpokit[wandb]'")
    place = tmp_path / "place"
    logged(folders, "wandb", place, WANDB_MODE="offline", WANDB_DIR=str(place), WANDB_API_KEY=SECRET)
    (run,) = place.rglob("run-*.wandb")
    content = run.read_bytes()
    for text in (b"total", b"samples", b"sampling/temperature"):
        assert text in content
    assert any(path.suffix == ".json" and "table" in str(path) for path in place.rglob("*"))


def test_mlflow_in_a_folder(folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is an extra: pip install 'grpokit[mlflow]'")
    place = tmp_path / "place"
    uri = f"file:{place}/store"
    logged(folders, "mlflow", place, MLFLOW_TRACKING_URI=uri, MLFLOW_ALLOW_FILE_STORE="true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = mlflow.MlflowClient(tracking_uri=uri)
    (run,) = client.search_runs([client.get_experiment_by_name("grpokit").experiment_id])
    comparison = compare(find_runs(folders))
    assert run.data.metrics[f"{comparison.models[0].name}/total"] == comparison.models[0].total.estimate.mean
    assert run.data.params["prompts"] == "12"
    files = {path.name: path for path in place.rglob("*") if path.is_file()}
    assert "<html" in files["report.html"].read_text()
    assert json.loads(files["samples.json"].read_text())["columns"][0] == "question"


def test_trackio_on_this_machine(folders: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("trackio", reason="trackio is an extra: pip install 'grpokit[trackio]'")
    place = tmp_path / "place"
    logged(folders, "trackio", place, TRACKIO_DIR=str(place / "store"))
    (store,) = (place / "store").glob("grpokit*.db")
    with sqlite3.connect(store) as database:
        (text,) = database.execute("select metrics from metrics").fetchone()
    comparison = compare(find_runs(folders))
    assert f"{comparison.models[0].name}/total" in str(text)
    assert any(
        path.name == "report.html" or b"<html" in path.read_bytes()[:400] for path in place.rglob("*") if path.is_file()
    )
