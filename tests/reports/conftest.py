"""One comparison of two models that the tests of all reports look at."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from grpokit.evaluate.comparison import Comparison
from grpokit.evaluate.pairing import compare
from grpokit.evaluate.run import Run
from grpokit.tests.reports.runs import BASE, HOSTILE, TUNED, write_run


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
