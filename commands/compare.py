"""``grpo-eval compare``: runs -> comparison, and an exit status that a CI system can act on."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import options
from .main import Subparsers, command
from .targets import check_outputs

EXAMPLES = """\
examples:
  grpo-eval compare runs/first                      all the models of one evaluation, the first is the base
  grpo-eval compare runs/base runs/tuned --margin 0.01 --strict
"""


def add_parser(commands: Subparsers) -> None:
    """Add the command to ``grpo-eval``."""
    parser = command(
        commands,
        "compare",
        run,
        help="compare runs, question by question",
        description="Compare finished runs of one task. The first is the base; every other is paired with it.",
        examples=EXAMPLES,
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a run's directory, or one that holds runs")
    options.add_reports(parser)


def run(args: argparse.Namespace) -> int:
    """Compare and show."""
    from .results import show_results  # --help starts without it

    report = options.read(options.ReportOptions, args)
    check_outputs(report.outputs)
    return show_results(args.runs, report)
