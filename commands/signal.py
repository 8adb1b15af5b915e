"""``grpo-eval signal``: run -> would GRPO learn from this task with this mix and this model?"""

from __future__ import annotations

import argparse
from pathlib import Path

from . import numbers
from .ending import OK
from .main import Subparsers, command

EXAMPLES = """\
examples:
  grpo-eval run --task gsm8k --split train --model org/model --samples 8 --temperature 1 --out runs/forecast
  grpo-eval signal runs/forecast --group 8
  grpo-eval signal runs/forecast --prompts worth.jsonl
  grpo-train distilgpt2-gsm8k --data worth.jsonl                     train on these prompts alone

GRPO learns from the differences of reward within the group of completions of one prompt. A group whose rewards
are all equal teaches nothing, and one whose completions differ in length alone teaches length. The run must have at
least as many samples per prompt as the group has completions.
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
    parser.add_argument("--group", type=numbers.positive, default=8, metavar="G", help="group size (default: 8)")
    parser.add_argument(
        "--scale-rewards",
        choices=("group", "batch", "none"),
        default="group",
        help="what the trainer divides the differences from a group's mean by (default: group, as in TRL)",
    )
    parser.add_argument("--prompts", type=Path, metavar="FILE", help="write the prompts worth training on as JSONL")
    parser.add_argument("--json", metavar="FILE", help="write the forecast as JSON; - is standard output")


def run(args: argparse.Namespace) -> int:
    """Forecast, show and write."""
    from .actions.signal import forecast

    forecast(args.source, args.group, args.scale_rewards, args.prompts, args.json)
    return OK
