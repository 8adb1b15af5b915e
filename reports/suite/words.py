"""What a suite proves, in words and rows that all of its reports share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...evaluate.paired.change import Difference, Verdict
from ...evaluate.suites.card import Role
from ...evaluate.suites.comparison import SuiteComparison, SuiteVerdict
from ...evaluate.suites.verdict import TaskVerdict
from ..verdicts import confidence
from ..wording import one_line

KEPT = (Verdict.IMPROVED, Verdict.HELD)


class SuiteRow(NamedTuple):
    """A task of a suite and one tuned model: the means, the change at the level of one task, and what is claimed."""

    task: str
    role: Role
    metric: str
    base: float | None
    tuned: float | None
    gain: Difference
    verdict: Verdict | None

    @property
    def word(self) -> str:
        """The verdict in a word."""
        return "NO VERDICT" if self.verdict is None else self.verdict.value


def suite_rows(suite: SuiteComparison, verdict: SuiteVerdict) -> list[SuiteRow]:
    """Return a row per task, in the suite's order."""
    place = suite.verdicts.index(verdict)
    rows = []
    for result, claim in zip(suite.tasks, verdict.tasks, strict=True):
        comparison, pair = result.comparison, result.comparison.pairs[place]
        base, tuned = (comparison.model(name).rows()[pair.primary].estimate.mean for name in (pair.base, pair.tuned))
        rows.append(SuiteRow(claim.task, claim.role, pair.primary, base, tuned, pair.gain, claim.verdict))
    return rows


def verdict_word(verdict: SuiteVerdict) -> str:
    """Return the verdict of a suite in a word."""
    return "NO VERDICT" if verdict.verdict is None else verdict.verdict.value


def sentence(tasks: Sequence[TaskVerdict]) -> str:
    """Return in one sentence what was gained, what was forgotten, and what cannot be told.

    That nothing was forgotten is said where every guard is held or better, and of no guard that could not tell: neither
    of one with too few questions nor of one that the base could not do.

    >>> print(sentence([TaskVerdict("gsm8k", "target", Verdict.IMPROVED), TaskVerdict("sums", "guard", Verdict.HELD)]))
    Improved on gsm8k; forgot nothing it was guarded for.
    """
    claims = [
        _on("improved on", tasks, "target", Verdict.IMPROVED),
        _on("worse on", tasks, "target", Verdict.REGRESSED),
        _on("held the level on", tasks, "target", Verdict.HELD),
        _on("forgot", tasks, "guard", Verdict.REGRESSED),
    ]
    guards = [one for one in tasks if one.role == "guard"]
    able = [one for one in guards if not one.idle]
    if able and all(one.verdict in KEPT for one in guards):
        claims.append("forgot nothing it was guarded for" if able == guards else f"forgot nothing of {_names(able)}")
    idle = _names([one for one in guards if one.idle and one.verdict is Verdict.HELD])
    if idle:
        claims.append(f"nothing was there to forget of {idle}: the base has less than the margin to lose")
    claimed = "; ".join(filter(None, claims))
    unclear = _names([one for one in tasks if one.verdict is Verdict.UNDERPOWERED])
    missing = _names([one for one in tasks if one.verdict is None])
    parts = [
        claimed[:1].upper() + claimed[1:],  # the names of tasks stay as they are
        f"{unclear} cannot be told apart" if unclear else "",
        f"{missing} has no verdict: most values are missing" if missing else "",
    ]
    return f"{'; '.join(filter(None, parts))}."


def next_step(verdict: SuiteVerdict) -> str:
    """Return what to do after a suite's verdict: what was lost first, then what cannot be told.

    >>> tasks = (TaskVerdict("gsm8k", "target", Verdict.IMPROVED), TaskVerdict("sums", "guard", Verdict.REGRESSED))
    >>> print(next_step(SuiteVerdict("base", "tuned", Verdict.REGRESSED, tasks)))
    Keep base. Read what was lost on sums: its report says which questions.
    """
    base, tuned, tasks = one_line(verdict.base), one_line(verdict.tuned), verdict.tasks
    lost = _names([one for one in tasks if one.verdict is Verdict.REGRESSED])
    if lost:
        return f"Keep {base}. Read what was lost on {lost}: its report says which questions."
    missing = _names([one for one in tasks if one.verdict is None])
    if missing:
        return f"Mend what leaves answers of {missing} without a value, and score again."
    unclear = _names([one for one in tasks if one.verdict is Verdict.UNDERPOWERED])
    if unclear:
        return f"Ask more questions of {unclear}: its report says how many."
    if any(one.role == "target" and one.verdict is Verdict.IMPROVED for one in tasks):
        return f"Take {tuned}, after reading what each task lost."
    return f"Keep {base}: nothing was gained on a target."


def levels(suite: SuiteComparison) -> str:
    """Return in a sentence at which levels the claims are made."""
    improved, regressed, held = map(confidence, suite.levels)
    targets = sum(result.role == "target" for result in suite.tasks)
    parts = [f"each task is held at {held}"]
    if targets > 1:
        parts.insert(0, f"one of {targets} targets is called improved at {improved}")
    if len(suite.tasks) > 1:
        parts.append(f"one of {len(suite.tasks)} tasks worse at {regressed}")
    shared = ""
    if len(suite.verdicts) > 1 and suite.tasks[0].comparison.pairs[0].gain.level > suite.tasks[0].comparison.level:
        shared = f", all of it shared by {len(suite.verdicts)} models (Bonferroni)"
    said = ", ".join(parts)
    return f"{said[0].upper()}{said[1:]}{shared}. The intervals shown are those of each task alone."


def _on(what: str, tasks: Sequence[TaskVerdict], role: Role, verdict: Verdict) -> str:
    names = _names([one for one in tasks if (one.role, one.verdict) == (role, verdict)])
    return f"{what} {names}" if names else ""


def _names(tasks: Sequence[TaskVerdict]) -> str:
    *most, last = [one_line(one.task) for one in tasks] or [""]
    return f"{', '.join(most)} and {last}" if most else last
