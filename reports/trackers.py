"""A comparison in an experiment tracker: its figures, a table of answers and the page, by the tracker's own client.

Where a tracker is, and who may write there, its client reads from the environment (``WANDB_MODE``,
``MLFLOW_TRACKING_URI``, ``TRACKIO_DIR``). Of the environment, the command line and the machine nothing is handed over.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import GrpokitError, first_line
from ..evaluate.paired.arms import Arm, runs_of
from ..evaluate.paired.comparison import Comparison
from ..evaluate.runs.run import Run
from ..evaluate.suites.comparison import SuiteComparison
from .json_report import to_json
from .samples import read_questions

QUESTIONS = 200
"""So many questions, with every model's answers to them, go into the table."""

COLUMNS = ["question", "prompt", "reference", "model", "sample", "answer", "total"]
"""Those of the table; one per reward follows."""

PROJECT = "grpokit"
"""The project, or experiment, unless the tracker's own environment names one."""


class TrackerError(GrpokitError):
    """A tracker does not take what is logged."""


class Logged(NamedTuple):
    """What is handed over: the name of the run, settings, numbers by name, the table of answers, and the page."""

    name: str
    settings: Mapping[str, Any]
    metrics: Mapping[str, float]
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    page: str


def check_tracker(name: str) -> None:
    """Raise :class:`TrackerError` for a tracker that is not known, or whose client is not installed.

    >>> check_tracker("tensorbord")
    Traceback (most recent call last):
    ...
    grpokit.reports.trackers.TrackerError: --log-to 'tensorbord': give one of wandb, mlflow, trackio.
    """
    if name not in TRACKERS:
        raise TrackerError(f"--log-to {name!r}: give one of {', '.join(TRACKERS)}.")
    if find_spec(name) is None:
        raise TrackerError(f"--log-to {name} needs the package {name}: pip install 'grpokit[{name}]'.")


def log_to(name: str, comparison: Comparison, sides: Sequence[Run | Arm], page: str) -> None:
    """Hand a comparison of these runs, and its ``page`` in HTML, to a tracker.

    Raises :class:`TrackerError` where the tracker cannot be reached or does not take it.
    """
    _send(name, Logged(comparison.task, settings(sides), metrics(comparison), *table(sides), page))


def log_suite_to(name: str, suite: SuiteComparison, page: str) -> None:
    """Hand a suite, and its ``page`` in HTML, to a tracker as one run, in which names begin with that of their task.

    Raises what :func:`log_to` raises.
    """
    _send(name, Logged(suite.name, suite_settings(suite), suite_metrics(suite), *suite_table(suite), page))


def _send(name: str, logged: Logged) -> None:
    try:
        TRACKERS[name](logged)
    except Exception as error:  # of a client, the network or a server: the comparison stands all the same
        raise TrackerError(f"--log-to {name}: {type(error).__name__}: {first_line(error)}") from None


def settings(sides: Sequence[Run | Arm]) -> dict[str, Any]:
    """Return what was asked and how, of the first run's manifest, and the weights of every model."""
    runs = runs_of(sides)
    first = runs[0].manifest
    return {
        "task": first.task.name,
        "prompts": first.task.prompts,
        "asked": first.task.source,
        "fingerprint": first.task.fingerprint,
        "primary": first.task.primary,
        "rewards": first.mix.spec,
        **{f"sampling/{key}": value for key, value in (first.sampling or {}).items()},
        **{f"weights/{run.model}": run.manifest.weights for run in runs},
    }


def metrics(comparison: Comparison) -> dict[str, float]:
    """Return the means of every model, and of every pair the changes with their intervals, by name."""
    report = to_json(comparison)
    named: dict[str, float | None] = {}
    for model in report["models"]:
        for reward, summary in {**model["rewards"], "total": model["total"]}.items():
            named[f"{model['name']}/{reward}"] = summary["mean"]
    for pair in report["pairs"]:
        for reward, change in {**pair["rewards"], "total": pair["total"]}.items():
            for key in ("delta", "low", "high"):
                named[f"{pair['tuned']} against {pair['base']}/{reward}/{key}"] = change[key]
    return {name: float(value) for name, value in named.items() if value is not None}


