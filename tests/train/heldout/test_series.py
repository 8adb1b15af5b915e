"""Which checkpoint is the best, and what counts as an improvement."""

from pathlib import Path

import pytest
from grpokit.evaluate.paired.margins import MARGIN
from grpokit.evaluate.runs.run import Run
from grpokit.train.heldout.series import Selection, step_folder, step_of

from ...evaluate.stored_runs import write_run

QUESTIONS = 100


def checkpoint(folder: Path, step: int, right: int) -> Run:
    """A run in which so many of the hundred questions were answered rightly, each with the same luck as in others."""
    scores = [[float(question < right)] for question in range(QUESTIONS)]
    return write_run(folder / step_folder(step), {"correctness": scores}, name=f"step {step}")


TRAJECTORIES = [
    # right answers of base and checkpoints, step of the best, evaluations without improvement at the end
    ([30, 50, 70, 60], 2, 1),  # the highest mean, and one look since
    ([30, 50, 50, 50], 1, 2),  # the earliest of equals
    ([30, 20, 10], 1, 2),  # worse than the base, and yet the best of what was trained
    ([30, 32, 33, 36], 3, 0),  # small steps add up against what they are compared with, the base ...
    ([30, 50, 53, 52], 2, 2),  # ... and begin anew from the last improvement
]


@pytest.mark.parametrize(("right", "best", "stale"), TRAJECTORIES)
def test_best_checkpoint_and_patience(tmp_path: Path, right: list[int], best: int, stale: int) -> None:
    base, *runs = (checkpoint(tmp_path, step, count) for step, count in enumerate(right))
    selection = Selection(base, MARGIN)
    for run, count in zip(runs, right[1:], strict=True):
        selection.take(run, count / QUESTIONS)
    assert selection.best is not None
    assert (step_of(selection.best), selection.stale) == (best, stale)


def test_checkpoint_without_a_mean_is_not_chosen(tmp_path: Path) -> None:
    base, first, second = (checkpoint(tmp_path, step, 30) for step in range(3))
    selection = Selection(base, MARGIN)
    selection.take(first, None)
    assert selection.best is None
    selection.take(second, 0.0)
    assert selection.best == second.path
