"""A penalty for saying the same thing over and over."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from .parameters import check_whole, is_number
from .reward import Batch, Judgement, Range, Reward
from .text import RewardError
from .words import READ_AT_MOST, words

UNITS = ("auto", "token", "word")

MOST_UNITS = 65_536
"""How many units of a completion are read."""


@dataclass(frozen=True)
class Repetition(Reward):
    """``(1 − unique / total) · max_penalty`` over the n-grams of a completion.

    ``total`` n-grams of ``ngram_size`` units, ``unique`` different ones; 0 for a completion of fewer units.
    Units are token ids (``unit="token"``, which raises without ids), words with case and white space folded
    and CJK by the character (``"word"``), or ids where they are given and else words (``"auto"``); of a longer
    completion the first 65,536 units.

    Range [max_penalty, 0], never None. Statuses: "too short", "varied", "repetitive" (more than half of the
    n-grams are repeats). Raises :class:`RewardError` when built with ``ngram_size`` below 1 or a positive
    ``max_penalty``. Source: the repetition penalty of arXiv 2502.03373, appendix; as in open-r1, by words.

    >>> repetition(completions=["one two three four", "wait wait wait wait wait", "等等等等等等"])
    [0.0, -0.6666666666666667, -0.75]
    >>> Repetition(ngram_size=2)(completions=["a b a b"], completion_ids=[[5, 6, 7, 8]])
    [0.0]
    >>> Repetition(ngram_size=0)
    Traceback (most recent call last):
    grpokit.rewards.text.RewardError: repetition: ngram_size=0; write a whole number of at least 1, such as 3.
    """

    name: ClassVar[str] = "repetition"

    ngram_size: int = 3
    max_penalty: float = -1.0
    unit: Literal["auto", "token", "word"] = "auto"

    def __post_init__(self) -> None:
        check_whole(self.name, "ngram_size", self.ngram_size, example=3)
        if not is_number(self.max_penalty) or self.max_penalty > 0:
            raise RewardError(
                f"{self.name}: max_penalty={self.max_penalty!r}; write a penalty of at most 0, such as -1.0."
            )
        if self.unit not in UNITS:
            raise RewardError(f"{self.name}: unit={self.unit!r}; write one of {', '.join(UNITS)}.")

    @property
    def range(self) -> Range:
        """From the whole penalty to none."""
        return Range(self.max_penalty, 0.0)

    def judge(self, batch: Batch) -> list[Judgement]:
        """Return one penalty per completion, in order."""
        return [self._judge_one(units[:MOST_UNITS]) for units in self._units(batch)]

    def _units(self, batch: Batch) -> Sequence[Sequence[Hashable]]:
        if self.unit == "token":
            batch.token_counts(self.name)
        if batch.completion_ids is not None and self.unit != "word":
            return batch.completion_ids
        return [words(completion.text[:READ_AT_MOST]) for completion in batch.completions]

    def _judge_one(self, units: Sequence[Hashable]) -> Judgement:
        total = len(units) - self.ngram_size + 1
        if total < 1:
            return Judgement(0.0, "too short", f"{len(units)} units make no {self.ngram_size}-gram")
        unique = len(set(zip(*(units[start:] for start in range(self.ngram_size)), strict=False)))
        repeated = 1 - unique / total
        status = "repetitive" if repeated > 0.5 else "varied"
        reason = f"{total - unique} of {total} {self.ngram_size}-grams are repeats"
        return Judgement(repeated * self.max_penalty + 0.0, status, reason)


repetition = Repetition()
