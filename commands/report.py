"""``grpo-report``: finished runs -> the comparison in the terminal, and as HTML, Markdown or JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import options
from .log_options import LogOptions, add_sources, inputs
from .main import Parser, add_version, execute
from .report_options import ReportOptions, add_reports
from .targets import check_outputs

EXAMPLES = """\
examples:
  grpo-report runs/first --html report.html
  grpo-report runs/base runs/tuned --markdown comment.md --json -
  grpo-report base=logs/base.eval tuned=logs/tuned.eval --html report.html
  grpo-report runs --html index.html                          a row per evaluation in a folder, and a page of each
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
        description="Report on finished runs, or logs of other tools, of one task. The first is the base; every other "
        "is paired with it.",
        epilog=EXAMPLES,
    )
    add_version(parser)
    add_sources(parser)
    add_reports(parser)
    parser.add_argument("--card", type=Path, metavar="FOLDER", help="write the comparison into this model's README.md")
    parser.set_defaults(run=run, prog=parser.prog)
    return parser


def run(args: argparse.Namespace) -> int:
    """Compare and report."""
    from .actions.logs import opened_runs  # --help starts without it
    from .index import Index, index_of
    from .results import show_runs
    from .suites import refuse, show_suites, suites_of

    report = options.read(ReportOptions, args)
    logs, scoring = options.read(LogOptions, args), options.read(options.ScoringOptions, args)
    outputs = {**report.outputs, "--card": None if args.card is None else args.card / "README.md"}
    check_outputs(outputs, inputs=inputs(args.sources))
    scored = {"--rewards": args.rewards, "--primary": args.primary, "--on": args.on, "--card": args.card}
    if suites := suites_of(args.sources, dict.fromkeys(logs.given, True) | scored):
        return show_suites(suites, report)
    if (folder := index_of(args.sources)) is not None:
        refuse(dict.fromkeys(logs.given, True) | scored, f"one evaluation: give one of those in {folder}")
        return Index(folder, report).show()
    with opened_runs(args.sources, logs, scoring, shared=args.on is not None) as opened:
        cards = [] if args.card is None else [args.card]
        return show_runs(opened.runs, report, cards, temporary=opened.temporary)


if __name__ == "__main__":
    sys.exit(main())
