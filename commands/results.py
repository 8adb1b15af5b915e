"""What every command that ends in results does with them: compare, show, write, and turn the verdict into a status."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from ..evaluate.paired.arms import Arm, runs_of, written
from ..evaluate.paired.comparison import Comparison
from ..evaluate.paired.doubts import MOST
from ..evaluate.runs.run import Run, find_runs
from ..reports.html import to_html
from ..reports.json_report import to_json
from ..reports.junit import to_junit
from ..reports.markdown import to_markdown
from ..reports.model_card import write_card
from ..reports.terminal import print_comparison, print_verdict
from .ending import FAILED, OK, UNDERPOWERED, USAGE, reader_may_leave
from .options import STDOUT
from .report_options import ReportOptions
from .targets import Target, json_text, write_output


def show_results(folders: Sequence[Path], report: ReportOptions, cards: Sequence[Path] = ()) -> int:
    """Show the comparison of the runs in ``folders`` as :func:`show_runs` does, and return the exit status."""
    return show_runs(find_runs(list(folders)), report, cards)


def show_runs(
    sides: Sequence[Run | Arm], report: ReportOptions, cards: Sequence[Path] = (), temporary: Path | None = None
) -> int:
    """Compare runs and arms, print and write what was asked for, and return the exit status.

    ``cards`` are folders of models, of single runs, whose cards get the evaluation. Where the runs in a ``temporary``
    folder are is not said.
    """
    comparison = report.compare(sides)
    kept = [side for side in sides if temporary is None or not _lies_in(side, temporary)]
    with reader_may_leave():  # the verdict stands all the same
        _write(comparison, sides, report, kept)
    _write_cards(cards, comparison, runs_of(sides))
    report.send(comparison, sides)
    return status(comparison, strict=report.strict)


def show_beside(what: str, sides: Sequence[Run | Arm], report: ReportOptions) -> None:
    """Print the verdicts of a comparison that goes beside the one in full, unless standard output is for a report."""
    if report.to_stdout:
        return
    comparison = report.compare(sides)
    with reader_may_leave():
        _print_beside(what, comparison)
        print(f"runs: {_listed(sides)}")


def _print_beside(what: str, comparison: Comparison) -> None:

    console = Console()
    console.print(f"\n{what}", style="bold", markup=False, highlight=False)
    for pair in comparison.pairs:
        print_verdict(pair, comparison, console)


def _write(comparison: Comparison, runs: Sequence[Run | Arm], report: ReportOptions, kept: Sequence[Run | Arm]) -> None:
    """Write and print; what is for standard output comes last, since its reader may leave."""
    reports: list[tuple[Target | None, str, Callable[[], str]]] = [
        (report.html, "report", lambda: to_html(comparison, runs)),
        (report.markdown, "report", lambda: to_markdown(comparison)),
        (report.junit, "junit", lambda: to_junit(comparison, strict=report.strict)),
        (report.json, "json", lambda: json_text(to_json(comparison), str(report.json))),
    ]
    for target, what, text in sorted(reports, key=lambda one: str(one[0]) == STDOUT):
        if target is not None:
            write_output(text(), target, what)
    if not report.to_stdout:
        print_comparison(comparison, Console(), runs)
        if kept:
            print(f"runs: {_listed(kept)}")


def _write_cards(folders: Sequence[Path], comparison: Comparison, runs: Sequence[Run]) -> None:
    if folders:
        for folder in folders:
            _say(f"card: {write_card(folder, comparison, runs)}")


def _lies_in(side: Run | Arm, folder: Path) -> bool:
    return any(run.path.is_relative_to(folder) for run in runs_of([side]))


def _listed(sides: Sequence[Run | Arm]) -> str:
    """Return what is compared as ``grpo-eval compare`` takes it."""
    return " ".join(shlex.quote(written(side)) for side in sides)


def _say(line: str) -> None:
    """Say where a file went: on standard error, so that standard output stays what was asked for."""
    print(line, file=sys.stderr)


def status(comparison: Comparison, *, strict: bool) -> int:
    """Return the exit status of a comparison: no verdict wins over a regression, that over an underpowered pair.

    There is no verdict where most values of the primary metric are missing, be it of a model that is paired with none.
    """
    verdicts = {pair.verdict for pair in comparison.pairs}
    if None in verdicts or any(model.missing.share > MOST for model in comparison.models):
        return USAGE
    if "REGRESSED" in verdicts:
        return FAILED
    return UNDERPOWERED if strict and "UNDERPOWERED" in verdicts else OK
