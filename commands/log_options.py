"""The options by which commands take what other tools wrote: which log, which part of it, which columns of a table."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .options import UsageError, add_cluster, add_reward_timeout, add_workers

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from ..evaluate.logs.log import LogChoice, ScoreColumn


class Source(NamedTuple):
    """A run, a folder of runs, a log or a table; ``name`` takes the place of its model's own."""

    name: str | None
    path: Path

    @classmethod
    def parse(cls, text: str) -> Source:
        """Read ``[NAME=]PATH``; a path that is there as it is written has no name before it.

        >>> Source.parse("base=logs/base.eval").name, Source.parse("logs/a=b.eval").name
        ('base', None)
        """
        named = re.fullmatch(r"([^=/]+)=(.+)", text)
        if named is None or Path(text).exists():
            return cls(None, Path(text))
        return cls(named[1], Path(named[2]))


def inputs(sources: Sequence[Source]) -> dict[str, Path | None]:
    """Return what a command reads, by what a refusal calls it: no output may take its place."""
    return {f"input {number}": source.path for number, source in enumerate(sources, start=1)}


@dataclass(frozen=True)
class LogOptions:
    """What of a log is read; None where the log holds one of it, and for columns that a table does not have."""

    format: str | None
    log_task: str | None
    filter: str | None
    scorer: str | None
    completion_column: str | None
    reference_column: str | None
    prompt_column: str | None
    model_column: str | None
    id_column: str | None
    cluster_column: str | None
    score_column: list[str] | None
    skip_bad_rows: bool
    by: str | None

    @property
    def given(self) -> list[str]:
        """The options that were given, as they are written, of those that only logs have."""
        written = {"log_task": "--task"}
        return [
            written.get(key, "--" + key.replace("_", "-"))
            for key, value in asdict(self).items()
            if value and key != "by"
        ]

    def choice(self) -> LogChoice:
        """Return what of a log is read; raise :class:`UsageError` for a range that is none."""
        from ..evaluate.logs.log import Columns, LogChoice

        columns = {name: getattr(self, f"{name}_column") for name in Columns._fields}
        named = any(columns.values())
        return LogChoice(
            format=self.format,
            task=self.log_task,
            filter=self.filter,
            scorer=self.scorer,
            columns=Columns(**{**columns, "completion": columns["completion"] or "completion"}) if named else None,
            scores=tuple(map(_score_column, self.score_column or [])),
            cluster=self.cluster_column,
            by=self.by,
        )


def _score_column(text: str) -> ScoreColumn:
    from ..evaluate.logs.log import ScoreColumn

    name, equals, limits = text.rpartition("=")
    if not equals:
        return ScoreColumn(text)
    low, dots, high = limits.partition("..")
    try:
        column = ScoreColumn(name, float(low), float(high))
    except ValueError:
        column = ScoreColumn("", 0, 0)
    if not dots or not column.name or not float(low) < float(high):
        raise UsageError(f"--score-column {text!r}: write NAME, or NAME=LOW..HIGH such as quality=0..10.")
    return column


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add the runs or logs that a command compares, and the options that say how they are read."""
    parser.add_argument(
        "sources",
        nargs="+",
        type=Source.parse,
        metavar="RUN|LOG",
        help="a run's directory, one that holds runs, or a log of another tool; NAME=LOG names its model, "
        "NAME=RUN,RUN (or a pattern, such as new='runs/mine/seed-*') makes seeds of one recipe one model",
    )
    parser.add_argument(
        "--on", choices=("shared",), help="compare on the questions that all were asked, and say how many are left out"
    )
    add_logs(parser)
    group = parser.add_argument_group("scoring of logs")
    group.add_argument("--rewards", metavar="SPEC", help="a mix that scores the logs' completions, beside their grades")
    group.add_argument("--primary", metavar="NAME", help="the metric whose verdict counts, or 'total'")
    add_reward_timeout(group)
    add_workers(group)
    parser.set_defaults(allow_code=False)


def add_logs(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what of a log is read."""
    group = parser.add_argument_group("logs of other tools")
    group.add_argument(
        "--format",
        metavar="NAME",
        help="lm-eval, inspect, lighteval, verifiers, promptfoo or table (default: what the log shows)",
    )
    group.add_argument(
        "--task", dest="log_task", metavar="NAME", help="which task of a folder of lm-eval's, or 'mmlu_*'"
    )
    group.add_argument("--filter", metavar="NAME", help="which of lm-eval's filters")
    group.add_argument("--scorer", metavar="NAME", help="which of inspect's scorers")
    group.add_argument("--skip-bad-rows", action="store_true", help="go on without rows that cannot be read")
    columns = parser.add_argument_group("columns of a table (names, or paths such as doc.answer and resps.0.0)")
    columns.add_argument("--completion-column", metavar="NAME", help="default: completion")
    columns.add_argument("--reference-column", metavar="NAME", help="what rewards compare with")
    columns.add_argument("--prompt-column", metavar="NAME", help="what was asked")
    columns.add_argument("--model-column", metavar="NAME", help="who answered: one run per model, compared pairwise")
    columns.add_argument("--id-column", metavar="NAME", help="which question; rows of one id and model are samples")
    add_cluster(columns)
    columns.add_argument(
        "--score-column",
        action="append",
        metavar="NAME[=LOW..HIGH]",
        help="a score that the row has already, such as quality=0..10; may be given again",
    )
