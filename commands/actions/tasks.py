"""``grpo-eval tasks``: the table of tasks, rows as a model sees them, doubtful references, prepared rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ...errors import GrpokitError
from ...evaluate.engines.checkpoint import locate
from ...evaluate.engines.model_path import ModelPath
from ...evaluate.rendering import encode, plain, render
from ...evaluate.suites import load_suite, suite_names
from ...evaluate.tasks import card_text, load_cards, load_task
from ...evaluate.tasks.choices import lettered
from ...evaluate.tasks.filters import parse_where
from ...evaluate.tasks.preparation import Lengths, prepare
from ...evaluate.tasks.references import CheckedReferences, check_column, check_task
from ...evaluate.tasks.tokens import TokenCounts
from ...evaluate.template_arguments import Template
from ...evaluate.types import CONTINUATIONS, Prompt
from ...reports.wording import one_line, visible
from ..ending import reader_may_leave
from ..options import UsageError
from ..progress import progress

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from ...evaluate.tasks.card import Task


@dataclass(frozen=True)
class RowOptions:
    """Which rows of a task."""

    data: Path | None
    split: str
    where: list[str]
    limit: int | None

    def of(self, task: str) -> Task:
        """Return the task of that name with these filters."""
        return load_task(task).filtered(parse_where(self.where))


def show_card(name: str) -> None:
    """Print a task's card, as it is written."""
    with reader_may_leave():
        print(visible(card_text(name)), end="")


@dataclass(frozen=True)
class LengthOptions:
    """How many tokens a prompt may have, and whose."""

    model: str | None
    trust_remote_code: bool
    min_prompt_tokens: int | None
    max_prompt_tokens: int | None

    def load(self) -> Lengths | None:
        """Return the bounds, with the tokenizer that counts; None without a model."""
        low, high = self.min_prompt_tokens, self.max_prompt_tokens
        if self.model is None:
            if low or high:
                raise UsageError("a length in tokens needs --model, whose tokens are meant.")
            return None
        if low and high and low > high:
            raise UsageError(f"--min-prompt-tokens {low} is more than --max-prompt-tokens {high}.")
        return Lengths(_tokenizer(self.model, self.trust_remote_code), low, high)


def list_all() -> None:
    """Print a table of all tasks, and one of all suites."""
    table = Table()
    for heading, keep in (("name", True), ("rows from", False), ("rewards", False), ("primary", True)):
        table.add_column(heading, overflow="fold", no_wrap=keep)
    for card in load_cards():
        table.add_row(card.name, card.source.label, card.rewards.replace(",", ", "), card.primary)
    console = Console()
    console.print(table, highlight=False, markup=False)
    suites = Table()
    for heading in ("suite", "targets", "guards", "what for"):
        suites.add_column(heading, overflow="fold")
    for suite in map(load_suite, suite_names()):
        suites.add_row(suite.name, str(len(suite.targets)), str(len(suite.guards)), suite.description)
    console.print(suites, highlight=False, markup=False)
    console.print("reasoning_gym:DATASET names one of that library's; a task may also be a YAML card of your own.")


def show(name: str, rows: RowOptions, shown: int, model: str | None, counted: int, *, trust_remote_code: bool) -> None:
    """Print the first ``shown`` prompts; with a model, as its template renders them, and the tokens of ``counted``."""
    task = rows.of(name)
    prompts = task.prompts(rows.split, data=rows.data, limit=counted)
    first = list(islice(prompts, shown))
    if not first:
        raise GrpokitError(f"task {task.name!r} has no prompts: its data is empty, or the filter keeps no row.")
    tokenizer = _tokenizer(model, trust_remote_code) if model else None
    console = _console()
    with reader_may_leave():
        for prompt in first:
            _print_prompt(console, prompt, tokenizer, task.template)
        if tokenizer is not None:
            _print_tokens(console, TokenCounts.of(len(encode(tokenizer, one.text)) for one in [*first, *prompts]))


def _console() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True)


