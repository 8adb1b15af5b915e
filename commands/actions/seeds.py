"""``grpo-train --seeds``: runs of one recipe that differ by the seed, and what the recipe brings over all of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ...evaluate.paired.arms import Arm, runs_of
from ...locks import FolderInUse, locked
from ...train import Recipe, TrainingError, train
from ...train.folder import check_own, go_on, is_empty
from ...train.heldout.questions import HeldOutSets, base_places, held_out, loading
from ...train.learned import NOTHING, nothing_learned
from ...train.seeds import let_go, seed_folder, with_seed
from ..ending import OK
from ..export import check_export, merge
from ..held_out import Answered, answer, fill, show
from ..report_options import ReportOptions
from ..watch import watch

WAIT = 1.0
"""Seconds between two looks at a folder that another process writes into."""


def train_seeds(recipe: Recipe, count: int, out: Path, report: ReportOptions | None) -> int:
    """Train the seeds 0 to ``count - 1`` in the folder ``out``, each in one of its own, and compare them as one arm.

    A seed that another process is at is left to it, and so is the comparison then: whoever finishes last has all.
    Return the comparison's status. No report: no comparison.
    """
    check_export(recipe)
    sets = None if report is None else held_out(recipe, _say)
    runs = SeedRuns(recipe, count, out, sets)
    runs.complete()
    for busy in runs.busy:
        _say(f"{busy}, which compares the seeds when it is the last one; so does this command then.")
    if report is None or runs.busy:
        return OK
    return show(runs.arms(), report, [])


class SeedRuns:
    """The runs of a recipe with the seeds 0 to ``count - 1``; ``busy`` says which of them other processes are at."""

    def __init__(self, recipe: Recipe, count: int, out: Path, sets: HeldOutSets | None) -> None:
        self._recipe = recipe
        self._out = out
        self._seeds = range(count)
        self._sets = sets
        self._answered: list[list[Answered]] = []
        self.busy: list[str] = []

    def complete(self) -> None:
        """Train and evaluate each seed that nobody else is at; of what is finished nothing is done again."""
        self._check()
        if self._sets is not None:
            asked = [*self._sets.looks, *self._sets.final] if self._sets.apart else self._sets.final
            with _in_turn(self._out):  # the base is the same for all seeds: it answers once
                fill(self._recipe, base_places(self._recipe, asked, self._out), loading(self._recipe))
        for seed in self._seeds:
            folder = seed_folder(self._out, seed)
            try:
                with locked(folder):
                    self._answered.append(self._complete(with_seed(self._recipe, seed), folder))
            except FolderInUse as busy:
                self.busy.append(str(busy).partition(";")[0])

    def _check(self) -> None:
        """Refuse the folder of another recipe before any work; one that another process is at is that one's."""
        for seed in self._seeds:
            folder = seed_folder(self._out, seed)
            if not is_empty(folder):
                with suppress(FolderInUse), locked(folder):
                    check_own(folder, with_seed(self._recipe, seed))

    def _complete(self, recipe: Recipe, folder: Path) -> list[Answered]:
        """Train and evaluate one seed, in a folder that is ours."""
        resume, compared = go_on(folder, recipe), self._sets is not None
        _say(f"{folder}, of {len(self._seeds)} seeds")
        with watch() as watcher:
            adapter = train(recipe, folder, resume=resume, compared=compared, common=self._out, watcher=watcher)
        let_go()
        if nothing_learned(folder, recipe.model.start.adapter_folder):
            raise TrainingError(f"{folder}: {NOTHING}")
        merge(recipe, adapter)
        return [] if self._sets is None else answer(recipe, self._sets.final, folder)

    def arms(self) -> list[Answered]:
        """Return the base, and the arms of what was trained (and merged), for each way of asking."""
        whole = []
        for ways in zip(*self._answered, strict=True):
            base, *tuned = (runs_of(column) for column in zip(*(way.sides for way in ways), strict=True))
            whole.append(
                Answered(
                    ways[0].asked,
                    [
                        base[0],
                        *(Arm(name, tuple(runs)) for name, runs in zip(("tuned", "merged"), tuned, strict=False)),
                    ],
                )
            )
        return whole


@contextmanager
def _in_turn(folder: Path) -> Iterator[None]:
    """Lock a folder when the process that has it is done."""
    with ExitStack() as stack:
        waiting = False
        while True:
            try:
                stack.enter_context(locked(folder))
                break
            except FolderInUse as busy:
                if not waiting:
                    _say(f"waiting: {str(busy).partition(';')[0]}")
                waiting = True
                time.sleep(WAIT)
        yield


def _say(line: str) -> None:
    print(line, file=sys.stderr)
