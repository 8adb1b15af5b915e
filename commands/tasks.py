"""``grpo-eval tasks``: list the tasks, show their rows as a model sees them, check references, prepare rows."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from . import options
from .main import FAILED, OK, Subparsers, command
from .progress import progress

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from rich.console import Console
    from transformers import PreTrainedTokenizerBase

    from ..evaluate.tasks.card import Task
    from ..evaluate.tasks.preparation import Lengths, Preparation
    from ..evaluate.tasks.references import CheckedReferences
    from ..evaluate.tasks.tokens import TokenCounts
    from ..evaluate.types import Prompt

COUNTED = 2_000
"""So many prompts are counted in tokens unless --limit says otherwise."""

EXAMPLES = """\
examples:
  grpo-eval tasks list
  grpo-eval tasks show gsm8k --rows 2 --model HuggingFaceTB/SmolLM2-135M-Instruct
  grpo-eval tasks show oasst1 --where lang=es,ca
  grpo-eval tasks check --data rows.jsonl --reference-column answer
  grpo-eval tasks prepare oasst1 --split train --where lang=en,es --out prepared \\
      --model org/model --min-prompt-tokens 8 --max-prompt-tokens 256

Where no hub can be reached, --data FILE feeds a task from a local file (.jsonl, .csv or .parquet) with the same
columns. A task is a YAML card: give the path of your own wherever a name is asked for.
"""


def add_parser(commands: Subparsers) -> None:
    """Add the command to ``grpo-eval``."""
    parser = command(
        commands,
        "tasks",
        None,
        help="list, show, check or prepare tasks",
        description="List the tasks, show their rows as a model sees them, check references, prepare rows.",
        examples=EXAMPLES,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    command(actions, "list", run_list, "list all tasks by name")
    _add_show(actions)
    _add_check(actions)
    _add_prepare(actions)


def _add_show(actions: Subparsers) -> None:
    show = command(actions, "show", run_show, "show a task's rows as the model will see them")
    show.add_argument("task", metavar="NAME", help="a task's name, or a YAML card")
    show.add_argument("--rows", type=options.positive, default=3, metavar="N", help="rows to print (%(default)s)")
    show.add_argument("--model", metavar="PATH_OR_ID", help="count tokens, and use the chat template, of this model")
    _add_rows(show, f"with --model: count the first N prompts (default: {COUNTED})")


def _add_check(actions: Subparsers) -> None:
    check = command(
        actions,
        "check",
        run_check,
        help="find doubtful references; exit status 1 when there are some",
        description="Read every reference as the correctness reward does, and list those that it cannot judge by.",
    )
    check.add_argument("task", nargs="?", metavar="NAME", help="a task's name, or a YAML card")
    check.add_argument("--reference-column", metavar="NAME", help="without a task: the column of --data to check")
    _add_rows(check, "only the first N rows")


def _add_prepare(actions: Subparsers) -> None:
    prepare = command(
        actions,
        "prepare",
        run_prepare,
        help="write the rows worth asking, and say what was dropped and why",
        description="Filter a task's rows, drop repeated and empty prompts and those too long or too short, and write\n"
        "DIR/SPLIT.jsonl, which --data takes for the same task, DIR/SPLIT.report.json and the card DIR/NAME.yaml.",
    )
    prepare.add_argument("task", metavar="NAME", help="a task's name, or a YAML card")
    prepare.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the rows go")
    prepare.add_argument("--model", metavar="PATH_OR_ID", help="the model whose tokens are counted")
    for bound, what in (("max", "longer"), ("min", "shorter")):
        prepare.add_argument(
            f"--{bound}-prompt-tokens", type=options.positive, metavar="N", help=f"drop prompts {what} than this"
        )
    _add_rows(prepare, "keep the first N rows")


def _add_rows(parser: argparse.ArgumentParser, limit: str) -> None:
    parser.add_argument("--data", type=Path, metavar="FILE", help="rows from a .jsonl, .csv or .parquet file")
    parser.add_argument("--split", default="test", help="the task's split (default: test)")
    options.add_where(parser)
    parser.add_argument("--limit", type=options.positive, metavar="N", help=limit)


def run_list(args: argparse.Namespace) -> int:
    """Print a table of all tasks."""
    from rich.console import Console
    from rich.table import Table

    from ..evaluate.tasks import load_cards

    table = Table()
    for heading, keep in (("name", True), ("rows from", False), ("rewards", False), ("primary", True)):
        table.add_column(heading, overflow="fold", no_wrap=keep)
    for card in load_cards():
        table.add_row(card.name, card.source.label, card.rewards.replace(",", ", "), card.primary)
    console = Console()
    console.print(table, highlight=False, markup=False)
    console.print("reasoning_gym:DATASET names one of that library's; a task may also be a YAML card of your own.")
    return OK


def run_show(args: argparse.Namespace) -> int:
    """Print the first prompts as the model is asked, and how long prompts are."""
    from itertools import islice

    from rich.console import Console

    from ..errors import GrpokitError

    task = _task(args.task, args.where)
    prompts = task.prompts(args.split, data=args.data, limit=args.limit or COUNTED)
    first = list(islice(prompts, args.rows))
    if not first:
        raise GrpokitError(f"task {task.name!r} has no prompts: its data is empty, or the filter keeps no row.")
    tokenizer = _tokenizer(args.model) if args.model else None
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for prompt in first:
        _print_prompt(console, prompt, tokenizer)
    if tokenizer is not None:
        _print_tokens(console, _count([*first, *prompts], tokenizer))
    return OK


def run_check(args: argparse.Namespace) -> int:
    """Print the doubtful references."""
    from ..evaluate.tasks.filters import parse_where
    from ..evaluate.tasks.references import check_column, check_task

    if args.task is not None:
        if args.reference_column is not None:
            raise options.UsageError("--reference-column goes with --data alone: a task names its own column.")
        checked = check_task(_task(args.task, args.where), args.split, data=args.data, limit=args.limit)
    elif args.data is None or args.reference_column is None:
        raise options.UsageError("give a task, or --data FILE with --reference-column NAME.")
    else:
        checked = check_column(args.data, args.reference_column, parse_where(args.where), limit=args.limit)
    _print_checked(checked)
    return FAILED if checked.findings else OK


def run_prepare(args: argparse.Namespace) -> int:
    """Write the rows worth asking and print what became of the others."""
    from ..evaluate.tasks.preparation import prepare

    task = _task(args.task, args.where)
    lengths = _lengths(args.model, args.min_prompt_tokens, args.max_prompt_tokens)
    with progress() as bars, bars.track(task.name, None, "rows") as advance:
        prepared = prepare(
            task, args.split, args.out, data=args.data, limit=args.limit, lengths=lengths, advance=advance
        )
    _print_prepared(prepared)
    return OK


def _task(name: str, where: list[str]) -> Task:
    from ..evaluate.tasks import load_task
    from ..evaluate.tasks.filters import parse_where

    return load_task(name).filtered(parse_where(where))


def _tokenizer(model: str) -> PreTrainedTokenizerBase:
    from transformers.utils import logging

    from ..evaluate.engines.checkpoint import locate
    from ..evaluate.engines.loading import load_tokenizer
    from ..evaluate.engines.model_path import ModelPath

    logging.set_verbosity_error()  # prompts longer than the context are what a person is here to see
    return load_tokenizer(locate(ModelPath.parse(model)))


def _lengths(model: str | None, low: int | None, high: int | None) -> Lengths | None:
    from ..evaluate.tasks.preparation import Lengths

    if model is None:
        if low or high:
            raise options.UsageError("a length in tokens needs --model, whose tokens are meant.")
        return None
    if low and high and low > high:
        raise options.UsageError(f"--min-prompt-tokens {low} is more than --max-prompt-tokens {high}.")
    return Lengths(_tokenizer(model), low, high)


def _count(prompts: list[Prompt], tokenizer: PreTrainedTokenizerBase) -> TokenCounts:
    from ..evaluate.rendering import encode
    from ..evaluate.tasks.tokens import TokenCounts

    return TokenCounts.of(len(encode(tokenizer, prompt.text)) for prompt in prompts)


def _print_prompt(console: Console, prompt: Prompt, tokenizer: PreTrainedTokenizerBase | None) -> None:
    from ..evaluate.rendering import encode, plain, render
    from ..reports.wording import one_line, visible

    tokens = "" if tokenizer is None else f"   {len(encode(tokenizer, prompt.text))} tokens"
    console.rule(f"row {one_line(prompt.id)}{tokens}", align="left")
    console.print(visible(plain(prompt.text) if tokenizer is None else render(tokenizer, prompt.text)))
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


def _print_checked(checked: CheckedReferences) -> None:
    from rich.console import Console

    from ..reports.wording import one_line

    console = Console(highlight=False, markup=False, soft_wrap=True)
    for finding in checked.findings:
        console.print(one_line(f"row {finding.row}: {finding.status}: {finding.reason}"))
    fragmentary = [finding.row for finding in checked.fragmentary]
    if fragmentary:
        rows = ", ".join(fragmentary[:5]) + (", …" if len(fragmentary) > 5 else "")
        note = f"note: {len(fragmentary)} of {checked.read} references are bare LaTeX (rows {rows}): read whole here, "
        note += "but in pieces by parsers that look for marked mathematics; for those write them between $."
        console.print(one_line(note))
    if not checked.findings:
        console.print(f"all {checked.read} references can be judged by.", style="bold green")
        return
    counts = Counter(finding.status for finding in checked.findings)
    kinds = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    console.print(f"{len(checked.findings)} of {checked.read} references are doubtful: {kinds}.", style="bold red")


def _print_prepared(prepared: Preparation) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{prepared.kept} of {prepared.read} rows kept in {prepared.path}", style="bold")
    for reason, count in sorted(prepared.dropped.items(), key=lambda item: -item[1]):
        console.print(f"{count:>8} dropped: {reason}")
    if prepared.tokens is not None:
        _print_tokens(console, prepared.tokens)
    console.print(f"Use them with --task {prepared.card} --data {prepared.path}")
