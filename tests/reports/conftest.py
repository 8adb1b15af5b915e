"""One comparison of two models that the tests of all reports look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from grpokit.evaluate.paired.comparison import Comparison
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import Run
from grpokit.reports.html import write_html
from grpokit.tests.reports.runs import BASE, HOSTILE, TUNED, write_run

if TYPE_CHECKING:
    from grpokit.tests.reports.pages import Watched
    from playwright.sync_api import Browser


class Compared(NamedTuple):
    """Runs and what comes of them."""

    runs: list[Run]
    comparison: Comparison


@pytest.fixture(scope="session")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """60 questions with 4 samples each; the tuned model is better."""
    folder = tmp_path_factory.mktemp("runs")
    runs = [write_run(folder / model.name, model) for model in (BASE, TUNED)]
    return Compared(runs, compare(runs))


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """Markup wherever a model, a data set or a reward can put text."""
    folder = tmp_path_factory.mktemp("hostile")
    runs = [
        write_run(folder / model.name, model._replace(name=f"{model.name}{HOSTILE}"), say=HOSTILE, task=HOSTILE)
        for model in (BASE, TUNED)
    ]
    return Compared(runs, compare(runs))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium; tests that need it are skipped where there is none."""
    from grpokit.tests.reports.pages import CHROMIUM, FLAGS, sync_api

    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: pages not tested")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def report(compared: Compared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the comparison."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_html(compared.comparison, compared.runs, path)
    return path


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Watched]:
    """The page of the comparison, open; it must not have complained when the test is over."""
    from grpokit.tests.reports.pages import Watched

    watched = Watched(browser, report, viewport={"width": 1280, "height": 900})
    yield watched
    watched.page.close()
    assert watched.complaints == []
