"""``grpo-eval score``: stored completions + mix -> runs -> comparison."""

from __future__ import annotations

import argparse

from . import options
from .log_options import LogOptions, Source, add_logs, inputs
from .main import Subparsers, command
from .report_options import ReportOptions, add_output
from .targets import check_outputs

EXAMPLES = """\
examples:
  grpo-eval score answers.jsonl --completion-column output --reference-column gold --id-column idx
  grpo-eval score answers.jsonl --completion-column output --reference-column gold --model-column model \\
      --rewards 'correctness=1,cot_clarity=0.2' --out runs/scored
  grpo-eval score base=a.jsonl tuned=b.jsonl --completion-column output --reference-column gold --id-column idx
  grpo-eval score base=logs/base.eval tuned=logs/tuned.eval --rewards correctness
  grpo-eval score runs/first/tuned --rewards 'xml_format=1' --out runs/first-format

A directory is a run made before: its completions are scored again, into another run beside them.
"""


def add_parser(commands: Subparsers) -> None:
    """Add the command to ``grpo-eval``."""
    parser = command(
        commands,
        "score",
        run,
        help="score stored completions, or a run again",
        description="Score the completions of tables (.jsonl, .csv, .parquet), of logs, or of a run made before.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "sources", nargs="+", type=Source.parse, metavar="FILE|RUN", help="the completions; NAME=FILE names their model"
    )
    add_logs(parser)
    options.add_rewards(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Score and show."""
    from .actions.score import rescore_runs, score_logs
    from .output import output_folder
    from .results import show_results

    scoring, report = options.read(options.ScoringOptions, args), options.read(ReportOptions, args)
    logs, sources = options.read(LogOptions, args), args.sources
    check_outputs(report.outputs, args.out, inputs(sources))
    with output_folder(args.out, sources[0].path.stem or "scored") as out:
        rescored = rescore_runs(sources, logs, scoring, out)
        return show_results(rescored or score_logs(sources, logs, scoring, out), report)
