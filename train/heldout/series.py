"""One way of asking through a training run: the base first, then checkpoint after checkpoint paired with it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ...evaluate.paired.alarms import BASE, Alarm
from ...evaluate.paired.comparison import Comparison, Pair
from ...evaluate.paired.pairing import compare
from ...evaluate.runs.run import Run
from ..recipe.recipe import Recipe
from ..trl.frozen import LiveEngine
from ..types import HeldOut, Watcher
from .alarm import look
from .questions import Asked, ask
from .samples import read_answers
from .selection import step_folder, step_of


class Judged(NamedTuple):
    """A checkpoint against the base: what there is to tell, the mean of the primary metric, and all differences."""

    found: HeldOut
    mean: float | None
    pair: Pair


class Track:
    """The runs of one :class:`Asked` in the folder of a training run."""

    def __init__(self, asked: Asked, recipe: Recipe, out: Path) -> None:
        self.asked = asked
        self.folder = out / asked.folder
        self._recipe = recipe

    def answer(self, engine: LiveEngine, step: int, watcher: Watcher) -> None:
        """Ask the model of this moment, the base at step 0; what stands in the run's folder is kept."""
        advance = watcher.evaluating(step, self.asked.decoding, self.asked.completions)
        ask(self._recipe, self.asked, engine, self.folder / (step_folder(step) if step else BASE), advance)

    @cached_property
    def base(self) -> Run:
        """The base's run, once it has answered."""
        return Run.open(self.folder / BASE)

    def start(self) -> HeldOut:
        """Return what there is to tell of the base."""
        return self._found(0, self.base, compare([self.base]))

    def judge(self, run: Run) -> Judged:
        """Compare a checkpoint's run with the base's."""
        comparison = compare([self.base, run])
        found = self._found(step_of(run.path), run, comparison)
        return Judged(found, found.means[comparison.primary], comparison.pairs[0])

    def alarms(self, judged: Judged, looks: int, trained: float) -> list[Alarm]:
        """Return what is alarming about a checkpoint, among so many ``looks`` planned in all; see :func:`look`."""
        found = look(judged.pair, looks, self.asked.units, trained, judged.found.step)
        return [alarm._replace(text=f"in {self.asked.decoding} answers {alarm.text}") for alarm in found]

    def _found(self, step: int, run: Run, comparison: Comparison) -> HeldOut:
        means = {name: summary.estimate.mean for name, summary in comparison.models[-1].rows().items()}
        change = comparison.pairs[0].gain if comparison.pairs else None
        answers = {answer.sample: answer.text for answer in read_answers(run.path)}
        return HeldOut(step, self.asked.decoding, run.path, comparison.primary, means, change, answers)
