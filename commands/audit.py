"""``grpo-eval audit``: which hacks would a mix pay for, and how much?"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import options
from .main import FAILED, OK, Subparsers, command

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..rewards.checks.audit import AuditReport
    from ..rewards.checks.honest import AuditRow

PROMPT_COLUMNS = ("prompt", "question", "problem", "input")
"""Where a row's prompt is looked for unless --prompt-column says so."""

COLOURS = {"pays": "bold red", "leaks": "yellow", "closed": "green"}

EXAMPLES = """\
examples:
  grpo-eval audit --rewards "correctness=2,xml_format=0.5,length(target=200)=0.25"
  grpo-eval audit --rewards my_rewards:score --data rows.jsonl --prompt-column question --reference-column answer

exit status: 0 honesty pays best, 1 a hack earns as much as honest work, 2 wrong usage or input
"""


def add_parser(commands: Subparsers) -> None:
    """Add the command to ``grpo-eval``."""
    parser = command(
        commands,
        "audit",
        run,
        help="probe a mix of rewards with known hacks",
        description="Score honest and hacked completions with a mix, and say which hacks it would pay for.",
        examples=EXAMPLES,
    )
    parser.add_argument("--rewards", metavar="SPEC", required=True, help="the mix, such as 'correctness=2,xml_format'")
    parser.add_argument("--data", type=Path, metavar="FILE", help="rows from .jsonl, .csv or .parquet (default: own)")
    parser.add_argument("--prompt-column", metavar="NAME", help=f"default: {', '.join(PROMPT_COLUMNS)}")
    parser.add_argument("--reference-column", metavar="NAME", help="default: answer, solution, reference, ground_truth")
    parser.add_argument("--limit", type=options.positive, default=64, metavar="N", help="first N rows (%(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON; - is standard output")


def run(args: argparse.Namespace) -> int:
    """Audit, show, and fail when a hack pays."""
    from ..rewards import RewardMix
    from ..rewards.checks.audit import audit
    from ..rewards.checks.honest import BUILT_IN

    mix = RewardMix.parse(args.rewards)
    rows: Sequence[AuditRow] = BUILT_IN
    if args.data is not None:
        rows = read_rows(args.data, args.limit, args.prompt_column, args.reference_column)
    report = audit(mix, rows, args.reference_column or "reference")
    if args.json:
        options.write_json(report.as_dict(), args.json)
    if args.json != "-":
        show(report)
    return FAILED if report.paid else OK


def read_rows(path: Path, limit: int, prompt_column: str | None, reference_column: str | None) -> list[AuditRow]:
    """Return those of the first ``limit`` rows that have a reference; a column that is None is looked for.

    Raises UsageError for a file without rows and for a column that is not there.
    """
    from ..evaluate.tasks.tables import read_table
    from ..rewards.checks.honest import AuditRow
    from ..rewards.reward import REFERENCE_COLUMNS

    rows = list(islice(read_table(path), limit))
    if not rows:
        raise options.UsageError(f"{path} has no rows.")
    prompt = _column(rows[0], prompt_column, PROMPT_COLUMNS, "--prompt-column")
    reference = _column(rows[0], reference_column, REFERENCE_COLUMNS, "--reference-column")
    return [
        AuditRow(_text(row.get(prompt)), str(row[reference])) for row in rows if row.get(reference) not in (None, "")
    ]


def _column(row: Mapping[str, Any], given: str | None, usual: tuple[str, ...], option: str) -> str:
    for name in (given,) if given else usual:
        if name in row:
            return name
    wanted = repr(given) if given else " or ".join(map(repr, usual))
    raise options.UsageError(f"no column {wanted}; columns here: {', '.join(row)}. Name one with {option}.")


def _text(prompt: Any) -> str:
    """Return a prompt as text; of chat messages, their contents."""
    if isinstance(prompt, list):
        return "\n".join(str(message.get("content", "")) for message in prompt if isinstance(message, dict))
    return str(prompt)


def show(report: AuditReport) -> None:
    """Print the table of hacks, worst first, and the verdict."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

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
