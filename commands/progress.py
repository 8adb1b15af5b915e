"""How far a long job has come: a bar on a terminal, a plain line a minute where the output goes to a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from rich.progress import Progress

    from ..evaluate.progress import Advance

LINE_S = 60.0
"""Seconds between two plain lines of one job, at least; a load that takes longer is a line too."""

QUIET: ContextVar[bool] = ContextVar("QUIET", default=False)
"""Whether ``--quiet`` was given: nothing is shown but results and errors."""


def duration(seconds: float) -> str:
    """Return a time as hours, minutes and seconds.

    >>> duration(3725)
    '1:02:05'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


class Job:
    """One long job: how much of it is done, how fast it goes, how long it takes yet.

    What the first report counts was done before (a resume), so no rate holds it. Where an item's tokens are reported
    as they are generated, the time left goes by tokens: an item has as many as those before it had on average, or
    ``longest`` while none is finished, so that the time is an upper bound.
    """

    def __init__(self, what: str, total: int | None, unit: str, longest: int | None = None) -> None:
        self.what, self.total, self.unit = what, total, unit
        self.done = self.tokens = 0
        self._longest = longest
        self._kept: int | None = None
        self._tokens_of_done = 0
        self._begun = time.monotonic()

    def advance(self, count: int, tokens: int = 0) -> None:
        """Count what is done."""
        if self._kept is None:
            self._kept = count
        self.done += count
        self.tokens += tokens
        if count:
            self._tokens_of_done = self.tokens

    @property
    def elapsed(self) -> float:
        """Seconds since the job began."""
        return time.monotonic() - self._begun

    @property
    def rate(self) -> str:
        """Items and tokens per second since the job began; empty before there are any."""
        new, tokens, seconds = self.done - (self._kept or 0), self.tokens, self.elapsed
        rates = [f"{new / seconds:,.1f} {self.unit}/s"] if new else []
        return ", ".join([*rates, f"{tokens / seconds:,.0f} tokens/s"] if tokens else rates)

    @property
    def left(self) -> str:
        """The time that the rest takes at this rate; empty where that cannot be said."""
        new, kept = self.done - (self._kept or 0), self._kept or 0
        if self.total is None or not (new or self.tokens):
            return ""
        if not self.tokens:
            return f"{duration((self.total - self.done) * self.elapsed / new)} left"
        each = self._tokens_of_done / new if new else self._longest
        if each is None:
            return ""
        seconds = max(0.0, (self.total - kept) * each - self.tokens) * self.elapsed / self.tokens
        return f"{'' if new else 'at most '}{duration(seconds)} left"

    @property
    def line(self) -> str:
        """All of it in a line."""
        of = "" if self.total is None else f" of {self.total:,}"
        return ", ".join(part for part in (f"{self.what}: {self.done:,}{of} {self.unit}", self.rate, self.left) if part)


class Bars:
    """Shows jobs, side by side or one after another; ``bars`` is None without a terminal."""

    def __init__(self, bars: Progress | None) -> None:
        self._bars = bars

    @contextmanager
    def track(self, what: str, total: int | None, unit: str, longest: int | None = None) -> Iterator[Advance]:
        """Show a job for the time of the block; give the function to call with how many more are done.

        ``longest`` is the most tokens that one item can have.
        """
        job = Job(what, total, unit, longest)
        if self._bars is None:
            lines = PlainLines(job, say)
            yield lines.advance
            lines.end()
            return
        bars, bar = self._bars, self._bars.add_task(what, total=total, unit=unit, rate="", left="")

        def advance_bar(count: int, tokens: int = 0) -> None:
            job.advance(count, tokens)
            bars.update(bar, completed=job.done, rate=job.rate, left=job.left)

        yield advance_bar

    @contextmanager
    def loading(self, what: str) -> Iterator[None]:
        """Say that ``what`` is loaded for the time of the block."""
        begun = time.monotonic()
        if self._bars is None:
            yield
            if (seconds := time.monotonic() - begun) > LINE_S:
                say(f"{what}: loaded in {duration(seconds)}")
            return
        bar = self._bars.add_task(f"{what}: loading", total=None, unit="", rate="", left="")
        try:
            yield
        finally:
            self._bars.remove_task(bar)


class PlainLines:
    """Prints a job's line where a minute has gone since the last one."""

    def __init__(self, job: Job, say: Callable[[str], None]) -> None:
        self._job = job
        self._say = say
        self._printed = 0.0

    def advance(self, count: int, tokens: int = 0) -> None:
        """Count for the job, and print its line when it is due."""
        self._job.advance(count, tokens)
        if self._job.elapsed - self._printed > LINE_S:
            self._printed = self._job.elapsed
            self._say(self._job.line)

    def end(self) -> None:
        """Say how long a job took that has printed lines."""
        if self._printed:
            self._say(f"{self._job.what}: {self._job.done:,} {self._job.unit} in {duration(self._job.elapsed)}")


def say(line: str) -> None:
    """Print a line of progress on standard error, unless ``--quiet`` was given."""
    if not QUIET.get():
        print(line, file=sys.stderr, flush=True)


@contextmanager
def progress() -> Iterator[Bars]:
    """Show jobs on standard error for the time of the block."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if QUIET.get() or not console.is_terminal:
        yield Bars(None)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=console) as bars:
        yield Bars(bars)
