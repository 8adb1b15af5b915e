"""``grpo-eval compare``: runs -> comparison, and an exit status that a CI system can act on."""

from __future__ import annotations

import argparse

from . import options
from .log_options import LogOptions, add_sources, inputs
from .main import Subparsers, command
from .report_options import ReportOptions, add_reports
from .targets import check_outputs

EXAMPLES = """\
examples:
  grpo-eval compare runs/first                      all the models of one evaluation, the first is the base
  grpo-eval compare runs/base runs/tuned --margin 0.01 --strict
  grpo-eval compare base=logs/base.eval tuned=logs/tuned.eval
  grpo-eval compare base=lm/base tuned=lm/tuned --task gsm8k --filter strict-match
  grpo-eval compare base=runs/mine/final/base 'new=runs/mine/seed-*'     five training seeds as one model
  grpo-eval compare 'old=runs/a/seed-*' 'new=runs/b/seed-*'              is recipe b better than recipe a?
"""


def add_parser(commands: Subparsers) -> None:
    """Add the command to ``grpo-eval``."""
    parser = command(
        commands,
        "compare",
        run,
        help="compare runs, or logs of other tools, question by question",
        description="Compare finished runs, or logs of other tools, of one task. The first is the base; every other is "
        "paired with it. NAME=RUN[,RUN...] makes runs of one recipe that differ by the training seed one model: each "
        "is a run, a training run's folder, or a pattern of such folders.",
        examples=EXAMPLES,
    )
    add_sources(parser)
    add_reports(parser)


def run(args: argparse.Namespace) -> int:
    """Compare and show."""
    from .actions.logs import opened_runs  # --help starts without it
    from .results import show_runs
    from .suites import show_suites, suites_of

    report = options.read(ReportOptions, args)
    logs, scoring = options.read(LogOptions, args), options.read(options.ScoringOptions, args)
    check_outputs(report.outputs, inputs=inputs(args.sources))
    scored = {"--rewards": args.rewards, "--primary": args.primary, "--on": args.on}
    if suites := suites_of(args.sources, dict.fromkeys(logs.given, True) | scored):
        return show_suites(suites, report)
    with opened_runs(args.sources, logs, scoring, shared=args.on is not None) as opened:
        return show_runs(opened.runs, report, temporary=opened.temporary)
