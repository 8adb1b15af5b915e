"""Tables and intervals as a terminal shows them: plain columns, and a line around zero per change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..evaluate.paired.change import Difference, Verdict
from .wording import one_line

BAR_WIDTHS = (13, 41)
"""Fewest and most characters of the interval's bar; odd, so that one of them is zero."""

VERDICT_COLOURS = {
    Verdict.IMPROVED: "green",
    Verdict.HELD: "cyan",
    Verdict.REGRESSED: "red",
    Verdict.UNDERPOWERED: "yellow",
}


class Symbols(NamedTuple):
    """What an interval's bar is drawn with."""

    line: str
    point: str
    zero: str


UNICODE = Symbols("─", "●", "│")
ASCII = Symbols("-", "o", "|")


def symbols_of(console: Console) -> Symbols:
    """Return the signs that a terminal can show."""
    return ASCII if console.options.ascii_only else UNICODE


def plain_table(first: str, *columns: str) -> Table:
    """Return a table without lines: the first column is text that may be folded, the others are numbers."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(Text(one_line(first)), overflow="fold")
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def bar_width(width: int, label: int) -> int:
    """Return the odd number of characters that the other columns leave to the interval's bar."""
    fewest, most = BAR_WIDTHS
    left = width - label - 50
    return min(max(left - 1 + left % 2, fewest), most)


def change_colour(change: Difference) -> str:
    """Return the colour of a change, none where its interval holds zero."""
    if change.low is None or change.high is None:
        return ""
    return "green" if change.low > 0 else "red" if change.high < 0 else ""


def bar_scale(differences: Sequence[Difference]) -> float:
    """Return the largest change that the bars must show."""
    ends = [abs(end) for change in differences for end in (change.low, change.high, change.delta) if end is not None]
    return max(ends, default=0.0) or 1.0


def interval_bar(change: Difference, scale: float, symbols: Symbols, width: int) -> str:
    """Return the interval as a line around zero, which is in the middle; ``scale`` is the end of the bar."""
    cells = [" "] * width
    cells[cell(0.0, scale, width)] = symbols.zero
    if change.low is not None and change.high is not None:
        for at in range(cell(change.low, scale, width), cell(change.high, scale, width) + 1):
            cells[at] = symbols.line
    if change.delta is not None:
        cells[cell(change.delta, scale, width)] = symbols.point
    return "".join(cells)


def cell(value: float, scale: float, width: int) -> int:
    """Return the place of a change in a bar."""
    return round((value / scale + 1) / 2 * (width - 1))
