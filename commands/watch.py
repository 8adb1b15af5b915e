"""What training shows while it runs: a live view on terminals, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text as Line

from ..evaluate.progress import Advance
from ..reports import wording
from ..reports.wording import interval, number, short_names, signed
from ..rewards.text import Text
from ..train import Alarm, Drawn, HeldOut, Step
from .progress import LINE_S, QUIET, Job, PlainLines, duration

EVERY = 10
"""Without a terminal, a plain line is printed every so many steps, and where a minute has gone since the last one."""

WIDTH = 40
"""Steps that a sparkline shows."""

RECENT = 20
"""Steps that the rate is taken over."""

LINES = 3
"""Completions shown."""

LATEST = 6
"""Held-out evaluations shown, beside the base's."""

REFRESH = 0.25
"""Seconds between two frames, at least."""

BLOCKS, ASCII = "▁▂▃▄▅▆▇█", "_.-:=+*#"


def sparkline(values: Sequence[float], marks: str = BLOCKS) -> str:
    """Return one mark per value, from the lowest to the highest of them.

    >>> sparkline([0.0, 0.5, 1.0])
    '▁▅█'
    >>> sparkline([0.3, 0.3])
    '▁▁'
    """
    low, span = min(values, default=0.0), max(values, default=0.0) - min(values, default=0.0)
    return "".join(marks[round((value - low) / span * (len(marks) - 1)) if span else 0] for value in values)


def plain_text(text: Text) -> str:
    r"""Return a completion as one line that does nothing to a terminal.

    >>> plain_text([{"role": "assistant", "content": "a\x1b[2J\nb"}])
    'a[2J b'
    """
    whole = text if isinstance(text, str) else " ".join(str(message["content"]) for message in text[-1:])
    return wording.one_line(whole)


def step_line(step: Step) -> str:
    """Return a step's figures as a line."""
    rewards = "  ".join(f"{name} {value:.2f}" for name, value in step.rewards.items())
    return f"step {step.number}/{step.total}  reward {step.reward:.3f}  {rewards}"


def held_out_line(evaluation: HeldOut) -> str:
    """Return a held-out evaluation as a line, the primary metric with its change against the base first."""
    means = {name: number(mean) for name, mean in evaluation.means.items()}
    change = [f"change {_change(evaluation)} at 95 %"] if evaluation.change is not None else []
    shown = [f"{evaluation.primary} {means.pop(evaluation.primary, '-')}", *change]
    shown += [f"{name} {mean}" for name, mean in means.items()]
    return f"held out, {_label(evaluation.step, evaluation.decoding)}: {', '.join(shown)}"


def _change(evaluation: HeldOut) -> str:
    change = evaluation.change
    return "" if change is None else f"{signed(change.delta)} ({interval(change.low, change.high)})"


def _label(step: int, decoding: str) -> str:
    return f"{f'step {step}' if step else 'base'}, {decoding}"


