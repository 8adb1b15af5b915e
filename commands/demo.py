"""``grpo-eval demo``: the whole loop on the embedded model, in two minutes, without a network."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .ending import USAGE
from .main import Subparsers, command

RECIPE = "arithmetic-tiny"

EXAMPLES = """\
examples:
  grpo-eval demo                          into the folder grpokit-demo
  grpo-eval demo --out /tmp/first-look

The same by hand: grpo-train arithmetic-tiny --out DIR/train --html DIR/report.html
"""


def add_parser(commands: Subparsers) -> None:
    """Add the command to ``grpo-eval``."""
    parser = command(
        commands,
        "demo",
        run,
        help="evaluate, train and compare the embedded model; no network",
        description="Ask the embedded 84,544-parameter model held-out sums, train it by GRPO on the recipe\n"
        f"{RECIPE}, ask again, and compare: a minute or two on a CPU, no network, no GPU.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--out", type=Path, default=Path("grpokit-demo"), metavar="DIR", help="a folder for it (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Train the demo's recipe into a new folder, as ``grpo-train`` does."""
    from . import train

    page, folder = args.out / "report.html", args.out / "train"
    if folder.exists():
        print(f"grpo-eval demo: {folder} is there already; give another --out, or remove it.", file=sys.stderr)
        return USAGE
    args.out.mkdir(parents=True, exist_ok=True)
    return train.run(train.build_parser().parse_args([RECIPE, "--out", str(folder), "--html", str(page)]))
