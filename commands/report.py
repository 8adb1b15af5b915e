"""``grpo-report``: finished runs -> the comparison in the terminal, and as HTML, Markdown or JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import options
from .main import Parser, execute
from .targets import check_outputs

EXAMPLES = """\
examples:
  grpo-report runs/first --html report.html
  grpo-report runs/base runs/tuned --markdown comment.md --json -
  grpo-report runs/base runs/tuned --card adapter             write the evaluation into the adapter's model card

exit status: 0 held or improved, 1 regressed, 2 wrong usage or input, 3 underpowered (with --strict), 70 a fault
of this program's
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``grpo-report`` and return its exit status."""
    return execute(build_parser(), argv)


def build_parser() -> Parser:
    """Return the parser of ``grpo-report``."""
    parser = Parser(
        prog="grpo-report",
        description="Report on finished runs of one task. The first is the base; every other is paired with it.",
        epilog=EXAMPLES,
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a run's directory, or one that holds runs")
    options.add_reports(parser)
    parser.add_argument("--card", type=Path, metavar="FOLDER", help="write the comparison into this model's README.md")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Compare and report."""
    from .results import show_results  # --help starts without it

    report = options.read(options.ReportOptions, args)
    check_outputs({**report.outputs, "--card": None if args.card is None else args.card / "README.md"})
    return show_results(args.runs, report, [] if args.card is None else [args.card])


if __name__ == "__main__":
    sys.exit(main())
