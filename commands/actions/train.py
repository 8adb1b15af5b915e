"""``grpo-train``: train on a recipe, then compare base, tuned and merged on held-out questions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from ...evaluate.runs.run import Run
from ...evaluate.runs.shards import Shard
from ...train import Recipe, train
from ...train.heldout.earlier import earlier
from ...train.heldout.questions import HeldOutQuestions, base_places, held_out, loading
from ...train.heldout.suite import suite_questions
from ...train.learned import NOTHING, nothing_learned
from ..ending import OK, UNDERPOWERED
from ..export import check_export, merge, push
from ..held_out import answer, fill, show, show_suite
from ..report_options import ReportOptions
from ..results import show_runs
from ..watch import watch


def train_and_compare(recipe: Recipe, out: Path, report: ReportOptions | None, *, resume: bool) -> int:
    """Train into the folder ``out``, compare and export; return the comparison's status. No report: no comparison."""
    check_export(recipe)
    sets = None if report is None else held_out(recipe, _note)  # before training: it may lack its data
    questions = [] if sets is None else sets.final
    beside = [] if report is None else suite_questions(recipe, _note)
    if sets is not None:  # what the base has answered before is judged now
        earlier(recipe, [*sets.looks, *sets.final, *beside], out)
    first = Shard.current().first
    with watch() if first else nullcontext() as watcher:
        adapter = train(recipe, out, resume=resume, compared=report is not None, watcher=watcher)
    if first:
        print(f"adapter: {adapter.folder} ({adapter.steps} steps in {adapter.seconds:.1f} s)", file=sys.stderr)
        for name, count in adapter.failed_rewards.items():
            if count:
                print(f"reward {name} failed on {count} completions", file=sys.stderr)
    Shard.current().wait()  # the first process writes the adapter that all of them look at
    if nothing_learned(adapter.folder, recipe.model.start.adapter_folder):
        return _show_base(recipe, questions, adapter.folder, report)
    models, status = merge(recipe, adapter), OK
    if report is not None and questions:
        answered = answer(recipe, [*questions, *beside], adapter.folder)
        held = answered[: len(questions)]
        if first and beside:
            status = show_suite(recipe, held, report, models, adapter.folder)
        elif first:
            status = show(held, report, models)
    if first:
        push(recipe, models)
    return status


def _show_base(recipe: Recipe, questions: Sequence[HeldOutQuestions], out: Path, report: ReportOptions | None) -> int:
    """Say that the model is as it was, and show what the base is worth; nothing is merged or uploaded."""
    places = base_places(recipe, questions, out)
    fill(recipe, places, loading(recipe))
    if not Shard.current().first:
        return OK
    print(NOTHING, file=sys.stderr)
    if report is None or not places:
        return OK
    status = show_runs([Run.open(places[0].folder)], report)
    return UNDERPOWERED if status == OK and report.strict else status


def _note(text: str) -> None:
    """Print a note once for all processes."""
    if Shard.current().first:
        print(f"note: {text}", file=sys.stderr)
