"""What several tasks prove together: the verdict of a suite, as a pure function of the verdicts of its tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..paired.change import Verdict
from ..statistics.intervals import CONFIDENCE
from .card import Role


class Evidence(NamedTuple):
    """A task, what it is there for, the verdict of its comparison at a level, and whether it is ``idle``."""

    task: str
    role: Role
    at: Callable[[float], Verdict | None]
    idle: bool = False


class TaskVerdict(NamedTuple):
    """What is claimed of a task within its suite; None where most values of its primary metric are missing.

    It is ``idle`` where the base's mean is less than the margin above the lowest score there is: whatever the tuned
    model does, it cannot lose the margin, so that it is held says nothing.
    """

    task: str
    role: Role
    verdict: Verdict | None
    idle: bool = False


class Levels(NamedTuple):
    """The levels of a suite's claims: that a target improved, that any task regressed, and that one was held."""

    improved: float
    regressed: float
    held: float

    @classmethod
    def of(cls, roles: Sequence[Role], level: float = CONFIDENCE) -> Levels:
        """Return the levels at which all claims of a kind together are as sure as one at ``level``.

        One improvement of several targets is enough to be called one, and so is one regression of all tasks: these are
        at ``1 - (1 - level) / targets`` and ``1 - (1 - level) / tasks``. That *all* guards were held needs no
        correction: where one of them lost its margin, it must itself be called held to go unnoticed.

        >>> [round(one, 4) for one in Levels.of(["target", "target", "guard", "guard", "guard"])]
        [0.975, 0.99, 0.95]
        """
        targets = roles.count("target") or 1
        return cls(1 - (1 - level) / targets, 1 - (1 - level) / len(roles), level)


def judge_tasks(evidence: Sequence[Evidence], level: float = CONFIDENCE) -> tuple[TaskVerdict, ...]:
    """Return what is claimed of each task.

    IMPROVED and REGRESSED at their :class:`Levels` (a guard is IMPROVED as a task of all, not of the targets); HELD
    where it is at least that at ``level``, so that one which is better by too little for all of them is called held.
    """
    levels = Levels.of([one.role for one in evidence], level)
    return tuple(TaskVerdict(one.task, one.role, _claim(one, levels), one.idle) for one in evidence)


def _claim(one: Evidence, levels: Levels) -> Verdict | None:
    """Look at stricter levels only where the plain one decides: their intervals are wider."""
    plain = one.at(levels.held)
    strict = levels.improved if one.role == "target" and plain is Verdict.IMPROVED else levels.regressed
    match plain:
        case Verdict.IMPROVED:
            return plain if one.at(strict) is plain else Verdict.HELD
        case Verdict.REGRESSED:
            return plain if one.at(strict) is plain else Verdict.UNDERPOWERED
        case _:
            return plain


def judge(tasks: Sequence[TaskVerdict]) -> Verdict | None:
    """Return the verdict of a suite, from what is claimed of its tasks.

    REGRESSED where any task is; IMPROVED where a target improved and every guard is held or better; HELD where no
    target improved and every task is held or better; else UNDERPOWERED. None where a task has no verdict.

    >>> improved = TaskVerdict("gsm8k", "target", Verdict.IMPROVED)
    >>> unclear = TaskVerdict("sums", "guard", Verdict.UNDERPOWERED)
    >>> judge([improved, unclear]).value, judge([improved, unclear._replace(role="target")]).value
    ('UNDERPOWERED', 'IMPROVED')
    """
    verdicts = {one.verdict for one in tasks}
    if None in verdicts:
        return None
    if Verdict.REGRESSED in verdicts:
        return Verdict.REGRESSED
    kept = (Verdict.IMPROVED, Verdict.HELD)
    improved = any(one.verdict is Verdict.IMPROVED for one in tasks if one.role == "target")
    if improved and all(one.verdict in kept for one in tasks if one.role == "guard"):
        return Verdict.IMPROVED
    if not improved and all(one.verdict in kept for one in tasks):
        return Verdict.HELD
    return Verdict.UNDERPOWERED
