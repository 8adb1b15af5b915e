"""Runs whose questions are asked in a random order: which look they have come to, and how strict it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, takewhile

import numpy as np

from ..order import cluster_sizes
from ..runs.run import Run
from ..statistics.sequential import PlannedLook, confidence, planned_looks
from ..types import EvaluationError, Prompt
from .arms import Arm
from .change import Verdict
from .comparison import Pair
from .looks import Look, Looks
from .metric_pair import MetricPair


@dataclass(frozen=True)
class Plan:
    """Looks at questions in a random order, that of ``seed``: after how many questions each is due."""

    seed: int
    ids: tuple[str, ...]
    due: tuple[int, ...]
    looks: tuple[PlannedLook, ...]

    @classmethod
    def of(cls, prompts: Sequence[Prompt], cluster: str | None, seed: int, comparisons: int = 1) -> Plan:
        """Plan the looks at prompts that are in the order of ``seed``; the error is shared by the comparisons."""
        sizes = cluster_sizes(prompts, cluster)
        looks, asked = planned_looks(sizes, comparisons), list(accumulate(sizes))
        due = tuple(asked[look.units - 1] for look in looks)
        return cls(seed, tuple(prompt.id for prompt in prompts), due, tuple(looks))


@dataclass(frozen=True)
class Stage:
    """How far models have come: ``made`` looks of a plan. ``sides`` hold the questions of the latest and no others."""

    plan: Plan
    made: int
    sides: tuple[Arm, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The questions of the latest look, in the order in which they are asked."""
        return self.plan.ids[: self.plan.due[self.made - 1]]

    @property
    def level(self) -> float:
        """The level of the latest look's intervals."""
        return confidence(self.plan.looks[self.made - 1].z)

    def looks(self, scores: MetricPair) -> Looks:
        """Return all looks at scores of the questions :attr:`ids`, judged as far as they are made."""
        looks = []
        for number, (due, planned) in enumerate(zip(self.plan.due, self.plan.looks, strict=True)):
            level = confidence(planned.z)
            some = scores.keep(np.arange(len(self.ids)) < due).at(level) if number < self.made else None
            looks.append(Look(due, planned.z, level, None if some is None else some.difference()))
        return Looks(self.plan.seed, tuple(looks), self.made)


def decided(pair: Pair, *, held: bool = False) -> bool:
    """Return whether asking may stop: the verdict would hardly become another one.

    That is so for IMPROVED and REGRESSED, and for HELD where a gain of the margin is excluded as a loss of it is: else
    most evaluations of a modest gain would end as HELD before they could show it. With ``held`` any HELD will do.
    """
    change = pair.gain
    match change.verdict:
        case Verdict.IMPROVED | Verdict.REGRESSED:
            return True
        case Verdict.HELD:
            return held or (change.high is not None and change.high < change.margin)
        case _:
            return False


def stage_of(sides: Sequence[Arm], comparisons: int) -> Stage | None:
    """Return the look that models have come to; None where their questions are in no random order.

    The error of all looks is shared by the ``comparisons`` that are made. Runs in the order of the data may be among
    them: of these, too, the questions of the look are taken. A look is come to when every run has scores of all its
    questions. Raises :class:`EvaluationError` before the first one, and for unfinished runs in two different orders.
    Models of several training seeds are compared when they have answered everything.
    """
    runs = [run for side in sides for run in side.runs]
    ordered = [run for run in runs if run.manifest.task.order is not None]
    if len(sides) < 2 or not ordered or len(runs) > len(sides):
        return None
    lead = ordered[0]
    seed = lead.manifest.task.order
    assert seed is not None, "it is in an order"
    plan = Plan.of(list(lead.asked()), lead.manifest.task.cluster, seed, comparisons)
    answered = [_answered(run) for run in runs]
    common = sum(1 for _ in takewhile(lambda id: all(id in one for one in answered), plan.ids))
    other = next((run for run in ordered if run.manifest.task.order != seed), None)
    if other is not None and common < len(plan.ids):
        raise EvaluationError(
            f"the questions were asked in different random orders ({lead.path} by seed {seed}, {other.path} by seed "
            f"{other.manifest.task.order}), and not yet all of them: finish them (grpo-eval run --resume), or ask by "
            "one seed."
        )
    made = sum(due <= common for due in plan.due)
    if not made:
        raise EvaluationError(
            f"the first {common} of {len(plan.ids)} questions are answered by every model, and the first look is due "
            f"after {plan.due[0]}: go on (grpo-eval run --resume)."
        )
    kept = frozenset(plan.ids[: plan.due[made - 1]])
    return Stage(plan, made, tuple(replace(side, runs=(replace(side.runs[0], only=kept),)) for side in sides))


def _answered(run: Run) -> Collection[str]:
    """Return the prompts that every sample is scored of."""
    samples = run.manifest.sampling["samples"] if run.manifest.sampling else 1
    counts = Counter(line.value["prompt_id"] for line in run.score_lines())
    return {id for id, count in counts.items() if count >= samples}
