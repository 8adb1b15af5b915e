"""A progress bar on terminals; silence where the output goes to a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

    from ..evaluate.scoring import Advance


class Bars:
    """Progress bars, one a long job, with count, rate and time left."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars

    @contextmanager
    def track(self, what: str, total: int | None, unit: str) -> Iterator[Advance]:
        """Show a bar for the time of the block; give a function to be told how many more are done."""
        job = self._bars.add_task(what, total=total, unit=unit)
        yield lambda count: self._bars.advance(job, count)


@contextmanager
def progress() -> Iterator[Bars]:
    """Show bars on standard error for the time of the block."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield Bars(bars)
