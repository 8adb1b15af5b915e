"""``grpo-train --check``: one batch and one step of a recipe, and what they say of the whole run."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...reports.wording import number, share
from ...train.check import Check
from ...train.recipe.recipe import Recipe
from ...train.trainer import check
from ...train.types import Silent
from ..ending import FAILED, OK, reader_may_leave
from ..progress import duration


class _Notes(Silent):
    """Passes on what a person should read."""

    def note(self, text: str) -> None:
        """Print a sentence."""
        print(f"note: {text}", file=sys.stderr)


def check_recipe(recipe: Recipe) -> int:
    """Check a recipe by one step and show what that says; return status 1 where training it would be in vain."""
    checked = check(recipe, _Notes())
    with reader_may_leave():
        print_check(checked, Console(highlight=False))
    return OK if checked.sound else FAILED


def print_check(checked: Check, console: Console) -> None:
    """Print what to change in words, then the figures."""
    for sentence in checked.advice or ["nothing stands out: there is something to learn from."]:
        console.print(f"[bold]{escape(sentence)}[/]")
    groups = checked.completions // checked.group
    console.print(
        f"\none batch of {checked.completions} completions ({groups} prompts x {checked.group}) and one step, not kept"
    )
    console.print(_rewards(checked))
    lines = [
        f"cut at max_completion_length {share(checked.cut)}; without an answer {share(checked.without_answer)}",
        f"{checked.tokens:,} tokens drawn in {checked.drawing:.1f} s, {checked.tokens_per_second:,.0f} per second; "
        f"scored in {checked.scoring:.1f} s; learnt from in {checked.learning:.1f} s; gradient {checked.gradient:.2g}",
        "self-test: "
        + ("not made (nothing drawn, or sharded)." if checked.agreement is None else checked.agreement.sentence),
        _time(checked),
    ]
    for line in lines:
        console.print(escape(line), soft_wrap=True)


def _time(checked: Check) -> str:
    asking = f"held-out questions {duration(checked.asking)}"
    if checked.whole is None:
        return f"the number of steps is not known; {asking}"
    whole = duration(checked.whole + checked.asking)
    return f"the whole run about {whole}: {checked.steps} steps {duration(checked.whole)}, {asking}"


def _rewards(checked: Check) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("reward")
    for heading in ("weight", "mean", "spread within a group", "groups that differ"):
        table.add_column(heading, justify="right")
    for one in checked.rewards:
        weight = "" if one is checked.total else f"{one.weight:g}"
        table.add_row(escape(one.name), weight, number(one.mean), number(one.within), share(one.differs))
    return table
