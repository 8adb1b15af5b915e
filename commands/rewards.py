"""``grpo-eval rewards``: list the rewards, show one, and test any function that wants to be one."""

from __future__ import annotations

import argparse

from .ending import FAILED, OK, reader_may_leave
from .main import Subparsers, command

EXAMPLES = """\
examples:
  grpo-eval rewards list
  grpo-eval rewards show conciseness
  grpo-eval rewards check my_rewards:score
  grpo-eval rewards check my_rewards:is_right --family correctness

A third party's reward is named by its import path, or registered in the entry-point group 'grpokit.rewards'.
"""


def add_parser(commands: Subparsers) -> None:
    """Add the command to ``grpo-eval``."""
    parser = command(
        commands,
        "rewards",
        None,
        help="list, show or check rewards",
        description="List the rewards, show one, or run the property tests and hard cases on any reward.",
        examples=EXAMPLES,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    command(actions, "list", run_list, "list all rewards by name")
    show = command(actions, "show", run_show, "show what one computes, with its parameters")
    show.add_argument("reward", metavar="NAME", help="a name, pkg.module:function, or NAME(parameter=value)")
    check = command(actions, "check", run_check, "run property tests and hard cases; exit status 1 when one fails")
    check.add_argument("reward", metavar="NAME", help="a name, pkg.module:function, or NAME(parameter=value)")
    check.add_argument("--family", metavar="NAME", help="also the hard cases of this built-in reward")


def run_list(args: argparse.Namespace) -> int:
    """Print a table of all rewards."""
    from .actions import rewards

    with reader_may_leave():
        rewards.list_all()
    return OK


def run_show(args: argparse.Namespace) -> int:
    """Print one reward's parameters and documentation."""
    from .actions import rewards

    rewards.show(args.reward)
    return OK


def run_check(args: argparse.Namespace) -> int:
    """Run all checks on one reward and print what was seen."""
    from .actions import rewards

    return FAILED if rewards.failures(args.reward, args.family) else OK
