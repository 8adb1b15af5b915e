"""How the checkpoint that a training run left was chosen, and whether what chose it judges it too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import first_line
from ...files import dump_json, read_json, write_atomically
from ..runs.lines import is_count, is_number
from ..statistics.arrays import Booleans, Floats, Integers, renumber
from ..statistics.best import flattery
from ..types import EvaluationError
from .alarms import BASE, EVALUATIONS, FINAL, GREEDY_EVALUATIONS, GREEDY_FINAL

FILE = "choice.json"
"""The file, in a training run's folder, that says how its checkpoint was chosen."""


@dataclass(frozen=True)
class Part:
    """Some of the held-out questions: how many, and where they are from."""

    questions: int
    source: str

    def __str__(self) -> str:
        return f"{self.questions} question{'' if self.questions == 1 else 's'} ({self.source})"


@dataclass(frozen=True)
class Choice:
    """By ``looks`` at held-out questions the adapter after ``step`` steps was chosen: kept, or stopped at.

    ``asked`` are the questions of the looks, ``judged`` those of the comparison; ``apart`` is true where no look saw
    any of them. ``flattery`` is by how much the best of so many looks is expected to be lifted by the noise of the
    questions that chose it (see :func:`~grpokit.evaluate.statistics.flattery`); None where that is not known.
    """

    step: int
    looks: int
    asked: Part
    judged: Part
    apart: bool
    flattery: float | None

    @property
    def sentence(self) -> str:
        """What chose the checkpoint and what judges it, in words."""
        chosen = f"Step {self.step} was chosen by {self.looks} look{'' if self.looks == 1 else 's'} at"
        if self.apart:
            return f"{chosen} {self.asked}; it is judged by {self.judged}, which no look saw."
        lifted = f", which flatters it by up to about {self.flattery:.3f}" if self.flattery else ""
        return f"{chosen} the same {self.judged.questions} questions that judge it here{lifted}."

    def write(self, folder: Path) -> None:
        """Write it into the folder of a training run."""
        write_atomically(folder / FILE, dump_json(asdict(self), indent=2) + "\n")


def read_choice(run: Path) -> Choice | None:
    """Return how the checkpoint was chosen that the evaluation in the folder ``run`` asked, if training kept it.

    None for the base, for checkpoints that were not chosen, and where nothing was. Asked among the looks themselves,
    the chosen one is judged by what chose it. Raises :class:`EvaluationError` for a file that says none.
    """
    run = run.resolve()
    looking = run.parent.name in (EVALUATIONS, GREEDY_EVALUATIONS)
    path = run.parent.parent / FILE
    if not (looking or run.parent.name in (FINAL, GREEDY_FINAL)) or run.name == BASE or not path.is_file():
        return None
    choice = _read(path)
    checkpoint = re.fullmatch(r"step-(\d+)", run.name)
    if checkpoint is not None and int(checkpoint[1]) != choice.step:
        return None
    return replace(choice, apart=False, judged=choice.asked) if looking else choice


def _read(path: Path) -> Choice:
    try:
        values = read_json(path)
        parts = {name: Part(**values[name]) for name in ("asked", "judged")}
        choice = Choice(**{**values, **parts})
        if not all(_right(choice)):
            raise ValueError("a value is of another kind")
    except (OSError, ValueError, KeyError, TypeError) as error:  # whatever it holds, it is not what was written
        raise EvaluationError(
            f"{path} does not say how a checkpoint was chosen ({first_line(error)}); take it away to go without."
        ) from None
    return choice


def _right(choice: Choice) -> Iterator[bool]:
    """Yield of each value whether it is of the kind that is written."""
    yield from map(is_count, (choice.step, choice.looks, choice.asked.questions, choice.judged.questions))
    yield type(choice.apart) is bool
    yield choice.flattery is None or is_number(choice.flattery)
    yield type(choice.asked.source) is type(choice.judged.source) is str


class BestOf(NamedTuple):
    """Of so many ``models`` that were asked the same questions, ``name`` has the best mean of the primary metric.

    By ``flattery`` it is expected to be lifted where they are all alike; None where that is not known.
    """

    models: int
    name: str
    flattery: float | None


def best_of(means: Sequence[tuple[str, Floats]], clusters: Integers | None) -> BestOf | None:
    """Return the best of several models, by name and means of their questions; None for fewer than two.

    Questions that one of them has no value for are left out.
    """
    if len(means) < 2:
        return None
    scores = np.stack([values for _, values in means], axis=1)
    kept: Booleans = ~np.isnan(scores.sum(axis=1))
    if not kept.any():
        return None
    best = int(scores[kept].mean(axis=0).argmax())
    return BestOf(len(means), means[best][0], flattery(scores[kept], renumber(clusters, kept)) or None)
