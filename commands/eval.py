"""``grpo-eval``: score checkpoints and stored completions, compare them, look into rewards."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from . import audit, chat, compare, completion, demo, doctor, rewards, run, score, signal, tasks
from .main import Parser, add_version, execute

DESCRIPTION = "Did this training really make the model better, at what, and can I trust it?"

EXAMPLES = """\
examples:
  grpo-eval demo
  grpo-eval run --task arithmetic --model base=demo --model tuned=demo+runs/my-adapter --out runs/first
  grpo-eval run --data rows.jsonl --prompt-column question --reference-column answer --model org/model --limit 100
  grpo-eval score answers.jsonl --completion-column output --reference-column gold --model-column model
  grpo-eval compare runs/first --margin 0.02
  grpo-eval rewards list

exit status: 0 held or improved, 1 regressed, 2 wrong usage or input, 3 underpowered (with --strict), 70 a fault
of this program's, 129, 130 or 143 hung up, interrupted or terminated
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``grpo-eval`` and return its exit status."""
    return execute(build_parser(), argv)


def build_parser() -> Parser:
    """Return the parser of ``grpo-eval`` with all its commands."""
    parser = Parser(prog="grpo-eval", description=DESCRIPTION, epilog=EXAMPLES)
    add_version(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (demo, run, score, compare, signal, tasks, rewards, audit, chat, doctor, completion):
        command.add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