class Watch:
    """Shows a run as it happens: lines that stay are printed above, the present state is drawn below them."""

    def __init__(self, console: Console, live: Live | None) -> None:
        self._console = console
        self._live = live
        self._times: deque[float] = deque(maxlen=RECENT + 1)
        self._curves: dict[str, deque[float]] = {}
        self._evaluations: list[HeldOut] = []
        self._step: Step | None = None
        self._doing = "loading the model"
        self._drawn = 0.0
        self._begun = self._printed = time.monotonic()
        self._draw(at_once=True)

    def step(self, step: Step) -> None:
        """Show the figures of a step."""
        self._times.append(time.monotonic())
        for name, value in {"reward": step.reward, **step.rewards}.items():
            self._curves.setdefault(name, deque(maxlen=WIDTH)).append(value)
        self._step, self._doing = step, ""
        if self._live is None and self._due(step):
            self._printed = self._times[-1]
            self._progress(f"{step_line(step)}  {self._pace(step)}")
        self._draw(at_once=step.number == step.total)

    def _due(self, step: Step) -> bool:
        """Whether a step is a plain line: the first that this process makes, every tenth, the last, one a minute."""
        first, minute = len(self._times) == 1, self._times[-1] - self._printed > LINE_S
        return first or minute or step.number % EVERY == 0 or step.number == step.total

    def _draw(self, *, at_once: bool) -> None:
        if self._live is not None and (at_once or time.monotonic() - self._drawn > REFRESH):
            self._drawn = time.monotonic()
            self._live.update(self.view(), refresh=True)

    def note(self, text: str) -> None:
        """Show a sentence."""
        self._say(f"note: {text}")

    def evaluating(self, step: int, decoding: str, total: int) -> Advance:
        """Show how far an evaluation has come."""
        job = Job(f"held out, {_label(step, decoding)}", total, "completions")
        lines = PlainLines(job, self._progress)

        def advance(count: int, tokens: int = 0) -> None:
            if self._live is None:
                lines.advance(count, tokens)
            else:
                job.advance(count, tokens)
            self._doing = job.line
            self._draw(at_once=False)

        self._doing = job.line
        self._draw(at_once=False)
        return advance

    def evaluated(self, report: HeldOut) -> None:
        """Show an evaluation: in the table below, or as a line; and the answers to sample questions."""
        self._evaluations.append(report)
        if self._live is None:
            self._progress(held_out_line(report))
        for name, answer in report.answers.items():
            self._progress(f"sample {name}, {f'step {report.step}' if report.step else 'base'}: {plain_text(answer)}")

    def alarm(self, alarm: Alarm) -> None:
        """Show an alarm."""
        self._say(f"ALARM, {wording.alarm(alarm)}", style="bold red")

    def _progress(self, text: str) -> None:
        if not QUIET.get():
            self._say(text)

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def _pace(self, step: Step) -> str:
        elapsed = self._times[-1] - self._times[0]
        if not elapsed:
            return f"{duration(self._times[-1] - self._begun)} after the start"
        rate = (len(self._times) - 1) / elapsed
        return f"{rate:.2f} steps/s  {duration((step.total - step.number) / rate)} left"

    def view(self) -> RenderableType:
        """Return the frame: the step, one sparkline per reward, the held-out table, the last completions."""
        step = self._step
        parts: list[RenderableType] = []
        if step is not None:
            head = f"step {step.number}/{step.total}  {self._pace(step)}  clipped {step.clipped:.0%}"
            parts += [Line(head, style="bold"), self._curve_table()]
        parts += [_held_out_table(self._evaluations)] if self._evaluations else []
        parts += [_drawn_table(step.drawn[:LINES])] if step is not None and step.drawn else []
        parts += [Line(self._doing, style="dim")] if self._doing else []
        return Group(*parts)

    def _curve_table(self) -> Table:
        marks = ASCII if self._console.options.ascii_only else BLOCKS
        table = _table("reward", "now", "")
        names = short_names(self._curves)
        for name, values in self._curves.items():
            table.add_row(names[name], f"{values[-1]:.3f}", sparkline(values, marks))
        return table


def _table(*headings: str) -> Table:

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in headings:
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    return table


def _held_out_table(evaluations: Sequence[HeldOut]) -> Table:
    """The base and the last checkpoints: the primary metric, its change against the base, and the other means."""
    primary = evaluations[0].primary
    others = [name for name in evaluations[0].means if name != primary]
    names = short_names(evaluations[0].means)
    table = _table("held out", names.get(primary, primary), "change, 95 % interval", *(names[name] for name in others))
    bases = [one for one in evaluations if not one.step]
    for one in [*bases, *[one for one in evaluations if one.step][-LATEST:]]:
        means = {name: number(mean) for name, mean in one.means.items()}
        label = _label(one.step, one.decoding)
        table.add_row(label, means.get(primary, "-"), _change(one), *(means[name] for name in others))
    return table


def _drawn_table(drawn: Sequence[Drawn]) -> Table:

    table = _table("last completions", *short_names(drawn[0].rewards).values())
    for one in drawn:
        scores = ["-" if value is None else f"{value:.2f}" for value in one.rewards.values()]
        table.add_row(Line(plain_text(one.completion)), *scores)
    return table


@contextmanager
def watch() -> Iterator[Watch]:
    """Give a watcher that shows training on standard error for the time of the block."""
    console = Console(stderr=True)
    if QUIET.get() or not console.is_terminal:
        yield Watch(console, None)
        return
    with Live(console=console, auto_refresh=False) as live:  # no thread: a frame is drawn between two steps
        yield Watch(console, live)
