"""What a person may want to do next after each command: one line on standard error, which ends in that command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from shlex import quote
from typing import TypeAlias

from ..errors import GrpokitError
from .ending import FAILED, OK, UNDERPOWERED, reader_may_leave
from .options import STDOUT
from .progress import QUIET

Hint: TypeAlias = Callable[[argparse.Namespace, int], str]
"""What to do after a command with these options that ended with this status."""

WRITTEN: ContextVar[Path | None] = ContextVar("WRITTEN", default=None)
"""The folder that this command has written its runs into, which --out may leave open."""

ENDED = (OK, FAILED, UNDERPOWERED)
"""The statuses of a command that came to its end."""

PAGE = "a page with every answer side by side"


def show_hint(args: argparse.Namespace, status: int) -> None:
    """Print what may come next, once for all processes; nothing with ``--quiet``, or where a program reads the output.

    After wrong usage, where most values are missing and after Ctrl-C what was printed says how to go on.
    """
    from ..evaluate.runs.shards import Shard
    from ..reports.wording import one_line

    hint, outputs = HINTS.get(args.prog), (getattr(args, name, None) for name in ("json", "html", "markdown", "junit"))
    if hint is None or status not in ENDED or QUIET.get() or STDOUT in map(str, outputs) or not Shard.current().first:
        return
    with reader_may_leave():  # in a file that takes both streams it stands behind the results
        pass
    with suppress(OSError, GrpokitError):  # the status is what counts
        print(f"hint: {one_line(hint(args, status))}", file=sys.stderr, flush=True)


def _opened(page: Path) -> str:
    return f"open {quote(str(page))} in a browser"


def _demo(args: argparse.Namespace, status: int) -> str:
    return f"{_opened(args.out / 'report.html')}; then compare two models of your own: grpo-eval run --help"


def _run(args: argparse.Namespace, status: int) -> str:
    if args.html is not None:
        return _opened(args.html)
    out = _folder(args)
    if (out / "manifest.json").exists():
        models = f"--model {quote(f'base={out}')} --model new=PATH_OR_ID"
        return f"compare another model with it: the same grpo-eval run with {models}"
    return _report(out)


def _score(args: argparse.Namespace, status: int) -> str:
    return _opened(args.html) if args.html is not None else _report(_folder(args))


def _folder(args: argparse.Namespace) -> Path:
    """Return the folder that the command wrote its runs into."""
    out: Path | None = args.out or WRITTEN.get()
    assert out is not None, "what makes runs makes a folder for them"
    return out


def _report(runs: Path) -> str:
    return f"{PAGE}: grpo-report {quote(str(runs))} --html report.html"


def _compare(args: argparse.Namespace, status: int) -> str:
    if args.html is not None:
        return _opened(args.html)
    return f"{PAGE}: the same {args.prog} with --html report.html"


def _signal(args: argparse.Namespace, status: int) -> str:
    if args.prompts is not None:
        return f"train on these prompts alone: grpo-train RECIPE --data {quote(str(args.prompts))}"
    return (
        f"write the prompts worth training on: grpo-eval signal {quote(str(args.source))} --group {args.group} "
        "--prompts worth.jsonl"
    )


def _tasks_list(args: argparse.Namespace, status: int) -> str:
    return "see a task's questions as a model gets them: grpo-eval tasks show arithmetic"


def _tasks_show(args: argparse.Namespace, status: int) -> str:
    if args.card:
        return "keep the card in a file, change it, and look at its questions: grpo-eval tasks show mine.yaml"
    return f"ask a model these: {_asked(args)}"


def _tasks_check(args: argparse.Namespace, status: int) -> str:
    if status == FAILED:
        return "mend these references, or leave their rows out (--where), then again: grpo-eval tasks check"
    if args.task is None:
        column = quote(args.reference_column)
        asked = f"grpo-eval run --data {quote(str(args.data))} --prompt-column NAME --reference-column {column}"
        return f"ask a model the questions: {asked} --model PATH_OR_ID"
    return f"ask a model the questions: {_asked(args)}"


def _tasks_prepare(args: argparse.Namespace, status: int) -> str:
    from ..evaluate.tasks import load_task
    from ..evaluate.tasks.preparation import card_path

    card, rows = card_path(load_task(args.task), args.out), args.out / f"{args.split}.jsonl"
    asked = f"grpo-eval run --task {quote(str(card))} --data {quote(str(rows))} --model PATH_OR_ID"
    return f"ask a model these rows: {asked}"


def _asked(args: argparse.Namespace) -> str:
    """Return how a model is asked the task that was looked at."""
    data = "" if args.data is None else f" --data {quote(str(args.data))}"
    split = "" if args.split == "test" else f" --split {quote(args.split)}"
    return f"grpo-eval run --task {quote(args.task)}{data}{split} --model PATH_OR_ID"


def _rewards_list(args: argparse.Namespace, status: int) -> str:
    return "read one in full: grpo-eval rewards show correctness"


def _rewards_show(args: argparse.Namespace, status: int) -> str:
    return f"see which hacks it would pay for: grpo-eval audit --rewards {quote(args.reward)}"


def _rewards_check(args: argparse.Namespace, status: int) -> str:
    return "mend it, then again: grpo-eval rewards check" if status == FAILED else _rewards_show(args, status)


def _audit(args: argparse.Namespace, status: int) -> str:
    if status == FAILED:
        gated = "'correctness=1,gate(correctness,BONUS)=0.5'"
        return f"pay a bonus only where a condition holds: grpo-eval audit --rewards {gated}"
    return f"see what a model would learn from it: grpo-train RECIPE --rewards {quote(args.rewards)} --check"


def _chat(args: argparse.Namespace, status: int) -> str:
    if args.export_space is not None:
        return f"try it: cd {quote(str(args.export_space))} && python app.py"
    asked = f"grpo-eval run --task {quote(args.task or 'TASK')}"
    for model in args.model:
        asked = f"{asked} --model {quote(model)}"
    return f"measure what you saw: {asked}"


def _doctor(args: argparse.Namespace, status: int) -> str:
    if status == FAILED:
        return "install what is missing, then again: grpo-eval doctor"
    return "evaluate, train and compare a tiny model in two minutes: grpo-eval demo"


def _train(args: argparse.Namespace, status: int) -> str:
    """Return what comes after looking at a recipe, after checking one, and after training."""
    if args.list:
        return "see one in full: grpo-train --show arithmetic-tiny"
    if args.show is not None:
        return "keep it in a file, change it, and see what it amounts to: grpo-train mine.yaml --dry-run"
    if args.dry_run:
        return "draw one batch and make one step of it: the same grpo-train with --check instead of --dry-run"
    if args.check:
        return "mend that, then again" if status == FAILED else "train: the same grpo-train without --check"
    return _trained(args)


def _trained(args: argparse.Namespace) -> str:
    if args.html is not None and args.html.exists():
        return _opened(args.html)
    if args.seeds is not None:
        return f"{PAGE}, training nothing again: the same grpo-train with --html report.html"
    from ..train import load_recipe
    from .index import OF_TRAINING

    out = _folder(args)
    judged = next((out / part for part in OF_TRAINING if (out / part).is_dir()), None)
    if judged is not None and not args.no_evaluation:
        return _report(judged)
    recipe = load_recipe(str(out / "recipe.yaml"), allow_code=True)  # nothing is imported by being read
    start = recipe.model.start
    base, tuned = quote(f"base={start}"), quote(f"tuned={start.without_adapter}+{out}")
    asked = f"grpo-eval run --task {quote(recipe.task.name)} --model {base} --model {tuned}"
    return f"ask both held-out questions: {asked}"


HINTS: Mapping[str, Hint] = {
    "grpo-eval demo": _demo,
    "grpo-eval run": _run,
    "grpo-eval score": _score,
    "grpo-eval compare": _compare,
    "grpo-report": _compare,
    "grpo-eval signal": _signal,
    "grpo-eval tasks list": _tasks_list,
    "grpo-eval tasks show": _tasks_show,
    "grpo-eval tasks check": _tasks_check,
    "grpo-eval tasks prepare": _tasks_prepare,
    "grpo-eval rewards list": _rewards_list,
    "grpo-eval rewards show": _rewards_show,
    "grpo-eval rewards check": _rewards_check,
    "grpo-eval audit": _audit,
    "grpo-eval chat": _chat,
    "grpo-eval doctor": _doctor,
    "grpo-train": _train,
}
