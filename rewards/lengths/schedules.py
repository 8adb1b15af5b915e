"""Length schedules of two papers: the cosine schedule of correctness, and DAPO's soft overlong punishment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from ..answers.correctness import Correctness
from ..parameters import check_whole, is_number
from ..reward import Batch, Judgement, Range, Reward
from ..text import RewardError


@dataclass(frozen=True)
class CosineLength(Reward):
    """Cosine schedule of correctness by tokens: short is better when right, long is better when wrong.

    With n the tokens of the completion and ``p = min(n, max_len) / max_len``::

        right:  min_value_correct + ½ (max_value_correct − min_value_correct) (1 + cos πp)
        wrong:  max_value_wrong   − ½ (max_value_wrong   − min_value_wrong)   (1 + cos πp)

    so a right answer slides from ``max_value_correct`` (no tokens) to ``min_value_correct`` (``max_len``
    tokens and more), and a wrong one from ``min_value_wrong`` up to ``max_value_wrong``. Right and wrong are
    those of :class:`Correctness`; None where that is None (no reference, an unreadable one, a verifier
    error). Range: the lowest to the highest of the four values. Needs ``completion_ids``.

    Raises :class:`RewardError` at construction when ``max_len`` is below 1 or a minimum exceeds its maximum.

    Source: Yeo et al., "Demystifying Long Chain-of-Thought Reasoning in LLMs", arXiv 2502.03373. There a
    completion that reaches the limit gets a further penalty; here the schedule is only clamped, and
    ``soft_overlong`` is the reward for that.

    >>> schedule = CosineLength(max_len=100)
    >>> [round(schedule.value(n, correct=True), 6) for n in (0, 50, 100, 9000)]
    [1.0, 0.75, 0.5, 0.5]
    >>> [round(schedule.value(n, correct=False), 6) for n in (0, 50, 100, 9000)]
    [-1.0, -0.75, -0.5, -0.5]
    """

    name: ClassVar[str] = "cosine_length"
    version: ClassVar[int] = 2
    judges_by: ClassVar[tuple[type[Reward], ...]] = (Correctness,)
    reads: ClassVar[tuple[str, ...]] = ("reasoning_tags", "answer_tag", "extraction")
    max_len: int = 1000
    min_value_wrong: float = -1.0
    max_value_wrong: float = -0.5
    min_value_correct: float = 0.5
    max_value_correct: float = 1.0
    reference_column: str | None = None

    def __post_init__(self) -> None:
        check_whole(self.name, "max_len", self.max_len, example=1000)
        self._check_order("wrong", self.min_value_wrong, self.max_value_wrong)
        self._check_order("correct", self.min_value_correct, self.max_value_correct)

    def _check_order(self, kind: str, low: float, high: float) -> None:
        if not (is_number(low) and is_number(high) and low <= high):
            raise RewardError(
                f"{self.name}: min_value_{kind}={low!r} and max_value_{kind}={high!r}; write numbers, the minimum "
                "not above the maximum."
            )

    @property
    def range(self) -> Range:
        """The lowest and the highest of the four values."""
        return Range(
            min(self.min_value_wrong, self.min_value_correct), max(self.max_value_wrong, self.max_value_correct)
        )

    def value(self, n_tokens: int, correct: bool) -> float:
        """Return the schedule's value for a completion of ``n_tokens`` that is ``correct`` or not."""
        start, end = (
            (self.max_value_correct, self.min_value_correct)
            if correct
            else (self.min_value_wrong, self.max_value_wrong)
        )
        remaining = (1.0 + math.cos(math.pi * min(n_tokens, self.max_len) / self.max_len)) / 2.0
        return end + (start - end) * remaining

    def judge(self, batch: Batch) -> list[Judgement]:
        counts = batch.token_counts(self.name)
        verdicts = Correctness(reference_column=self.reference_column).within(self.layout).judge(batch)
        return [self._judge_one(n, verdict) for n, verdict in zip(counts, verdicts, strict=True)]

    def _judge_one(self, n_tokens: int, verdict: Judgement) -> Judgement:
        if verdict.value is None:
            return verdict
        value = self.value(n_tokens, correct=verdict.value == 1.0)
        return verdict._replace(value=value, reason=f"{verdict.reason}; {n_tokens} of {self.max_len} tokens")


@dataclass(frozen=True)
class SoftOverlong(Reward):
    """DAPO's soft overlong punishment, in [−1, 0]: nothing, then a slope, then −1.

    With n the tokens of the completion, L the limit ``max_completion_len`` and C the ``soft_punish_cache``::

        n ≤ L − C:      0
        L − C < n ≤ L:  ((L − C) − n) / C
        n > L:          −1

    Never None; needs ``completion_ids``. Source: equation 13 of arXiv 2503.14476, whose values are the defaults.

    Raises :class:`RewardError` at construction unless ``0 < soft_punish_cache ≤ max_completion_len``.

    >>> soft = SoftOverlong(max_completion_len=100, soft_punish_cache=20)
    >>> [soft.value(n) for n in (0, 80, 81, 90, 100, 5000)]
    [0.0, 0.0, -0.05, -0.5, -1.0, -1.0]
    """

    name: ClassVar[str] = "soft_overlong"
    max_completion_len: int = 20480
    soft_punish_cache: int = 4096

    def __post_init__(self) -> None:
        check_whole(self.name, "max_completion_len", self.max_completion_len, example=20480)
        check_whole(self.name, "soft_punish_cache", self.soft_punish_cache, example=4096)
        if self.soft_punish_cache > self.max_completion_len:
            raise RewardError(
                f"{self.name}: soft_punish_cache={self.soft_punish_cache} exceeds max_completion_len="
                f"{self.max_completion_len}; write at most max_completion_len."
            )

    @property
    def range(self) -> Range:
        """[−1, 0]."""
        return Range(-1.0, 0.0)

    def value(self, n_tokens: int) -> float:
        """Return the punishment for a completion of ``n_tokens``."""
        over = n_tokens - (self.max_completion_len - self.soft_punish_cache)
        return -min(over / self.soft_punish_cache, 1.0) if over > 0 else 0.0

    def judge(self, batch: Batch) -> list[Judgement]:
        return [self._judge_one(count) for count in batch.token_counts(self.name)]

    def _judge_one(self, n_tokens: int) -> Judgement:
        value = self.value(n_tokens)
        status = "within" if value == 0.0 else "over" if n_tokens > self.max_completion_len else "near the limit"
        return Judgement(value, status, f"{n_tokens} of {self.max_completion_len} tokens")


cosine_length = CosineLength()
soft_overlong = SoftOverlong()
