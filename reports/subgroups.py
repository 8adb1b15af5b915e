"""The change in groups of questions, ready to be shown, and whether the groups differ in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .units import NUMBERS, Unit
from .wording import number, one_line, probability, questions

if TYPE_CHECKING:  # it computes with arrays, which the words do without
    from ..evaluate.paired.subgroups import Subgroups


class GroupRow(NamedTuple):
    """One group, ready to be shown."""

    name: str
    questions: str
    base: str
    tuned: str
    change: str
    interval: str
    p_holm: str
    verdict: str


def group_rows(groups: Subgroups, unit: Unit = NUMBERS) -> list[GroupRow]:
    """Return a row for each group; one of fewer than five questions has no verdict."""
    return [
        GroupRow(
            one_line(group.name),
            f"{group.change.n:,}",
            unit.value(group.base),
            unit.value(group.tuned),
            unit.change(group.change.delta),
            unit.interval(group.change.low, group.change.high) if group.verdict else "-",
            probability(group.change.p_holm),
            group.verdict or "-",
        )
        for group in groups.groups
    ]


def group_sentence(groups: Subgroups) -> str:
    """Return whether the groups differ, and which are too small to say."""
    column = one_line(groups.column)
    small = [group for group in groups.groups if group.verdict is None]
    named = ", ".join(f"{one_line(group.name)} ({questions(group.change.n)})" for group in small)
    left_out = f" Too small for a verdict: {named}." if small else ""
    if groups.p is None:
        return f"There are no two groups by {column} that could differ.{left_out}"
    claim = "differ" if groups.p <= 0.05 else "do not surely differ"
    return (
        f"Groups by {column} {claim} in their change (p {probability(groups.p)}, labels permuted, sum of squares "
        f"between groups {number(groups.statistic)}).{left_out}"
    )
