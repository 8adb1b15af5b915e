"""A suite in a terminal: the verdict and one sentence per model, and a table with a row per task."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ...evaluate.suites.comparison import SuiteComparison, SuiteVerdict
from ..bars import BAR_WIDTHS, VERDICT_COLOURS, bar_scale, change_colour, interval_bar, plain_table, symbols_of
from ..verdicts import confidence
from ..wording import doubts, mismatch, notes, number, one_line, short_names, signed
from .words import levels, next_step, sentence, suite_rows, verdict_word


def print_suite(suite: SuiteComparison, console: Console) -> None:
    """Print what is to be read before the numbers, then the verdict, the sentence and the table of each tuned model.

    A single model is compared with nothing: then its means per task are shown. Fits 80 columns.
    """
    for line in _warnings(suite):
        console.print(Text(line, style="yellow"))
    if not suite.verdicts:
        _print_means(suite, console)
    for verdict in suite.verdicts:
        _print_model(suite, verdict, console)
    if suite.verdicts:
        console.print(Text(levels(suite), style="dim"))


def _warnings(suite: SuiteComparison) -> list[str]:
    """Return the notes and doubts of all tasks, each with its task before it."""
    lines = []
    for result in suite.tasks:
        comparison, task = result.comparison, one_line(result.comparison.task)
        lines += [f"note: {task}: {line}" for line in notes(comparison)]
        if not comparison.pairs:
            lines += [
                f"! {task}: {line}" for line in doubts(comparison.models, comparison.obstacles, comparison.primary)
            ]
        for pair in comparison.pairs:
            sides = (comparison.model(pair.base), comparison.model(pair.tuned))
            lines += [f"! {task}: {line}" for line in doubts(sides, pair.obstacles, pair.primary)]
            lines += [f"! {task}: {mismatch(one, pair)}" for one in pair.mismatches]
            if pair.hacking and pair.hacking.suspected:
                lines.append(f"! {task}: {one_line(pair.hacking.reason)}")
    return list(dict.fromkeys(lines))


def _print_model(suite: SuiteComparison, verdict: SuiteVerdict, console: Console) -> None:
    colour = "red" if verdict.verdict is None else VERDICT_COLOURS[verdict.verdict]
    head = Text(f"{verdict_word(verdict)}: ", style=f"bold {colour}")
    name = f"{one_line(verdict.tuned)} beside {one_line(verdict.base)}: "
    console.print(head + Text(name) + Text(sentence(verdict.tasks), style="bold"))
    console.print(Text("Next: ", style="bold") + Text(next_step(verdict)))
    console.print()
    rows = suite_rows(suite, verdict)
    table = plain_table("task")
    table.add_column("")
    for heading in ("base", "tuned", "change"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(f"{confidence(rows[0].gain.level)} interval", no_wrap=True)
    table.add_column("margin", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    scale = bar_scale([row.gain for row in rows])
    for row in rows:
        style = "" if row.verdict is None else VERDICT_COLOURS[row.verdict]
        table.add_row(
            Text(one_line(row.task)),
            Text(row.role, style="dim"),
            Text(number(row.base)),
            Text(number(row.tuned)),
            Text(signed(row.gain.delta), style=change_colour(row.gain)),
            Text(interval_bar(row.gain, scale, symbols_of(console), BAR_WIDTHS[0]), change_colour(row.gain)),
            Text(f"{row.gain.margin:.3g}"),
            Text(row.word, style=style),
        )
    console.print(table)
    console.print()


def _print_means(suite: SuiteComparison, console: Console) -> None:
    table = plain_table("task")
    for heading in ("", "metric"):
        table.add_column(heading)
    for heading in ("mean", "95 % interval", "questions"):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in suite.tasks:
        comparison = result.comparison
        estimate = comparison.models[0].rows()[comparison.primary].estimate
        ends = "-" if estimate.low is None else f"{number(estimate.low)} to {number(estimate.high)}"
        metric = short_names([*comparison.weights, comparison.primary])[comparison.primary]
        cells = (comparison.task, result.role, metric, number(estimate.mean), ends, f"{estimate.n}")
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    console.print(table)
