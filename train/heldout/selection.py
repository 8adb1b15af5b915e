"""Which checkpoint is the best, and whether a better one still comes: by the held-out metric alone."""

from __future__ import annotations

from pathlib import Path

from ...evaluate.paired.comparison import Verdict
from ...evaluate.paired.pairing import compare
from ...evaluate.runs.run import Run


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


class Selection:
    """Keeps the best checkpoint seen, and counts the evaluations in a row that brought no improvement.

    The best has the highest mean of the primary metric, the earliest of equals. An improvement is one over the last
    checkpoint that was one (at first: the base) whose paired 95 % interval lies above 0; small steps that are no
    improvement each add up to one, since what they are compared with stays.
    """

    def __init__(self, base: Run, margin: float) -> None:
        self.best: Path | None = None
        self.stale = 0
        self._mean = float("-inf")
        self._reference = base
        self._margin = margin

    def take(self, run: Run, mean: float | None) -> None:
        """Look at the next checkpoint, whose primary metric has this mean."""
        if mean is not None and mean > self._mean:
            self.best, self._mean = run.path, mean
        verdict = compare([self._reference, run], margin=self._margin).pairs[0].verdict
        if verdict is Verdict.IMPROVED:
            self._reference, self.stale = run, 0
        else:
            self.stale += 1
