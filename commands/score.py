"""``grpo-eval score``: stored completions + mix -> runs -> comparison."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import evaluate
from . import options
from .main import Subparsers, command
from .targets import check_outputs

EXAMPLES = """\
examples:
  grpo-eval score answers.jsonl --completion-column output --reference-column gold --id-column idx
  grpo-eval score answers.jsonl --completion-column output --reference-column gold --model-column model \\
      --rewards 'correctness=1,cot_clarity=0.2' --out runs/scored
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
        description="Score the completions of a file (.jsonl, .csv, .parquet) or of a run made before.",
        examples=EXAMPLES,
    )
    parser.add_argument("source", type=Path, metavar="FILE|RUN", help="the completions")
    columns = parser.add_argument_group("columns of FILE")
    columns.add_argument("--completion-column", default="completion", metavar="NAME", help="default: %(default)s")
    columns.add_argument("--reference-column", metavar="NAME", help="what rewards compare with")
    columns.add_argument("--prompt-column", metavar="NAME", help="what was asked")
    columns.add_argument("--model-column", metavar="NAME", help="who answered: one run per model, compared pairwise")
    columns.add_argument("--id-column", metavar="NAME", help="which question; rows of one id and model are samples")
    options.add_rewards(parser)
    options.add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Score and show."""
    from .actions.score import rescore_runs, score_file
    from .output import output_folder
    from .results import show_results

    scoring, report = options.read(options.ScoringOptions, args), options.read(options.ReportOptions, args)
    source = args.source
    check_outputs(report.outputs, args.out, {"FILE": source})
    columns = evaluate.Columns(
        completion=args.completion_column,
        reference=args.reference_column,
        prompt=args.prompt_column,
        model=args.model_column,
        id=args.id_column,
    )
    with output_folder(args.out, source.stem or "scored") as out:
        rescoring = source.is_dir()
        folders = rescore_runs(source, scoring, out) if rescoring else score_file(source, columns, scoring, out)
        return show_results(folders, report)
