"""``grpo-train``: train on a recipe, then compare base, tuned and merged on held-out questions."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

from ...evaluate.runs.shards import Shard
from ...train import Recipe, train
from ...train.heldout.questions import held_out
from ..ending import OK
from ..export import check_export, merge, push
from ..held_out import answer, show
from ..report_options import ReportOptions
from ..watch import watch


def train_and_compare(recipe: Recipe, out: Path, report: ReportOptions | None, *, resume: bool) -> int:
    """Train into the folder ``out``, compare and export; return the comparison's status. No report: no comparison."""
    check_export(recipe)
    questions = [] if report is None else held_out(recipe, _note).final  # before training: it may lack its data
    first = Shard.current().first
    with watch() if first else nullcontext() as watcher:
        adapter = train(recipe, out, resume=resume, compared=report is not None, watcher=watcher)
    if first:
        print(f"adapter: {adapter.folder} ({adapter.steps} steps in {adapter.seconds:.1f} s)", file=sys.stderr)
        for name, count in adapter.failed_rewards.items():
            if count:
                print(f"reward {name} failed on {count} completions", file=sys.stderr)
    models, status = merge(recipe, adapter), OK
    if report is not None and questions:
        answered = answer(recipe, questions, adapter.folder)
        status = show(answered, report, models) if first else OK
    if first:
        push(recipe, models)
    return status


def _note(text: str) -> None:
    """Print a note once for all processes."""
    if Shard.current().first:
        print(f"note: {text}", file=sys.stderr)
