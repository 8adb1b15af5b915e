"""How far a tuned model has moved from its base: how plausible the base finds the answers of both.

Where base and tuned share a load, each answer's mean log-probability per token is taken under the base and under the
model that gave it. It needs no reference and no reward: answers that please a reward and that the base would hardly
ever give show here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...files import read_lines, write_lines
from ..engines.checkpoint import fingerprint
from ..runs.run import Run
from ..statistics.samples import Samples
from ..types import EvaluationError
from .difference import Design, paired_estimate
from .summary import Estimate

if TYPE_CHECKING:
    from ..engines.transformers import TransformersEngine

FILE = "plausibility.jsonl"

QUESTIONS = 150
"""About so many questions, at the most, have their answers read again: the interval of a nat needs no more."""

FAR = 1.0
"""Nats per token by which answers must surely have become less plausible to the base to be called far from it."""


@dataclass(frozen=True)
class Drift:
    """Mean log-probabilities per token, in nats, means over questions.

    ``base`` and ``tuned`` are those of the two models' answers under the base, ``own`` that of the tuned model's
    answers under itself, and ``change`` is tuned minus base under the base, question by question, with its interval.
    ``far``: that interval is below -1. Where the true change is -1 or more, at most 2.5 % of comparisons are called so.
    """

    base: float
    tuned: float
    own: float
    change: Estimate

    @property
    def divergence(self) -> float:
        """How much more plausible the tuned model finds its own answers than the base does: nats per token."""
        return self.own - self.tuned

    @property
    def far(self) -> bool:
        """Whether the tuned answers have surely become much less plausible to the base than its own are."""
        return self.change.high is not None and self.change.high < -FAR


def measure_plausibility(run: Run, engine: TransformersEngine, start: Path | None = None) -> None:
    """Read completions of a run again, under the base and under the model that gave them, and keep the results.

    ``start`` is the folder of the adapter that belongs to the base, as where training goes on from one; None where
    the base is a checkpoint alone. Read are those of all questions, or of about :data:`QUESTIONS` that are spread
    evenly over the run where it has more.
    """
    answers = list(run.answered())
    answers = answers[:: max(1, round(len(answers) / QUESTIONS))]
    base = fingerprint(engine.base.folder, *([] if start is None else [start]))
    if start is not None and start not in engine.base.adapters:
        engine.base.add_adapter(start)
    under_base = engine.plausibility(answers, start)
    own = under_base if engine.weights == base else engine.plausibility(answers, engine.adapter)
    rows = [row for one in answers for row in one.rows]
    write_lines(
        run.path / FILE,
        (
            {"prompt_id": row.prompt_id, "sample": row.sample, "under": base, "base": value, "own": itself}
            for row, value, itself in zip(rows, under_base, own, strict=True)
        ),
    )


def drift(base: Run, tuned: Run, ids: Sequence[str], design: Design) -> Drift | None:
    """Return how far the tuned model has moved; None where it was not measured, or not under one base.

    Raises :class:`EvaluationError` for a file that holds something else.
    """
    if not all((run.path / FILE).exists() for run in (base, tuned)):
        return None
    left, right = _read(base, ids), _read(tuned, ids)
    if left is None or right is None or left.under != right.under:
        return None
    change = paired_estimate(left.base, right.base, design)
    if change.mean is None:
        return None
    return Drift(_mean(left.base), _mean(right.base), _mean(right.own), change)


@dataclass(frozen=True)
class _Plausibility:
    under: str
    base: Samples
    own: Samples


def _read(run: Run, ids: Sequence[str]) -> _Plausibility | None:
    places = {id: place for place, id in enumerate(ids)}
    base: list[list[float]] = [[] for _ in ids]
    own: list[list[float]] = [[] for _ in ids]
    under = None
    for line in read_lines(run.path / FILE):
        try:
            place, values = places.get(line.value["prompt_id"]), (line.value["base"], line.value["own"])
            under = str(line.value["under"])
            if place is not None and None not in values:
                base[place].append(float(values[0]))
                own[place].append(float(values[1]))
        except (KeyError, TypeError, ValueError):
            raise EvaluationError(
                f"{run.path / FILE}, line {line.number}: no plausibility of an answer; delete the file, or run again."
            ) from None
    nothing = [float("nan")]
    if under is None:
        return None
    return _Plausibility(
        under, Samples.of([row or nothing for row in base]), Samples.of([row or nothing for row in own])
    )


def _mean(scores: Samples) -> float:
    return float(np.nanmean(scores.means()))
