"""Shorter is better, but only among completions that answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from ..answers.correctness import Correctness
from ..reward import Batch, Judgement, Reward
from ..text import Completion, RewardError

UNITS = ("character", "token")
_TAG = re.compile(r"</?[A-Za-z][^<>]*+>")
_FLOOR = 0.5


@dataclass(frozen=True)
class Conciseness(Reward):
    """Shorter is better: within the prompt's group, or against a budget; gated on correctness.

    Without a budget, over the eligible completions of the prompt's group, as Kimi k1.5's length reward
    (arXiv 2501.12599, section 2.3.3, λ = ½ − (length − shortest) / (longest − shortest)) halved and lifted::

        1 − ½ · (length − shortest) / (longest − shortest)

    so the shortest earns 1, the longest ½, and all 1 where they are equally long or there is only one. With
    ``budget``, whatever the group: ``budget / (budget + length)``, which is ½ at the budget, falls all the way,
    and never reaches 0 or 1. The length is the whole completion's, reasoning included, in characters (white
    space at the ends aside) or in tokens (``unit="token"``, which needs ``completion_ids``).

    With a reference column only right answers (:class:`Correctness`, ``reference_column`` as there) are
    eligible: every other completion earns 0, less than any right one, and the value is None where correctness
    is None (no reference, an unreadable one, a verifier error). Without one, each completion whose final part
    says anything is eligible; one that is empty, that holds only tags, or whose reasoning never closes earns 0.
    Ungated, brevity is all that is paid: add a reference or another reward.

    Range [0, 1]. Statuses: "shortest", "longer", "within budget", "over budget", "empty", "no final answer",
    and where it is gated the statuses of correctness. Raises :class:`RewardError` when built with a budget
    below 1 or another unit.

    >>> conciseness(completions=["18", "It is, in the end, 18"], answer=["18", "18"])
    [1.0, 0.0]
    >>> conciseness(completions=["<answer>18</answer>", "So: <answer>18</answer>", "7"], answer=["18"] * 3)
    [1.0, 0.5, 0.0]
    >>> Conciseness(budget=100)(completions=["a" * 25, "a" * 100, ""])
    [0.8, 0.5, 0.0]
    """

    name: ClassVar[str] = "conciseness"
    version: ClassVar[int] = 2
    judges_by: ClassVar[tuple[type[Reward], ...]] = (Correctness,)
    reads: ClassVar[tuple[str, ...]] = ("reasoning_tags", "answer_tag", "extraction")

    budget: int | None = None
    unit: Literal["character", "token"] = "character"
    reference_column: str | None = None

    def __post_init__(self) -> None:
        if self.budget is not None and not (isinstance(self.budget, int) and self.budget >= 1):
            raise RewardError(f"{self.name}: budget={self.budget!r}; write a whole number of at least 1, or none.")
        if self.unit not in UNITS:
            raise RewardError(f"{self.name}: unit={self.unit!r}; write one of {', '.join(UNITS)}.")

    def judge(self, batch: Batch) -> list[Judgement]:
        """Return one judgement per completion, in order."""
        judged: list[Judgement | None] = self._ineligible(batch)
        lengths = self._lengths(batch)
        for group in batch.groups:
            eligible = [index for index in group if judged[index] is None]
            shortest = min((lengths[index] for index in eligible), default=0)
            longest = max((lengths[index] for index in eligible), default=0)
            for index in eligible:
                judged[index] = (
                    self._among(lengths[index], shortest, longest)
                    if self.budget is None
                    else self._against(lengths[index], self.budget)
                )
        return [judgement for judgement in judged if judgement is not None]

    def _ineligible(self, batch: Batch) -> list[Judgement | None]:
        if self.reference_column is None and batch.optional_references(None) is None:
            return [_without_answer(completion) for completion in batch.read(self.layout)]
        verdicts = Correctness(reference_column=self.reference_column).within(self.layout).judge(batch)
        return [None if verdict.value == 1.0 else verdict for verdict in verdicts]

    def _lengths(self, batch: Batch) -> Sequence[int]:
        if self.unit == "token":
            return batch.token_counts(self.name)
        return [len(completion.text.strip()) for completion in batch.read(self.layout)]

    def _among(self, length: int, shortest: int, longest: int) -> Judgement:
        if length == shortest:
            return Judgement(1.0, "shortest", f"{length} {self.unit}s, the fewest of its group")
        value = 1.0 - (1.0 - _FLOOR) * (length - shortest) / (longest - shortest)
        return Judgement(value, "longer", f"{length} {self.unit}s in a group of {shortest} to {longest}")

    def _against(self, length: int, budget: int) -> Judgement:
        status = "within budget" if length <= budget else "over budget"
        return Judgement(budget / (budget + length), status, f"{length} {self.unit}s for a budget of {budget}")


def _without_answer(completion: Completion) -> Judgement | None:
    if completion.final is None:
        return Judgement(0.0, "no final answer", "the reasoning block never closes")
    if not _TAG.sub("", completion.final).strip():
        return Judgement(0.0, "empty", "the final part is empty")
    return None


conciseness = Conciseness()
