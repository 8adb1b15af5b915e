"""The options that say what is reported of a comparison, and by which margins and rules it is judged."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .numbers import margin
from .options import STDOUT, note

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from ..evaluate.paired.arms import Arm
    from ..evaluate.paired.comparison import Comparison
    from ..evaluate.runs.run import Run
    from ..evaluate.suites.comparison import SuiteComparison


@dataclass(frozen=True)
class ReportOptions:
    """What is written of a comparison, where to, and by which margin and rule it is judged."""

    json: str | None
    html: Path | None
    markdown: Path | None
    junit: Path | None
    margin: list[str]
    no_multiplicity: bool
    trained_for: str | None
    by: str | None
    strict: bool
    workers: int | None = None
    log_to: list[str] = field(default_factory=list)

    def compare(self, runs: Sequence[Run | Arm]) -> Comparison:
        """Compare runs by these margins."""
        from ..evaluate.paired.margins import Margins
        from ..evaluate.paired.pairing import compare

        return compare(
            runs,
            margin=Margins.parse(self.margin),
            multiplicity=not self.no_multiplicity,
            trained=self.trained_for,
            by=self.by,
            workers=self.workers,
        )

    def send(self, comparison: Comparison, sides: Sequence[Run | Arm]) -> None:
        """Hand a comparison to the trackers of --log-to; where one does not take it, that is said, and no more."""
        from ..reports.html import to_html
        from ..reports.trackers import log_to

        self._send(lambda name: log_to(name, comparison, sides, to_html(comparison, sides)))

    def send_suite(self, suite: SuiteComparison) -> None:
        """Hand a suite to the trackers of --log-to, as one run each."""
        from ..reports.suite.page import suite_html
        from ..reports.trackers import log_suite_to

        self._send(lambda name: log_suite_to(name, suite, suite_html(suite)))

    def _send(self, log: Callable[[str], None]) -> None:
        from ..reports.trackers import TrackerError

        for name in self.log_to:
            try:
                log(name)
            except TrackerError as error:
                note(str(error))

    @property
    def to_stdout(self) -> bool:
        """Whether standard output is for one of the reports alone."""
        return STDOUT in map(str, self.outputs.values())

    @property
    def outputs(self) -> dict[str, str | Path | None]:
        """The files that are written, by their options."""
        return {"--json": self.json, "--html": self.html, "--markdown": self.markdown, "--junit": self.junit}


def tracker(text: str) -> str:
    """Read the name of a tracker; one whose client is not installed is refused before any work."""
    from ..reports.trackers import TrackerError, check_tracker

    try:
        check_tracker(text)
    except TrackerError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("--log-to ")) from None
    return text


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the options of output."""
    group = parser.add_argument_group("output")
    group.add_argument("--out", type=Path, metavar="DIR", help="the run's directory (default: a new one in runs/)")
    add_reports(group)


def add_reports(group: argparse._ActionsContainer) -> None:
    """Add the options that say what is reported, and by which margin."""
    group.add_argument(
        "--json", metavar="FILE", help="write the comparison as JSON; here and below - is standard output"
    )
    group.add_argument("--html", type=Path, metavar="FILE", help="write the comparison as one self-contained page")
    group.add_argument("--markdown", type=Path, metavar="FILE", help="write the comparison as Markdown")
    group.add_argument("--junit", type=Path, metavar="FILE", help="write the verdicts as JUnit XML, for CI systems")
    group.add_argument(
        "--margin",
        type=margin,
        action="append",
        default=[],
        metavar="[NAME=]X|X%%",
        help="a loss of the mean up to this still counts as held: a number, or a share of the base's mean; of "
        "one reward with its name before it; may be given again (default: 0.02)",
    )
    group.add_argument(
        "--no-multiplicity",
        action="store_true",
        help="judge each of several models as if it were the only one; by default all verdicts together are as sure as "
        "one",
    )
    group.add_argument(
        "--trained-for",
        metavar="SPEC",
        help="the mix that the tuned models were trained for, where no recipe.yaml beside them says it",
    )
    group.add_argument(
        "--by",
        metavar="COLUMN",
        help="the change for each value of this column of the prompts, or of a table, too, and whether these groups "
        "differ",
    )
    group.add_argument(
        "--log-to",
        type=tracker,
        action="append",
        default=[],
        metavar="wandb|mlflow|trackio",
        help="log the figures, a table of answers and the page to this tracker, as its own client finds it; may be "
        "given again",
    )
    group.set_defaults(workers=None)  # where nothing is scored there is no such option
    group.add_argument("--strict", action="store_true", help="exit with 3 when the comparison is underpowered")
