"""``grpo-eval tasks``: list the tasks, show their rows as a model sees them, check references, prepare rows."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import numbers, options
from .ending import FAILED, OK, reader_may_leave
from .main import Subparsers, command
from .task_options import add_where

COUNTED = 2_000
"""So many prompts are counted in tokens unless --limit says otherwise."""

EXAMPLES = """\
examples:
  grpo-eval tasks list
  grpo-eval tasks show gsm8k --rows 2 --model HuggingFaceTB/SmolLM2-135M-Instruct
  grpo-eval tasks show oasst1 --where lang=es,ca
  grpo-eval tasks show gsm8k --card > mine.yaml                      a card to begin with
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
    command(actions, "list", run_list, "list all tasks and suites by name")
    _add_show(actions)
    _add_check(actions)
    _add_prepare(actions)


def _add_show(actions: Subparsers) -> None:
    show = command(actions, "show", run_show, "show a task's rows as the model will see them")
    show.add_argument("task", metavar="NAME", help="a task's name, or a YAML card")
    show.add_argument("--rows", type=numbers.positive, default=3, metavar="N", help="rows to print (%(default)s)")
    show.add_argument("--model", metavar="PATH_OR_ID", help="count tokens, and use the chat template, of this model")
    options.add_trust(show)
    show.add_argument("--card", action="store_true", help="print the task's card, to be copied and changed")
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
    options.add_trust(prepare)
    for bound, what in (("max", "longer"), ("min", "shorter")):
        prepare.add_argument(
            f"--{bound}-prompt-tokens", type=numbers.positive, metavar="N", help=f"drop prompts {what} than this"
        )
    _add_rows(prepare, "keep the first N rows")


def _add_rows(parser: argparse.ArgumentParser, limit: str) -> None:
    parser.add_argument("--data", type=Path, metavar="FILE", help="rows from a .jsonl, .csv or .parquet file")
    parser.add_argument("--split", default="test", help="the task's split (default: test)")
    add_where(parser)
    parser.add_argument("--limit", type=numbers.positive, metavar="N", help=limit)


def run_list(args: argparse.Namespace) -> int:
    """Print a table of all tasks, and one of all suites."""
    from .actions import tasks

    with reader_may_leave():
        tasks.list_all()
    return OK


def run_show(args: argparse.Namespace) -> int:
    """Print the first prompts as the model is asked, and how long prompts are."""
    from .actions import tasks

    if args.card:
        tasks.show_card(args.task)
        return OK
    rows, counted = options.read(tasks.RowOptions, args), args.limit or COUNTED
    tasks.show(args.task, rows, args.rows, args.model, counted, trust_remote_code=args.trust_remote_code)
    return OK


def run_check(args: argparse.Namespace) -> int:
    """Print the doubtful references."""
    from .actions import tasks

    doubtful = tasks.check(args.task, args.reference_column, options.read(tasks.RowOptions, args))
    return FAILED if doubtful else OK


def run_prepare(args: argparse.Namespace) -> int:
    """Write the rows worth asking and print what became of the others."""
    from .actions import tasks

    rows, lengths = options.read(tasks.RowOptions, args), options.read(tasks.LengthOptions, args)
    tasks.prepare_rows(args.task, rows, args.out, lengths)
    return OK
