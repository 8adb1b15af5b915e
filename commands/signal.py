"""``grpo-eval signal``: run -> would GRPO learn from this task with this mix and this model?"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from . import options
from .main import OK, Subparsers, command

if TYPE_CHECKING:
    from ..evaluate.runs.run import Run

EXAMPLES = """\
examples:
  grpo-eval run --task gsm8k --split train --model org/model --samples 8 --temperature 1 --out runs/forecast
  grpo-eval signal runs/forecast --group 8
  grpo-eval signal runs/forecast --prompts worth.jsonl       then: grpo-train RECIPE task.subset=worth.jsonl

GRPO learns from the differences of reward within the group of completions of one prompt. A group whose rewards
are all equal teaches nothing. The run must have at least as many samples a prompt as the group.
"""


def add_parser(commands: Subparsers) -> None:
    """Add the command to ``grpo-eval``."""
    parser = command(
        commands,
        "signal",
        run,
        help="forecast whether GRPO can learn from a run's task",
        description="Forecast, before anyone pays for a GPU, whether GRPO can learn from this task, mix and model.",
        examples=EXAMPLES,
    )
    parser.add_argument("source", type=Path, metavar="RUN", help="the directory of a run")
    parser.add_argument("--group", type=options.positive, default=8, metavar="G", help="group size (default: 8)")
    parser.add_argument("--prompts", type=Path, metavar="FILE", help="write the prompts worth training on as JSONL")
    parser.add_argument("--json", metavar="FILE", help="write the forecast as JSON; - is standard output")


def run(args: argparse.Namespace) -> int:
    """Forecast, show and write."""
    from ..evaluate.paired.signal import signal
    from ..evaluate.runs.run import find_runs
    from ..evaluate.types import EvaluationError

    runs = find_runs([args.source])
    if len(runs) > 1:
        raise EvaluationError(
            f"{args.source} holds {len(runs)} runs; give one: {' or '.join(str(r.path) for r in runs)}."
        )
    forecast = signal(runs[0], args.group)
    if args.json:
        options.write_json(asdict(forecast), args.json)
    if args.json != "-":
        from rich.console import Console

        from ..reports.signal import print_signal

        print_signal(forecast, Console(highlight=False))
    if args.prompts:
        _write_prompts(runs[0], set(forecast.worth), args.prompts)
    return OK


def _write_prompts(source: Run, worth: set[str], target: Path) -> None:
    from ..files import write_lines

    write_lines(target, (dict(prompt.columns, id=prompt.id) for prompt in source.asked() if prompt.id in worth))
    print(f"prompts: {target} ({len(worth)} of them)", file=sys.stderr)
