"""``grpo-eval score``: stored completions + mix -> runs -> comparison."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from . import options
from .main import Subparsers, command
from .progress import progress

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from ..evaluate.logs.table import Columns
    from .options import ScoringOptions

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
    from ..evaluate.logs.table import Columns
    from .results import show_results

    out = options.output_folder(args.out, args.source.stem or "scored")
    scoring = options.read(options.ScoringOptions, args)
    if args.source.is_dir():
        folders = _rescore(args.source, scoring, out)
    else:
        columns = Columns(
            completion=args.completion_column,
            reference=args.reference_column,
            prompt=args.prompt_column,
            model=args.model_column,
            id=args.id_column,
        )
        folders = _score_file(args.source, columns, scoring, out)
    return show_results(folders, options.read(options.ReportOptions, args))


def _score_file(source: Path, columns: Columns, scoring: ScoringOptions, out: Path) -> list[Path]:
    from ..evaluate.logs.table import import_completions

    mix, primary = scoring.over("correctness", None, str(source))
    with progress() as bar, bar.track("score", None, "completions") as advance:
        runs = import_completions(source, columns, mix, primary, out, advance, scoring.calls)
    return [run.path for run in runs]


def _rescore(source: Path, scoring: ScoringOptions, out: Path) -> list[Path]:
    from ..evaluate.logs.table import rescore
    from ..evaluate.runs.run import find_runs

    folders = []
    runs = find_runs([source])
    with progress() as bar:
        for old in runs:
            folder = out if len(runs) == 1 else out / old.path.name
            mix, primary = scoring.over(
                old.manifest.mix.spec, old.manifest.task.primary, str(old.path / "manifest.json")
            )
            with bar.track(old.model, None, "completions") as advance:
                rescore(old, mix, primary, folder, advance, scoring.calls)
            folders.append(folder)
    return folders