def table(sides: Sequence[Run | Arm]) -> tuple[list[str], list[list[Any]]]:
    """Return the columns and the rows of the first questions' answers, one row per answer."""
    rewards = list(runs_of(sides)[0].manifest.mix.weights)
    names = [runs_of([side])[0].model for side in sides]
    rows = [
        [question.id, question.prompt, question.reference, name, sample, answer.text, answer.total]
        + [answer.rewards[reward].value if reward in answer.rewards else None for reward in rewards]
        for question in islice(read_questions(sides), QUESTIONS)
        for name, answers in zip(names, question.answers, strict=True)
        for sample, answer in enumerate(answers)
    ]
    return [*COLUMNS, *rewards], rows


def suite_settings(suite: SuiteComparison) -> dict[str, Any]:
    """Return the verdicts of a suite, what each task is there for, and the settings of each."""
    verdicts = {f"verdict/{one.tuned}": one.verdict and one.verdict.value for one in suite.verdicts}
    tasks = {
        f"{one.comparison.task}/{key}": value
        for one in suite.tasks
        for key, value in {"role": one.role, **settings(one.runs)}.items()
    }
    return {"suite": suite.name, **verdicts, **tasks}


def suite_metrics(suite: SuiteComparison) -> dict[str, float]:
    """Return the figures of each task of a suite, by the task's name and theirs."""
    return {
        f"{one.comparison.task}/{name}": value for one in suite.tasks for name, value in metrics(one.comparison).items()
    }


def suite_table(suite: SuiteComparison) -> tuple[list[str], list[list[Any]]]:
    """Return one table of the answers to all tasks; a reward that a task does not have is None in its rows."""
    tables = [(one.comparison.task, *table(one.runs)) for one in suite.tasks]
    columns = list(dict.fromkeys(column for _, own, _ in tables for column in own))
    rows = [
        [task, *(values.get(column) for column in columns)]
        for task, own, answers in tables
        for values in (dict(zip(own, answer, strict=True)) for answer in answers)
    ]
    return ["task", *columns], rows


def _wandb(logged: Logged) -> None:
    import wandb

    bare = wandb.Settings(console="off", x_disable_meta=True, x_disable_stats=True, disable_git=True, disable_code=True)
    project = os.environ.get("WANDB_PROJECT") or PROJECT
    with wandb.init(
        project=project, name=logged.name, job_type="evaluation", config=dict(logged.settings), settings=bare
    ) as run:
        samples = wandb.Table(columns=list(logged.columns), data=[list(row) for row in logged.rows])
        run.log({**logged.metrics, "samples": samples})
        artifact = wandb.Artifact("report", type="report")
        with tempfile.TemporaryDirectory() as folder:
            artifact.add_file(str(_written(logged, Path(folder))))
            run.log_artifact(artifact)


def _mlflow(logged: Logged) -> None:
    import mlflow

    if not os.environ.get("MLFLOW_EXPERIMENT_NAME") and not os.environ.get("MLFLOW_EXPERIMENT_ID"):
        mlflow.set_experiment(PROJECT)
    with mlflow.start_run(run_name=logged.name):
        mlflow.log_params({_plain(name): str(value)[:500] for name, value in logged.settings.items()})
        mlflow.log_metrics({_plain(name): value for name, value in logged.metrics.items()})
        columns = zip(*logged.rows, strict=True) if logged.rows else [[] for _ in logged.columns]
        mlflow.log_table(
            {name: list(values) for name, values in zip(logged.columns, columns, strict=True)}, "samples.json"
        )
        mlflow.log_text(logged.page, "report.html")


def _plain(name: str) -> str:
    """Return a name in the characters that MLflow takes."""
    return re.sub(r"[^\w\-. :/]", "_", name)


def _trackio(logged: Logged) -> None:
    import trackio

    project = os.environ.get("TRACKIO_PROJECT") or PROJECT
    trackio.init(project=project, name=None, config=dict(logged.settings), auto_log_gpu=False, auto_log_cpu=False)
    try:
        samples = trackio.Table(columns=list(logged.columns), data=[list(row) for row in logged.rows])
        trackio.log({**logged.metrics, "samples": samples})
        with tempfile.TemporaryDirectory() as folder:
            trackio.log_artifact(str(_written(logged, Path(folder))), name="report", type="report")
    finally:
        trackio.finish()


def _written(logged: Logged, folder: Path) -> Path:
    page = folder / "report.html"
    page.write_text(logged.page, encoding="utf-8")
    return page


TRACKERS: Mapping[str, Callable[[Logged], None]] = {"wandb": _wandb, "mlflow": _mlflow, "trackio": _trackio}
"""How each tracker is handed a comparison, by its package's name."""
