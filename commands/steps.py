"""The line that training writes for people: step, reward, each reward's mean, rate, time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from ..train import Step

EVERY = 10
"""Without a terminal, one plain line every so many steps."""


class StepLine:
    """Shows steps as they happen: one live line on a terminal, plain lines elsewhere."""

    def __init__(self, bars: Progress, console: Console) -> None:
        self._bars = bars
        self._console = console
        self._job = bars.add_task("training", total=None, figures="")

    def step(self, step: Step) -> None:
        """Show the figures of a step."""
        rewards = "  ".join(f"{name} {value:.2f}" for name, value in step.rewards.items())
        figures = f"reward {step.reward:.3f}  {rewards}"
        self._bars.update(self._job, completed=step.number, total=step.total, figures=figures)
        if not self._console.is_terminal and step.number % EVERY == 0:
            self._console.print(f"step {step.number}/{step.total}  {figures}", markup=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """Show a sentence above the line."""
        self._console.print(f"note: {text}", markup=False, soft_wrap=True)


@contextmanager
def step_line() -> Iterator[StepLine]:
    """Give a watcher that shows training on standard error for the time of the block."""
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
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield StepLine(bars, console)
