"""``grpo-eval signal``: run -> would GRPO learn from this task with this mix and this model?"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from . import options
from .main import OK, Subparsers, command

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from ..evaluate.runs.run import Run

EXAMPLES = """\
examples:
  grpo-eval run --task gsm8k --split train --model org/model --samples 8 --temperature 1 --out runs/forecast
  grpo-eval signal runs/forecast --group 8
  grpo-eval signal runs/forecast --prompts worth.jsonl
  grpo-train distilgpt2-gsm8k --data worth.jsonl                     train on these prompts alone

GRPO learns from the differences of reward within the group of completions of one prompt. A group whose rewards
are all equal teaches nothing. The run must have at least as many samples per prompt as the group has completions.
The prompts are written with the columns of their task; those of a card of your own have the reference as 'reference'.
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
    if args.prompts:  # first, since the reader of what is printed may leave
        _write_prompts(runs[0], set(forecast.worth), args.prompts)
    if args.json:
        options.write_json(asdict(forecast), args.json)
    if args.json != "-":
        from rich.console import Console

        from ..reports.signal import print_signal

        print_signal(forecast, Console(highlight=False))
    return OK


def _write_prompts(source: Run, worth: set[str], target: Path) -> None:
    """Write the prompts as rows that feed their task again."""
    from ..evaluate.tasks import load_task, task_names
    from ..files import write_lines

    name = source.manifest.task.name
    card = load_task(name) if name.partition(":")[0] in task_names() else None
    chosen = (prompt for prompt in source.asked() if prompt.id in worth)
    write_lines(target, ({"id": one.id, **(one.columns if card is None else card.row(one))} for one in chosen))
    print(f"prompts: {target} ({len(worth)} of them)", file=sys.stderr)
