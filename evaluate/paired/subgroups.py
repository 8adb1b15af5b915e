"""The change of the primary metric in groups of questions, and whether the groups differ in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...errors import nearest
from ..statistics.arrays import Integers, renumber
from ..statistics.permutation import between_groups, groups_differ
from ..statistics.samples import Samples
from ..types import EvaluationError, Prompt
from .change import FEWEST, Difference, Verdict
from .difference import adjust, shared_questions
from .metric_pair import MetricPair

if TYPE_CHECKING:
    from .arms import Arm

MOST_GROUPS = 50
"""A column with more different values than this makes no groups."""

NO_VALUE = "(no value)"


@dataclass(frozen=True)
class Subgroup:
    """The questions with one value of a column: both models' means and their change.

    ``change.p_holm`` is adjusted over the groups. ``verdict`` goes by it, and is None for fewer than five questions.
    """

    name: str
    base: float | None
    tuned: float | None
    change: Difference
    verdict: Verdict | None


@dataclass(frozen=True)
class Subgroups:
    """The change in each group of questions by ``column``, the largest group first.

    ``p`` tests whether the groups of five questions or more differ in it, by ``statistic``, the sum of squares between
    groups; None where there are not two of them.
    """

    column: str
    groups: tuple[Subgroup, ...]
    statistic: float | None
    p: float | None


@dataclass(frozen=True)
class Grouping:
    """The group of each question, by the question's id."""

    column: str
    names: Mapping[str, str]

    @classmethod
    def of(cls, sides: Sequence[Arm], column: str) -> Grouping:
        """Group the questions of the models. Raises :class:`EvaluationError` for a column that makes no groups."""
        if any(len(side.runs) > 1 for side in sides):
            raise EvaluationError(f"--by {column}: runs that count as one model are not split; give them one by one.")
        return cls(column, group_names(list(sides[0].runs[0].asked()), column))

    def compared(self, ids: Sequence[str], scores: MetricPair) -> Subgroups:
        """Return the change of scores, whose questions are ``ids``, in each group."""
        labels = np.array([self.names[id] for id in ids])
        parts = {name: scores.keep(labels == name) for name in sorted(set(labels.tolist()))}
        changes = {name: part.difference() for name, part in parts.items()}
        large = adjust({name: change for name, change in changes.items() if change.n >= FEWEST})
        small = {name: replace(change, p_holm=None) for name, change in changes.items() if name not in large}
        order = sorted(changes, key=lambda name: -changes[name].n)
        groups = [
            Subgroup(
                name,
                _mean(parts[name].base),
                _mean(parts[name].tuned),
                {**large, **small}[name],
                _verdict(large.get(name)),
            )
            for name in order
        ]
        numbers = {name: number for number, name in enumerate(large)}
        shared = shared_questions(scores.base, scores.tuned, scores.design)
        known = labels[shared.kept]
        judged = np.isin(known, list(large))
        codes: Integers = np.array([numbers[name] for name in known[judged].tolist()], dtype=np.int64)
        values, clusters = shared.changes[judged], renumber(shared.clusters, judged)
        several = len(large) > 1
        return Subgroups(
            self.column,
            tuple(groups),
            between_groups(values, codes) if several else None,
            groups_differ(values, codes, clusters) if several else None,
        )


def group_names(prompts: Sequence[Prompt], column: str) -> dict[str, str]:
    """Return the group of each prompt by its id: the value of the column as text.

    Raises :class:`EvaluationError` for a column that no prompt has, and for one with too many different values.
    """
    columns = dict.fromkeys(name for prompt in prompts for name in prompt.columns)
    if column not in columns:
        raise EvaluationError(f"--by: no column {column!r} in the prompts. {nearest(column, list(columns))}")
    values = {prompt.id: prompt.columns.get(column) for prompt in prompts}
    names = {id: NO_VALUE if value is None else str(value) for id, value in values.items()}
    if len(set(names.values())) > MOST_GROUPS:
        raise EvaluationError(
            f"--by: column {column!r} has {len(set(names.values()))} different values; give one with at most "
            f"{MOST_GROUPS}."
        )
    return names


def _mean(scores: Samples) -> float | None:
    means = scores.means()
    known = means[~np.isnan(means)]
    return float(known.mean()) if len(known) else None


def _verdict(change: Difference | None) -> Verdict | None:
    """Return a group's verdict, for which the adjusted p value must agree; None for a group that is too small."""
    if change is None:
        return None
    sure = change.p_holm is not None and change.p_holm <= 1 - change.level
    if sure or change.verdict not in (Verdict.IMPROVED, Verdict.REGRESSED):
        return change.verdict
    held = change.low_held is not None and change.low_held > -change.margin
    return Verdict.HELD if held else Verdict.UNDERPOWERED
