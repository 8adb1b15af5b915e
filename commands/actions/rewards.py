"""``grpo-eval rewards``: the table of rewards, one in full, and the checks of a function that wants to be one."""

from __future__ import annotations

import inspect
import re

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...errors import GrpokitError, nearest
from ...rewards import FunctionReward, Range, Reward, get, names
from ...rewards.checks.conformance import check
from ..ending import reader_may_leave

MARKS = {True: "[green]passed[/]", False: "[bold red]FAILED[/]", None: "[yellow]not tried[/]"}


def list_all() -> None:
    """Print a table of all rewards."""
    table = Table()
    for heading in ("name", "range", "what it is"):
        table.add_column(heading)
    for name in names():
        reward = get(name)
        paragraph = " ".join(_documentation(reward).split("\n\n")[0].split())
        sentence = re.sub(r":\w+:|`", "", paragraph.split(". ")[0].rstrip("."))  # without its markup
        table.add_row(name, _range(reward.range), sentence)
    console = Console(highlight=False)
    console.print(table)
    console.print("gate(CONDITION, BONUS) pays the bonus only where the condition holds.")


def show(spec: str) -> None:
    """Print one reward's parameters and documentation."""
    reward = get(spec)
    console = Console(highlight=False, markup=False)
    head = f"{reward.__name__}   range {_range(reward.range)}   fingerprint {reward.fingerprint}"
    with reader_may_leave():
        console.print(head, style="bold")
        for name, value in reward.all_parameters.items():
            console.print(f"  {name} = {value!r}")
        console.print()
        console.print(_documentation(reward))


def failures(spec: str, family: str | None) -> int:
    """Run all checks on one reward, print what was seen, and return how many failed.

    ``family`` names the built-in reward whose hard cases are tried too.
    """
    if family is not None and family not in names():
        raise GrpokitError(f"--family {family!r} is no reward. {nearest(family, names())}")
    checks = check(get(spec), family)
    console = Console(highlight=False, soft_wrap=True)
    failed = sum(one.passed is False for one in checks)
    verdict = f"{failed} of {len(checks)} checks failed" if failed else f"all {len(checks)} checks hold"
    with reader_may_leave():  # what was checked stands all the same
        for one in checks:
            console.print(f"{MARKS[one.passed]}  {escape(one.name)}: {escape(one.detail)}")
        console.print(f"{escape(spec)}: {verdict}.", style="bold red" if failed else "bold green")
    return failed


def _range(interval: Range) -> str:
    low, high = interval
    return "unknown" if low == float("-inf") else f"{low:g} to {high:g}"


def _documentation(reward: Reward) -> str:
    documented = reward.function if isinstance(reward, FunctionReward) else type(reward)
    return inspect.getdoc(documented) or "It has no documentation."
