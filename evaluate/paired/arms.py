"""Arms: runs of one recipe that differ by the training seed alone, compared as one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from ...plain_yaml import YamlError, read_yaml
from ...rewards.reward import Judgement
from ..runs.manifest import UNKNOWN
from ..runs.run import Run
from ..types import EvaluationError, Row
from .alarms import BASE, EVALUATIONS, FINAL, GREEDY_EVALUATIONS, GREEDY_FINAL
from .choice import FILE as CHOICE
from .choice import read_choice
from .doubts import Mismatch

RECIPE = "recipe.yaml"
"""The file, in a training run's folder, that says what was trained."""

OF_THE_RUN = frozenset({"export", "reward_timeout", "description"})
"""What two runs of one recipe may differ in, besides the seed: it trains nothing."""


class SeedMean(NamedTuple):
    """One run of an arm, by its folder's name, and its mean of the primary metric (None: it has none)."""

    name: str
    mean: float | None


class Seeds(NamedTuple):
    """The runs of an arm, and the standard deviation of their means (ddof 1; None for fewer than two)."""

    means: tuple[SeedMean, ...]
    between: float | None


@dataclass(frozen=True)
class Arm:
    """Runs of one recipe that differ by the training seed; they are compared as one model called ``name``.

    ``alone``: a run for itself, of which nothing says that it is a recipe's.
    Raises :class:`EvaluationError` for no run, and for two runs of the same weights, or of unknown ones that gave the
    same answers, which are no two seeds.
    """

    name: str
    runs: tuple[Run, ...]
    alone: bool = False

    @property
    def lone_seed(self) -> bool:
        """Whether this is a recipe of which there is one training seed."""
        return len(self.runs) == 1 and (not self.alone or is_trained(self.runs[0]))

    def __post_init__(self) -> None:
        if not self.runs:
            raise EvaluationError(f"arm {self.name!r} has no run.")
        for one, other in combinations(self.runs, 2):
            if same := _shared(one, other):
                raise EvaluationError(
                    f"arm {self.name!r}: {one.path} and {other.path} {same}, which are no two seeds; give each run "
                    "once."
                )

    @property
    def labels(self) -> list[str]:
        """What the runs are called among themselves: their training's folder or their own, with its path if need be."""
        folders = [run.path.resolve().parent.parent if is_trained(run) else run.path for run in self.runs]
        names = [folder.name for folder in folders]
        return names if len(set(names)) == len(names) else [str(folder) for folder in folders]

    def mismatches(self) -> Iterator[Mismatch]:
        """Yield what the recipes of the runs differ in, beside the seed; nothing where they lie in no training run."""
        first, *others = (_recipe(run) for run in self.runs)
        for label, recipe in zip(self.labels[1:], others, strict=True):
            if first is None or recipe is None:
                continue
            for key in sorted(first.keys() | recipe.keys()):
                if first.get(key) != recipe.get(key):
                    what = f"recipe key {key} within {self.name}, which is then no arm of one recipe,"
                    yield Mismatch(what, f"{self.labels[0]} {first.get(key)!r}", f"{label} {recipe.get(key)!r}", False)


def is_trained(run: Run) -> bool:
    """Return whether a run is what the model of a training run answered, by where it lies."""
    folder = run.path.resolve()
    kept = (EVALUATIONS, GREEDY_EVALUATIONS, FINAL, GREEDY_FINAL)
    return folder.parent.name in kept and folder.name != BASE and (folder.parent.parent / RECIPE).is_file()


def _shared(one: Run, other: Run) -> str:
    """Say what keeps two runs from being two seeds; "" where nothing does.

    Where the weights are unknown, the answers decide: copies of a run, or one log scored twice, have the same ones.
    """
    if one.manifest.weights != other.manifest.weights:
        return ""
    if one.manifest.weights != UNKNOWN:
        return "are answers of the same weights"
    if one.path.resolve() == other.path.resolve() or all(
        left == right for left, right in zip_longest(_outcomes(one), _outcomes(other))
    ):
        return "hold the same answers with the same scores"
    return ""


def _outcomes(run: Run) -> Iterator[tuple[Row, Mapping[str, Judgement]]]:
    """Yield each completion, but for who gave it, and its scores."""
    for row, score in zip(run.rows(), run.scores(), strict=False):
        yield row._replace(model="", weights=""), score.rewards


def _recipe(run: Run) -> dict[str, Any] | None:
    """Return the values of the recipe that a run's model was trained by, by key and without the seed."""
    if not is_trained(run):
        return None
    try:
        values = read_yaml(run.path.resolve().parent.parent / RECIPE)
    except (OSError, YamlError, UnicodeDecodeError):
        return None
    flat = dict(_flat(values)) if isinstance(values, dict) else {}
    return {key: value for key, value in flat.items() if key.partition(".")[0] not in OF_THE_RUN and key != "grpo.seed"}


def _flat(values: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def read_arm(name: str, places: Sequence[Path]) -> Arm:
    """Return the arm of the runs at ``places``: each a run, or a training run's folder, whose last word is taken."""
    return Arm(name, tuple(Run.open(final_run(place)) for place in places))


def final_run(place: Path) -> Path:
    """Return the folder of the run at ``place``; of a training run's folder that of what its adapter answered last.

    That is the run ``tuned`` of the comparison at the end; where a checkpoint was evaluated while training and is the
    very adapter, that of the chosen one or of the last one. Raises :class:`EvaluationError` where there is none.
    """
    if (place / "manifest.json").exists():
        return place
    if not place.is_dir():
        raise EvaluationError(f"no folder {place}: give the directory of a run, or of a training run.")
    ended = [place / name / "tuned" for name in (FINAL, EVALUATIONS)]
    steps = sorted((place / EVALUATIONS).glob("step-*"), key=lambda folder: int(re.sub(r"\D", "", folder.name) or 0))
    if (place / CHOICE).is_file():
        steps = [folder for folder in steps if read_choice(folder) is not None]
    found = [folder for folder in (*ended, *reversed(steps)) if (folder / "scores.jsonl").exists()]
    if not found:
        raise EvaluationError(
            f"{place} holds no run that is finished: neither a manifest.json nor the evaluation of a training run."
        )
    return found[0]


def written(side: Run | Arm) -> str:
    """Return a run or an arm as the command line names it, ``NAME=RUN,RUN``."""
    if isinstance(side, Run):
        return str(side.path)
    paths = ",".join(str(run.path) for run in side.runs)
    return f"{side.name}={paths}"


def runs_of(sides: Sequence[Run | Arm]) -> list[Run]:
    """Return all runs that are compared, in order."""
    return [run for side in sides for run in ([side] if isinstance(side, Run) else side.runs)]
