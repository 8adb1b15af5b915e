"""What every command that ends in the results of a suite does with them: show, write, and turn them into a status."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console

from ..evaluate.paired.change import Verdict
from ..evaluate.paired.doubts import MOST
from ..evaluate.paired.margins import Margins
from ..evaluate.suites.comparison import SuiteComparison, compare_suites
from ..evaluate.suites.folder import SuiteFolder, is_suite
from ..reports.suite.files import suite_json, suite_junit, suite_markdown
from ..reports.suite.page import suite_html
from ..reports.suite.terminal import print_suite
from .ending import FAILED, OK, UNDERPOWERED, USAGE, reader_may_leave
from .log_options import Source
from .options import STDOUT, UsageError
from .report_options import ReportOptions
from .targets import Target, json_text, write_output


def suites_of(sources: Sequence[Source], given: Mapping[str, object]) -> list[SuiteFolder]:
    """Return the suites that all sources are; none where none is.

    ``given`` are options by their names that a suite does not take. Raises :class:`UsageError` for one of them beside a
    suite, for a name before it, and for a mixture.
    """
    folders = [source.path for source in sources if is_suite(source.path)]
    if folders and len(folders) < len(sources):
        other = next(source.path for source in sources if not is_suite(source.path))
        raise UsageError(f"{folders[0]} is the folder of a suite and {other} is not; compare suites with suites.")
    if named := next((source for source in sources if folders and source.name is not None), None):
        raise UsageError(f"{named.path} holds a run per task and model: leave out {named.name}=.")
    if folders:
        refuse(given, f"one task: give it with a task's folder in {folders[0]}")
    return [SuiteFolder.read(folder) for folder in folders]


def refuse(given: Mapping[str, object], what: str) -> None:
    """Raise :class:`UsageError` for options, by their names, that are for something else: ``what``, with the repair."""
    if wrong := [name for name, value in given.items() if value]:
        raise UsageError(f"{' and '.join(wrong)} is for {what}.")


def show_suites(folders: Sequence[SuiteFolder], report: ReportOptions) -> int:
    """Compare the models of a suite on each of its tasks, print and write what was asked for; return the status."""
    if report.by is not None:
        raise UsageError("--by is for one task: give it with the folder of a task, which lies in that of the suite.")
    suite = compare_suites(
        folders,
        margins=Margins.parse(report.margin),
        multiplicity=not report.no_multiplicity,
        trained=report.trained_for,
    )
    with reader_may_leave():  # the verdict stands all the same
        _write(suite, report)
        if not report.to_stdout:
            print_suite(suite, Console())
            print(f"suite: {' '.join(shlex.quote(str(folder.path)) for folder in folders)}")
    report.send_suite(suite)
    return suite_status(suite, strict=report.strict)


def suite_status(suite: SuiteComparison, *, strict: bool) -> int:
    """Return the exit status: no verdict wins over a task that regressed, that over one that is underpowered."""
    verdicts = {task.verdict for one in suite.verdicts for task in one.tasks}
    models = [model for result in suite.tasks for model in result.comparison.models]
    if None in verdicts or any(model.missing.share > MOST for model in models):
        return USAGE
    if Verdict.REGRESSED in verdicts:
        return FAILED
    return UNDERPOWERED if strict and Verdict.UNDERPOWERED in verdicts else OK


def _write(suite: SuiteComparison, report: ReportOptions) -> None:
    """Write what is asked for; what is for standard output comes last, since its reader may leave."""
    reports: list[tuple[Target | None, str, Callable[[], str]]] = [
        (report.html, "report", lambda: suite_html(suite)),
        (report.markdown, "report", lambda: suite_markdown(suite)),
        (report.junit, "junit", lambda: suite_junit(suite, strict=report.strict)),
        (report.json, "json", lambda: json_text(suite_json(suite), str(report.json))),
    ]
    for target, what, text in sorted(reports, key=lambda one: str(one[0]) == STDOUT):
        if target is not None:
            write_output(text(), target, what)
