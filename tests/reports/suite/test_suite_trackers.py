"""A suite in a tracker: one run, in which every figure, setting and answer bears its task's name."""

from pathlib import Path

import pytest
from grpokit.commands.report import main
from grpokit.evaluate.suites.card import Role
from grpokit.evaluate.suites.comparison import SuiteComparison, compare_suites
from grpokit.reports.trackers import (
    TRACKERS,
    Logged,
    metrics,
    settings,
    suite_metrics,
    suite_settings,
    suite_table,
    table,
)
from grpokit.tests.evaluate.suites.suite_runs import write_suite

ROLES: dict[str, Role] = {"gain": "target", "kept": "guard"}
ANSWERS = {"base": [50, 50], "tuned": [70, 50]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_suite(tmp_path_factory.mktemp("suite") / "s", ROLES, ANSWERS).path


@pytest.fixture(scope="module")
def suite(folder: Path) -> SuiteComparison:
    from grpokit.evaluate.suites.folder import SuiteFolder

    return compare_suites([SuiteFolder.read(folder)])


def test_figures_and_settings_of_each_task_bear_its_name(suite: SuiteComparison) -> None:
    named, kept = suite_metrics(suite), suite_settings(suite)
    for one in suite.tasks:
        task = one.comparison.task
        own = {f"{task}/{name}": value for name, value in metrics(one.comparison).items()}
        assert own.items() <= named.items()
        assert {f"{task}/{name}": value for name, value in settings(one.runs).items()}.items() <= kept.items()
        assert kept[f"{task}/role"] == one.role
    assert len(named) == sum(len(metrics(one.comparison)) for one in suite.tasks)
    (verdict,) = suite.verdicts
    assert verdict.verdict is not None
    assert kept["verdict/tuned"] == verdict.verdict.value


def test_answers_to_all_tasks_are_one_table(suite: SuiteComparison) -> None:
    columns, rows = suite_table(suite)
    own = [table(one.runs) for one in suite.tasks]
    assert columns == ["task", *own[0][0]]  # both tasks have the same rewards
    assert [row[1:] for row in rows] == [row for _, answers in own for row in answers]
    assert [row[0] for row in rows] == [
        one.comparison.task for one, (_, answers) in zip(suite.tasks, own, strict=True) for _ in answers
    ]


def test_a_suite_is_one_run_with_its_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Logged] = []
    status = main([str(folder)])
    monkeypatch.setattr("grpokit.reports.trackers.find_spec", lambda name: True)
    monkeypatch.setattr("grpokit.reports.trackers.TRACKERS", {**TRACKERS, "wandb": taken.append})
    assert main([str(folder), "--log-to", "wandb"]) == status
    (one,) = taken
    assert {name.partition("/")[0] for name in one.metrics} == {"gain", "kept"}
    assert "<html" in one.page
