"""A progress bar on terminals; silence where the output goes to a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from rich.progress import Progress, Task

    from ..evaluate.progress import Advance


class Bars:
    """Progress bars, one per long job: count, rate, tokens per second, time gone and time left."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars

    @contextmanager
    def track(self, what: str, total: int | None, unit: str) -> Iterator[Advance]:
        """Show a bar for the time of the block; give the function to call with how many more are done."""
        job = self._bars.add_task(what, total=total, unit=unit, tokens=0, rate="")

        def advance(count: int, tokens: int = 0) -> None:
            task = self._bars.tasks[self._bars.task_ids.index(job)]
            self._bars.update(job, advance=count, tokens=task.fields["tokens"] + tokens)
            self._bars.update(job, rate=rate(task))

        yield advance


def rate(task: Task) -> str:
    """Return items per second lately, and tokens per second since the start; rows kept from before are in neither."""
    shown = f"{task.speed:,.1f}/s" if task.speed else ""
    if task.fields["tokens"] and task.elapsed:
        shown += f"  {task.fields['tokens'] / task.elapsed:,.0f} tokens/s"
    return shown


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
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield Bars(bars)
