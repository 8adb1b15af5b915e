"""``grpo-eval rewards``: list the rewards, show one, and test any function that wants to be one."""

from __future__ import annotations

import argparse
import inspect
import re
from typing import TYPE_CHECKING

from .main import FAILED, OK, Subparsers, command

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..rewards import Range, Reward
    from ..rewards.checks.conformance import Check

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
    from rich.console import Console
    from rich.table import Table

    from ..rewards import get, names

    table = Table()
    for heading in ("name", "range", "what it is"):
        table.add_column(heading)
    for name in names():
        reward = get(name)
        table.add_row(name, _range(reward.range), _summary(reward))
    console = Console()
    console.print(table, highlight=False)
    console.print("gate(CONDITION, BONUS) pays the bonus only where the condition holds.", highlight=False)
    return OK


def run_show(args: argparse.Namespace) -> int:
    """Print one reward's parameters and documentation."""
    from rich.console import Console

    from ..rewards import get

    reward = get(args.reward)
    console = Console(highlight=False, markup=False)
    console.print(f"{reward.__name__}   range {_range(reward.range)}   fingerprint {reward.fingerprint}", style="bold")
    for name, value in reward.all_parameters.items():
        console.print(f"  {name} = {value!r}")
    console.print()
    console.print(_documentation(reward))
    return OK


def run_check(args: argparse.Namespace) -> int:
    """Run all checks on one reward and print what was seen."""
    from ..errors import GrpokitError, nearest
    from ..rewards import get, names
    from ..rewards.checks.conformance import check

    if args.family is not None and args.family not in names():
        raise GrpokitError(f"--family {args.family!r} is no reward. {nearest(args.family, names())}")
    checks = check(get(args.reward), args.family)
    _print_checks(args.reward, checks)
    return FAILED if any(check.passed is False for check in checks) else OK


def _print_checks(name: str, checks: Sequence[Check]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    marks = {True: "[green]passed[/]", False: "[bold red]FAILED[/]", None: "[yellow]not tried[/]"}
    for check in checks:
        console.print(f"{marks[check.passed]}  {escape(check.name)}: {escape(check.detail)}")
    failed = sum(check.passed is False for check in checks)
    verdict = f"{failed} of {len(checks)} checks failed" if failed else f"all {len(checks)} checks hold"
    console.print(f"{escape(name)}: {verdict}.", style="bold red" if failed else "bold green")


def _range(interval: Range) -> str:
    low, high = interval
    return "unknown" if low == float("-inf") else f"{low:g} to {high:g}"


def _documentation(reward: Reward) -> str:
    from ..rewards import FunctionReward

    documented = reward.function if isinstance(reward, FunctionReward) else type(reward)
    return inspect.getdoc(documented) or "It has no documentation."


def _summary(reward: Reward) -> str:
    """Return the first sentence of the documentation, without its markup."""
    paragraph = " ".join(_documentation(reward).split("\n\n")[0].split())
    return re.sub(r":\w+:|`", "", paragraph.split(". ")[0].rstrip("."))
