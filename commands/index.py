"""``grpo-report`` on a folder of evaluations: a row per comparison, and with --html a page of each behind the index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ..errors import GrpokitError, first_line
from ..evaluate.paired.margins import Margins
from ..evaluate.runs.manifest import Manifest
from ..evaluate.runs.run import Run, find_runs, holds_runs
from ..evaluate.suites.comparison import compare_suites
from ..evaluate.suites.folder import SuiteFolder, is_suite
from ..files import write_atomically
from ..names import folder_names
from ..reports.html import to_html
from ..reports.index import IndexRow, index_html, index_json, index_markdown, mean_of, print_index
from ..reports.suite.page import suite_html
from ..reports.suite.words import sentence
from ..reports.suite.words import verdict_word as suite_word
from ..reports.verdicts import verdict_word
from .ending import OK, reader_may_leave
from .log_options import Source
from .options import STDOUT, UsageError
from .report_options import ReportOptions
from .targets import json_text, write_output

OF_TRAINING = ("suite", "final", "evaluation")
"""Where a training run keeps what judges it, the most telling first."""


def index_of(sources: Sequence[Source]) -> Path | None:
    """Return the folder whose evaluations are to be listed; None where the sources are something to compare.

    It is one folder, no run itself, in which a folder of runs, a suite or a training run lies, or runs of several
    tasks, which cannot be compared.
    """
    (name, folder), *others = sources
    if others or name is not None or not folder.is_dir() or is_suite(folder) or (folder / "manifest.json").exists():
        return None
    children = [child for child in sorted(folder.iterdir()) if child.is_dir()]
    if any(place is not None and not _is_run(place) for place in map(_place, children)):
        return folder
    tasks = {Manifest.read(child).task.name for child in children if _is_run(child)}
    return folder if len(tasks) > 1 else None


def _is_run(folder: Path) -> bool:
    return (folder / "manifest.json").exists()


def _place(folder: Path) -> Path | None:
    """Return where the evaluation of a folder is: itself, or a part of a training run; None where it holds none."""
    if is_suite(folder) or holds_runs(folder):
        return folder
    if not (folder / "recipe.yaml").is_file():
        return None
    parts = (folder / part for part in OF_TRAINING)
    return next((part for part in parts if is_suite(part) or holds_runs(part)), None)


@dataclass(frozen=True)
class Index:
    """The evaluations of a folder, compared as ``report`` says; with --html a page of each is written beside it."""

    folder: Path
    report: ReportOptions

    def show(self) -> int:
        """Print and write the index. It is a list, and no verdict: the status is that of a command that went well."""
        if self.report.junit is not None:
            raise UsageError("--junit is for one comparison: give its folder.")
        if self.report.log_to:
            raise UsageError("--log-to is for one comparison: give its folder.")
        if self._pages is not None:
            _make(self._pages)
        rows = list(self._rows())
        with reader_may_leave():
            if self.report.html is not None:
                write_output(index_html(rows, self.folder.name), self.report.html, "index")
            if self.report.markdown is not None:
                write_output(index_markdown(rows), self.report.markdown, "index")
            if self.report.json is not None:
                write_output(json_text(index_json(rows), self.report.json), self.report.json, "json")
            if not self.report.to_stdout:
                print_index(rows, Console())
        return OK

    def _rows(self) -> Iterator[IndexRow]:
        children = [child for child in sorted(self.folder.iterdir()) if child.is_dir()]
        evaluations = [(child, place) for child in children if (place := _place(child)) is not None]
        names = folder_names([child.name for child, _ in evaluations])
        for (child, place), name in zip(evaluations, names, strict=True):
            try:
                yield from self._suite(child, place, name) if is_suite(place) else self._comparison(child, place, name)
            except GrpokitError as error:  # one that cannot be read is no reason to show none
                yield IndexRow(child.name, fault=first_line(error))

    def _suite(self, child: Path, place: Path, name: str) -> Iterator[IndexRow]:
        suite = compare_suites(
            [SuiteFolder.read(place)],
            margins=Margins.parse(self.report.margin),
            multiplicity=not self.report.no_multiplicity,
            trained=self.report.trained_for,
        )
        page = self._page(name, lambda: suite_html(suite))
        date = _date(suite.tasks[0].runs)
        base = suite.tasks[0].comparison.models[0].name
        for one in suite.verdicts:
            said = sentence(one.tasks)
            yield IndexRow(child.name, suite.name, base, one.tuned, suite_word(one), None, said, date, page)
        if not suite.verdicts:
            said = f"{len(suite.tasks)} tasks"
            yield IndexRow(child.name, suite.name, base, said=said, date=date, page=page)

    def _comparison(self, child: Path, place: Path, name: str) -> Iterator[IndexRow]:
        runs = find_runs([place])
        comparison = self.report.compare(runs)
        page, date = self._page(name, lambda: to_html(comparison, runs)), _date(runs)
        for pair in comparison.pairs:
            word = verdict_word(pair)
            yield IndexRow(child.name, comparison.task, pair.base, pair.tuned, word, pair.gain, "", date, page)
        if not comparison.pairs:
            model = comparison.models[0]
            mean = model.rows()[comparison.primary].estimate
            said = f"{comparison.primary} {mean_of(mean.mean, mean.low, mean.high)}"
            yield IndexRow(child.name, comparison.task, model.name, said=said, date=date, page=page)

    def _page(self, name: str, page: Callable[[], str]) -> str | None:
        """Write the page of an evaluation where --html is a file; return its path from there."""
        if self._pages is None:
            return None
        write_atomically(self._pages / f"{name}.html", page())
        return f"{self._pages.name}/{name}.html"

    @property
    def _pages(self) -> Path | None:
        """The folder of the pages, beside the index; None where it is no file."""
        index = self.report.html
        return None if index is None or str(index) == STDOUT else index.parent / f"{index.stem}-pages"


def _make(pages: Path) -> None:
    """Make the folder of the pages; raise UsageError where that cannot be, and for a link, which may lead anywhere."""
    try:
        pages.mkdir(exist_ok=True)
        reason = "it is a link" if pages.is_symlink() else None
    except OSError as error:
        reason = str(error.strerror)
    if reason is not None:
        raise UsageError(f"--html: cannot write pages into {pages}: {reason}; give the index another name.")


def _date(runs: Sequence[Run]) -> str:
    """Return the day of the latest run; "" where none says it."""
    return max((run.manifest.created for run in runs), default="")[:10]
