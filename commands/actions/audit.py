"""``grpo-eval audit``: the rows that a mix is tried on, and the table of hacks."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...evaluate.tasks.tables import read_table
from ...rewards import RewardMix
from ...rewards.accepted import accepted
from ...rewards.checks.audit import AuditReport, audit
from ...rewards.checks.honest import AuditRow
from ...rewards.reward import REFERENCE_COLUMNS
from ...rewards.text import Message
from ..options import UsageError

PROMPT_COLUMNS = ("prompt", "question", "problem", "input")
"""Where a row's prompt is looked for unless --prompt-column says so."""

COLOURS = {"pays": "bold red", "leaks": "yellow", "closed": "green"}


@dataclass(frozen=True)
class RowOptions:
    """Which rows a mix is tried on; without --data the built-in ones. A column that is None is looked for."""

    data: Path | None
    limit: int
    prompt_column: str | None
    reference_column: str | None

    def read(self) -> Sequence[AuditRow] | None:
        """Return those of the first rows that have a reference; None for the built-in ones.

        Raises UsageError for a file without rows and for a column that is not there.
        """
        if self.data is None:
            return None
        rows = list(islice(read_table(self.data), self.limit))
        if not rows:
            raise UsageError(f"{self.data} has no rows.")
        prompt = _column(rows[0], self.prompt_column, PROMPT_COLUMNS, "--prompt-column")
        reference = _column(rows[0], self.reference_column, REFERENCE_COLUMNS, "--reference-column")
        firsts = [next(iter(accepted(row.get(reference))), "") for row in rows]  # one of several that a row accepts
        used = [
            AuditRow(_text(asked), str(one), messages=_messages(asked))
            for asked, one in zip((row.get(prompt) for row in rows), firsts, strict=True)
            if one != ""
        ]
        if len(used) < len(rows):
            print(
                f"note: {len(rows) - len(used)} of {len(rows)} rows have no {reference!r}: left out.", file=sys.stderr
            )
        return used


def audited(spec: str, rows: RowOptions) -> AuditReport:
    """Audit a mix."""
    mix = RewardMix.parse(spec)
    return audit(mix, rows.read(), rows.reference_column or "reference")


def _column(row: Mapping[str, Any], given: str | None, usual: tuple[str, ...], option: str) -> str:
    for name in (given,) if given else usual:
        if name in row:
            return name
    wanted = repr(given) if given else " or ".join(map(repr, usual))
    raise UsageError(f"no column {wanted}; columns here: {', '.join(row)}. Name one with {option}.")


def _messages(prompt: Any) -> list[Message] | None:
    return prompt if isinstance(prompt, list) and all(isinstance(message, dict) for message in prompt) else None


def _text(prompt: Any) -> str:
    """Return a prompt as text; of chat messages, their contents."""
    if isinstance(prompt, list):
        return "\n".join(str(message.get("content", "")) for message in prompt if isinstance(message, dict))
    return str(prompt)


def show(report: AuditReport) -> None:
    """Print the table of hacks, worst first, and the verdict."""
    table = Table(title=f"Audit of {escape(report.spec)} on {report.rows} rows", title_justify="left")
    for heading in ("hack", "verdict", "earns", "vs right", "vs wrong", "paid by"):
        table.add_column(heading, justify="right" if heading in ("earns", "vs right", "vs wrong") else "left")
    for hack in sorted(report.hacks, key=lambda hack: -hack.earning.total):
        table.add_row(
            hack.name,
            f"[{COLOURS[hack.payment]}]{hack.payment}[/]",
            f"{hack.earning.total:.3f}",
            f"{hack.over_right:+.3f}",
            f"{hack.over_wrong:+.3f}",
            escape(hack.blame or ""),
        )
    console = Console()
    console.print(table)
    for hack in report.paid:
        console.print(f"[bold]{hack.name}[/]: {hack.what}, paid by {escape(hack.blame or 'nobody')}.", highlight=False)
    console.print(f"Honest right answers earn {report.right.total:.3f}, wrong ones {report.wrong.total:.3f}.")
    console.print(escape(report.verdict), style="bold red" if report.paid else "bold green")