def _tokenizer(model: str, trust_remote_code: bool) -> PreTrainedTokenizerBase:
    from transformers.utils import logging  # with torch, for --model alone

    from ...evaluate.engines.loading import load_tokenizer, say_code

    logging.set_verbosity_error()  # prompts longer than the context are what a person is here to see
    folder = locate(ModelPath.parse(model), code=trust_remote_code)
    say_code(folder, trusted=trust_remote_code)
    return load_tokenizer(folder, trust_remote_code=trust_remote_code)


def _print_prompt(
    console: Console, prompt: Prompt, tokenizer: PreTrainedTokenizerBase | None, template: Template
) -> None:
    tokens = "" if tokenizer is None else f"   {len(encode(tokenizer, prompt.text, template))} tokens"
    console.rule(f"row {one_line(prompt.id)}{tokens}", align="left")
    console.print(visible(plain(prompt.text) if tokenizer is None else render(tokenizer, prompt.text, template)))
    if CONTINUATIONS in prompt.columns:
        console.print("choices", style="bold")
        console.print(visible(lettered(prompt.columns[CONTINUATIONS])))
    if "reference" in prompt.columns:
        console.print("reference", style="bold")
        console.print(visible(str(prompt.columns["reference"])))


def _print_tokens(console: Console, counts: TokenCounts) -> None:
    bins = counts.histogram()
    most = max(bin.prompts for bin in bins)
    console.rule(f"prompt tokens of {len(counts.ordered)} rows", align="left")
    for bin in bins:
        bar = "█" * max(round(40 * bin.prompts / most), min(bin.prompts, 1))
        console.print(f"{bin.low:>6}-{bin.high:<6} {bin.prompts:>7}  {bar}")
    console.print(f"min {counts.at(0)}   median {counts.at(0.5)}   95 % up to {counts.at(0.95)}   max {counts.at(1)}")


def check(name: str | None, reference_column: str | None, rows: RowOptions) -> int:
    """Print the doubtful references of a task, or of a column of --data; return how many there are."""
    if name is not None:
        if reference_column is not None:
            raise UsageError("--reference-column goes with --data alone: a task names its own column.")
        checked = check_task(rows.of(name), rows.split, data=rows.data, limit=rows.limit)
    elif rows.data is None or reference_column is None:
        raise UsageError("give a task, or --data FILE with --reference-column NAME.")
    else:
        checked = check_column(rows.data, reference_column, parse_where(rows.where), limit=rows.limit)
    with reader_may_leave():  # what was checked stands all the same
        _print_checked(checked)
    return len(checked.findings)


def _print_checked(checked: CheckedReferences) -> None:
    console = _console()
    for finding in checked.findings:
        console.print(one_line(f"row {finding.row}: {finding.status}: {finding.reason}"))
    fragmentary = [finding.row for finding in checked.fragmentary]
    if fragmentary:
        numbers = ", ".join(fragmentary[:5]) + (", …" if len(fragmentary) > 5 else "")
        note = f"note: {len(fragmentary)} of {checked.read} references are bare LaTeX (rows {numbers}): read whole "
        note += "here, but in pieces by parsers that look for marked mathematics; for those write them between $."
        console.print(one_line(note))
    if checked.findings:
        counts = Counter(finding.status for finding in checked.findings)
        kinds = ", ".join(f"{count} {status}" for status, count in counts.most_common())
        console.print(f"{len(checked.findings)} of {checked.read} references are doubtful: {kinds}.", style="bold red")
    else:
        console.print(f"all {checked.read} references can be judged by.", style="bold green")


def prepare_rows(name: str, rows: RowOptions, out: Path, lengths: LengthOptions) -> None:
    """Write the rows worth asking to the folder ``out`` and print what became of the others."""
    task, bounds = rows.of(name), lengths.load()
    with progress() as bars, bars.track(task.name, None, "rows") as advance:
        prepared = prepare(task, rows.split, out, data=rows.data, limit=rows.limit, lengths=bounds, advance=advance)
    console = _console()
    with reader_may_leave():
        console.print(f"{prepared.kept} of {prepared.read} rows kept in {prepared.path}", style="bold")
        for reason, count in sorted(prepared.dropped.items(), key=lambda item: -item[1]):
            console.print(f"{count:>8} dropped: {reason}")
        if prepared.tokens is not None:
            _print_tokens(console, prepared.tokens)
