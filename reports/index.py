"""An index of many evaluations: a row per comparison, with its verdict, and a link to its page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from rich.console import Console
from rich.text import Text

from ..evaluate.paired.change import Difference
from .bars import plain_table
from .html import ICON, environment, policy_of, template_text
from .json_report import SCHEMA
from .markdown import markdown_table, markdown_text
from .wording import interval, number, one_line, signed


class IndexRow(NamedTuple):
    """A tuned model beside its base, or a model alone, in the folder ``name``; or, with a ``fault``, why it has no row.

    ``task`` is a task or a suite, ``said`` the mean of a model alone or the sentence of a suite, ``gain`` the change of
    the primary metric. ``page`` is the path of its page from that of the index, None where none was written.
    """

    name: str
    task: str = ""
    base: str = ""
    tuned: str = ""
    verdict: str = ""
    gain: Difference | None = None
    said: str = ""
    date: str = ""
    page: str | None = None
    fault: str = ""

    @property
    def models(self) -> str:
        """The models in words."""
        return f"{self.base} → {self.tuned}" if self.tuned else self.base

    @property
    def change(self) -> str:
        """The change with its interval, else what is said in its place."""
        if self.gain is None:
            return self.fault or self.said
        return f"{signed(self.gain.delta)} ({interval(self.gain.low, self.gain.high)})"

    @property
    def link(self) -> str:
        """The address of its page."""
        return "" if self.page is None else quote(self.page)


def print_index(rows: Sequence[IndexRow], console: Console) -> None:
    """Print a row per evaluation."""
    table = plain_table("evaluation")
    for heading in ("task", "models", "verdict", "change", "date"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        cells = (row.name, row.task, row.models, row.verdict or "-", row.change, row.date)
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    console.print(table)


def index_json(rows: Sequence[IndexRow]) -> dict[str, Any]:
    """Return the index as a JSON object."""
    return {"schema": SCHEMA, "evaluations": [_entry(row) for row in rows]}


def _entry(row: IndexRow) -> dict[str, Any]:
    gain = row.gain
    numbers = {key: gain and getattr(gain, key) for key in ("delta", "low", "high", "level")}
    words = {"folder": row.name, "task": row.task, "base": row.base, "tuned": row.tuned or None}
    said = {"verdict": row.verdict or None, **numbers, "said": row.said or None, "fault": row.fault or None}
    return {**words, **said, "date": row.date, "page": row.page}


def index_markdown(rows: Sequence[IndexRow]) -> str:
    """Return the index as GitHub-flavoured Markdown."""
    heads = ["evaluation", "task", "models", "verdict", "change", "date"]
    cells = [
        [row.name, *(markdown_text(cell) for cell in (row.task, row.models, row.verdict, row.change, row.date))]
        for row in rows
    ]
    return f"### Evaluations\n\n{markdown_table(heads, cells)}\n"


def index_html(rows: Sequence[IndexRow], folder: str) -> str:
    """Return the index of a ``folder`` as a page without scripts, which links to the pages of its rows."""
    page = (
        environment()
        .get_template("index.html.jinja")
        .render(
            rows=rows,
            folder=folder,
            style=template_text("report.css"),
            policy=policy_of([]),
            icon=base64.b64encode(ICON.encode()).decode(),
        )
    )
    return page.encode("utf-8", "replace").decode("utf-8")


def mean_of(value: float | None, low: float | None, high: float | None) -> str:
    """Return a mean with its interval in words.

    >>> mean_of(0.5, 0.4, 0.6), mean_of(None, None, None)
    ('0.500 (0.400 to 0.600)', '-')
    """
    return number(value) if low is None or high is None else f"{number(value)} ({number(low)} to {number(high)})"
