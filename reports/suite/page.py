"""A suite as one HTML file: a forest over its tasks, and behind it each task's own page, packed."""

from __future__ import annotations

import base64
from typing import Any

from ...evaluate.suites.comparison import SuiteComparison, SuiteVerdict
from ..embedded import pack
from ..head import interval_places
from ..html import ICON, environment, policy_of, report_scripts, task_page, template_text
from ..wording import short_names
from .words import levels, next_step, sentence, suite_rows, verdict_word


def suite_html(suite: SuiteComparison) -> str:
    """Return the page. It is as safe for any text of a model as :func:`~grpokit.reports.html.to_html`.

    The scripts of the tasks' pages stand in it once, whatever the number of tasks; a task's page takes the place of the
    suite's when its link is followed.
    """
    own, shared = template_text("suite.js"), report_scripts()
    made = environment()
    made.filters.update(places=interval_places, short=lambda name: short_names([name])[name])
    page = made.get_template("suite.html.jinja").render(
        suite=suite,
        models=[model.name for model in suite.tasks[0].comparison.models],
        views=[_view(suite, verdict) for verdict in suite.verdicts],
        levels=levels(suite) if suite.verdicts else "",
        doubtful=_doubtful(suite),
        pages=[
            (result.comparison.task, pack(task_page(result.comparison, result.runs, suite.name)))
            for result in suite.tasks
        ],
        shared=shared,
        script=own,
        style=template_text("report.css"),
        policy=policy_of([own, *shared]),
        icon=base64.b64encode(ICON.encode()).decode(),
    )
    return page.encode("utf-8", "replace").decode("utf-8")


def _view(suite: SuiteComparison, verdict: SuiteVerdict) -> dict[str, Any]:
    """Return what the template shows of a tuned model, looked up once."""
    rows = suite_rows(suite, verdict)
    return {
        "base": verdict.base,
        "tuned": verdict.tuned,
        "word": verdict_word(verdict),
        "sentence": sentence(verdict.tasks),
        "next": next_step(verdict),
        "rows": rows,
        "gains": [row.gain for row in rows],
    }


def _doubtful(suite: SuiteComparison) -> set[str]:
    """Return the tasks above whose numbers something is to be read."""
    return {
        result.comparison.task
        for result in suite.tasks
        if any(
            pair.mismatches or pair.obstacles or pair.alarms or (pair.hacking and pair.hacking.suspected)
            for pair in result.comparison.pairs
        )
    }
