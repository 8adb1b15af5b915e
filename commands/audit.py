"""``grpo-eval audit``: which hacks would a mix pay for, and how much?"""

from __future__ import annotations

import argparse
from pathlib import Path

from . import numbers, options
from .ending import FAILED, OK, reader_may_leave
from .main import Subparsers, command
from .targets import check_outputs, json_text, write_output

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
    parser.add_argument("--prompt-column", metavar="NAME", help="default: prompt, question, problem, input")
    parser.add_argument("--reference-column", metavar="NAME", help="default: answer, solution, reference, ground_truth")
    parser.add_argument("--limit", type=numbers.positive, default=64, metavar="N", help="first N rows (%(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON; - is standard output")


def run(args: argparse.Namespace) -> int:
    """Audit, show, and fail when a hack pays."""
    from .actions.audit import RowOptions, audited, show

    check_outputs({"--json": args.json}, inputs={"--data": args.data})
    report = audited(args.rewards, options.read(RowOptions, args))
    with reader_may_leave():  # the verdict stands all the same
        if args.json is not None:
            write_output(json_text(report.as_dict(), args.json), args.json, "json")
        if args.json != "-":
            show(report)
    return FAILED if report.paid else OK
