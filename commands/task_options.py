"""Options that say what is asked: the task, its rows, how many of them, and what stands around a question."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .numbers import RowLimit, row_limit, whole
from .options import UsageError, note

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from ..evaluate.engines.spec import ModelSpec
    from ..evaluate.tasks.card import Task
    from ..evaluate.types import Prompt


DRAWN = " drawn with seed "
"""What a run says of rows that were drawn at random, before the seed."""


class Questions(NamedTuple):
    """What is asked, and in words where it comes from."""

    prompts: list[Prompt]
    source: str


@dataclass(frozen=True)
class TaskOptions:
    """What is asked."""

    task: str | None
    data: Path | None
    split: str
    prompt_column: str | None
    reference_column: str | None
    id_column: str | None
    where: list[str]
    limit: RowLimit | None
    system: str | None
    shots: int | None
    template: list[str]
    allow_code: bool

    def load(self, rewards: str | None) -> Task:
        """Return the task that --task names, or one over the columns of --data that is scored by ``rewards``."""
        from ..evaluate.template_arguments import parse_template

        task = self._named(rewards).with_template(parse_template(self.template).get(None, {}))
        if self.system is not None:
            task = task.with_system(self.system)
        return task if self.shots is None else task.with_shots(self.shots)

    def models(self, specs: Sequence[ModelSpec]) -> list[ModelSpec]:
        """Return the models with the arguments of their chat templates that --template gives each of them."""
        from ..evaluate.engines.spec import with_templates
        from ..evaluate.template_arguments import parse_template

        return with_templates(specs, parse_template(self.template))

    def questions(self, task: Task, seed: int) -> Questions:
        """Return what is asked of a task; where --limit leaves rows out they are drawn at random with the seed.

        Raises :class:`~grpokit.evaluate.EvaluationError` for rows that cannot be read or asked.
        """
        source = str(self.data) if self.data else f"{self.split} split"
        shown = "" if task.shots is None or not task.shots.count else f", {task.shots.count} shots"
        if self.limit is None or self.limit.first:
            limit = None if self.limit is None else self.limit.number
            return Questions(list(task.prompts(self.split, data=self.data, limit=limit)), source + shown)
        count = self.limit.number
        drawn = task.draw(self.split, count, seed, data=self.data)
        if drawn.rows <= count:
            return Questions(drawn.prompts, source + shown)
        return Questions(drawn.prompts, f"{source}, {count:,} of {drawn.rows:,}{DRAWN}{seed}{shown}")

    def note_drawn(self, source: str) -> None:
        """Say that questions were drawn at random, where ``source``, which says what was asked, says so."""
        if self.limit is not None and DRAWN in source:
            note(f"what was asked: {source}; --limit first:{self.limit.number} asks the first.")

    def _named(self, rewards: str | None) -> Task:
        from ..evaluate.tasks import file_task, load_task
        from ..evaluate.tasks.filters import parse_where

        if self.task is not None:
            return load_task(self.task, allow_code=self.allow_code).filtered(parse_where(self.where))
        if self.data is None:
            raise UsageError("give --task NAME, or --data FILE with --prompt-column (and --reference-column).")
        if self.prompt_column is None:
            raise UsageError(f"--data {self.data} without --task needs --prompt-column, the column that is asked.")
        mix = "correctness" if rewards is None else rewards
        own = file_task(self.data, self.prompt_column, self.reference_column, self.id_column, mix)
        return own.filtered(parse_where(self.where))


def add_task(parser: argparse.ArgumentParser, *, several: bool = False) -> argparse._ArgumentGroup:
    """Add the options that say what is asked, ``several`` tasks or one; return their group."""
    group = parser.add_argument_group("what is asked")
    known = "a task of this package, such as arithmetic, or a YAML card"
    if several:
        group.add_argument("--task", action="append", metavar="NAME", help=f"{known}; may be given again, for a suite")
    else:
        group.add_argument("--task", metavar="NAME", help=known)
    group.add_argument("--data", type=Path, metavar="FILE", help="rows from a .jsonl, .csv or .parquet file")
    group.add_argument("--split", default="test", help="the task's split (default: test)")
    group.add_argument("--prompt-column", metavar="NAME", help="without --task: the column with the prompt")
    group.add_argument("--reference-column", metavar="NAME", help="without --task: the column with the reference")
    group.add_argument("--id-column", metavar="NAME", help="without --task: the column that identifies a row")
    add_where(group)
    group.add_argument(
        "--limit",
        type=row_limit,
        metavar="N|first:N",
        help="only N rows, drawn at random with --seed, so that runs with the same limit and seed share their "
        "questions; first:N takes the first",
    )
    group.add_argument(
        "--system",
        metavar="TEXT",
        help="the system message, in which {column} stands for a column of the row, in place of the task's own; '' is "
        "none",
    )
    group.add_argument(
        "--shots", type=whole, metavar="K", help="so many examples before each question, in place of the task's own"
    )
    group.add_argument(
        "--template",
        action="append",
        default=[],
        metavar="[MODEL:]KEY=VALUE",
        help="an argument of the chat template, such as enable_thinking=false, for all models or for the one of that "
        "name; may be given again",
    )
    return group


def add_where(group: argparse._ActionsContainer) -> None:
    """Add the option that filters rows."""
    group.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=VALUE[,VALUE]",
        help="only rows with one of these values there, such as lang=en,es; in place of the task's own filter on that "
        "column; may be given again",
    )
