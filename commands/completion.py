"""``grpo-eval completion``: the script with which a shell completes this package's commands and options."""

from __future__ import annotations

import argparse
from importlib import import_module

from .ending import OK, reader_may_leave
from .main import Subparsers, command

SHELLS = ("bash", "zsh", "tcsh")
"""The shells that the library shtab writes scripts for."""

PROGRAMS = {"grpo-eval": "eval", "grpo-train": "train", "grpo-report": "report"}
"""The programs, and where their parsers are built."""

EXAMPLES = """\
examples:
  grpo-eval completion bash > ~/.local/share/bash-completion/completions/grpo-eval
  grpo-eval completion bash --program grpo-train > ~/.local/share/bash-completion/completions/grpo-train
  grpo-eval completion zsh > ~/.zfunc/_grpo-eval      with fpath+=~/.zfunc before compinit in ~/.zshrc
"""


def add_parser(commands: Subparsers) -> None:
    """Add the command to ``grpo-eval``."""
    parser = command(
        commands,
        "completion",
        run,
        help="print the script for a shell's completion",
        description="Print the script with which a shell completes commands and options.",
        examples=EXAMPLES,
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    parser.add_argument("--program", choices=PROGRAMS, default="grpo-eval", help="for which program (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab  # for this command alone

    module = import_module(f".{PROGRAMS[args.program]}", __package__)
    script = shtab.complete(module.build_parser(), shell=args.shell)
    with reader_may_leave():
        print(script)
    return OK
