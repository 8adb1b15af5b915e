"""One way of asking through a training run: the base first, then checkpoint after checkpoint paired with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ...evaluate.paired.alarms import BASE, Alarm
from ...evaluate.paired.change import Verdict
from ...evaluate.paired.choice import BestOf, best_of
from ...evaluate.paired.comparison import Comparison, Pair
from ...evaluate.paired.pairing import compare
from ...evaluate.paired.table import primary_metric, read_table
from ...evaluate.runs.run import Run
from ..recipe.recipe import Recipe
from ..trl.frozen import SnapshotEngine
from ..types import HeldOut, Watcher
from .alarm import look
from .questions import HeldOutQuestions, ask
from .samples import read_answers


def step_folder(step: int) -> str:
    """Return the name of the run of a checkpoint; names sort as steps do.

    >>> step_folder(20)
    'step-00020'
    """
    return f"step-{step:05d}"


def step_of(folder: Path) -> int:
    """Return the step in the name of a checkpoint's run.

    >>> step_of(Path("evaluation/step-00020"))
    20
    """
    return int(folder.name.removeprefix("step-"))


class CheckpointResult(NamedTuple):
    """A checkpoint against the base: what is reported, the mean of the primary metric, and all differences."""

    report: HeldOut
    mean: float | None
    pair: Pair


class Series:
    """The runs that answer some :class:`HeldOutQuestions`, in the folder of a training run."""

    def __init__(self, questions: HeldOutQuestions, recipe: Recipe, out: Path) -> None:
        self.questions = questions
        self.folder = out / questions.folder
        self._recipe = recipe

    def answer(self, engine: SnapshotEngine, step: int, watcher: Watcher) -> None:
        """Ask the model of this moment, the base at step 0; answers that the run's folder holds are kept."""
        advance = watcher.evaluating(step, self.questions.decoding, self.questions.completions)
        ask(self._recipe, self.questions, engine, self.folder / (step_folder(step) if step else BASE), advance)

    @cached_property
    def base(self) -> Run:
        """The base's run, once it has answered."""
        return Run.open(self.folder / BASE)

    def start(self) -> HeldOut:
        """Return what is reported of the base."""
        return self._report(0, self.base, compare([self.base]))

    def judge(self, run: Run) -> CheckpointResult:
        """Compare a checkpoint's run with the base's."""
        comparison = compare([self.base, run])
        report = self._report(step_of(run.path), run, comparison)
        return CheckpointResult(report, report.means[comparison.primary], comparison.pairs[0])

    def alarms(self, result: CheckpointResult, looks: int, trained: float) -> list[Alarm]:
        """Return what is alarming about a checkpoint, among so many ``looks`` planned in all; see :func:`look`."""
        raised = look(result.pair, looks, self.questions.units, trained, result.report.step)
        return [alarm._replace(text=f"in {self.questions.decoding} answers {alarm.text}") for alarm in raised]

    def best_of(self, runs: Sequence[Run]) -> BestOf | None:
        """Return the best of several checkpoints' runs, and how far it is flattered by being chosen among them."""
        primary = primary_metric(self.base)
        tables = [read_table(run, primary, None) for run in runs]
        means = [table.values[primary].means() for table in tables]
        clusters = tables[0].clusters if tables else None
        return best_of(list(zip((run.path.name for run in runs), means, strict=True)), clusters)

    def _report(self, step: int, run: Run, comparison: Comparison) -> HeldOut:
        return HeldOut(
            step=step,
            decoding=self.questions.decoding,
            folder=run.path,
            primary=comparison.primary,
            means={name: summary.estimate.mean for name, summary in comparison.models[-1].rows().items()},
            change=comparison.pairs[0].gain if comparison.pairs else None,
            answers={answer.sample: answer.text for answer in read_answers(run.path)},
        )


class Selection:
    """Keeps the ``best`` checkpoint seen and its ``mean``; counts the evaluations in a row that brought no improvement.

    The best has the highest mean of the primary metric, the earliest of equals. An improvement is one over the last
    checkpoint that was one (at first: the base) whose paired 95 % interval lies above 0; small steps that are no
    improvement each add up to one, since what they are compared with stays.
    """

    def __init__(self, base: Run, margin: float) -> None:
        self.best: Path | None = None
        self.stale = 0
        self.mean = float("-inf")
        self._reference = base
        self._margin = margin

    def take(self, run: Run, mean: float | None) -> None:
        """Look at the next checkpoint, whose primary metric has this mean."""
        if mean is not None and mean > self.mean:
            self.best, self.mean = run.path, mean
        verdict = compare([self._reference, run], margin=self._margin).pairs[0].verdict
        if verdict is Verdict.IMPROVED:
            self._reference, self.stale = run, 0
        else:
            self.stale += 1
