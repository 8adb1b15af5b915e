"""The forecast of a run's learning signal, in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..evaluate.paired.signal import RateBin, Signal
from .wording import number, share

BAR_WIDTH = 40


def print_signal(signal: Signal, console: Console) -> None:
    """Print the advice in words, then the figures it rests on."""
    console.print(f"[bold]{escape(signal.advice)}[/]")
    console.print(
        f"{escape(signal.model)} on {escape(signal.task)}: {signal.prompts} prompts, {signal.samples} samples each; "
        f"mean spread of the total within a prompt {number(signal.spread.mean)}.\n"
    )
    console.print(_groups(signal))
    console.print(_carriers(signal))
    if signal.rates:
        console.print(_histogram(signal.rates))


def _groups(signal: Signal) -> Table:
    """Show in how many groups the primary metric differs, and in how many anything that is rewarded does."""
    table = Table(box=None, pad_edge=False, title="Groups whose completions differ", title_justify="left")
    for heading in ("group size", f"in {escape(signal.primary)}", "95 % interval", "in anything", "95 % interval"):
        table.add_column(heading, justify="right")
    for primary, whole in zip(signal.by_primary, signal.by_group, strict=True):
        mark = " ←" if primary.k == signal.group else ""
        estimates = (primary.estimate, whole.estimate)
        cells = [(share(one.mean), f"{share(one.low)} to {share(one.high)}") for one in estimates]
        table.add_row(f"{primary.k}{mark}", *cells[0], *cells[1])
    return table


def _carriers(signal: Signal) -> Table:
    scaled = "" if signal.scale_rewards == "none" else f", scaled by {signal.scale_rewards}"
    table = Table(box=None, pad_edge=False, title="\nWhat is advantageous", title_justify="left")
    table.add_column("reward")
    table.add_column(f"share of the advantage{scaled}", justify="right")
    for name, part in signal.carriers.items():
        table.add_row(escape(name), share(part))
    return table


def _histogram(rates: tuple[RateBin, ...]) -> Table:
    table = Table(box=None, pad_edge=False, title="\nPass rates", title_justify="left")
    table.add_column("rate")
    table.add_column("prompts", justify="right")
    table.add_column("")
    most = max(rate.questions for rate in rates)
    for rate in rates:
        name = f"{rate.low:g}" if rate.low == rate.high else f"{rate.low:g} to {rate.high:g}"
        table.add_row(name, str(rate.questions), "█" * round(BAR_WIDTH * rate.questions / max(most, 1)))
    return table
