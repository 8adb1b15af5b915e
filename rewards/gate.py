"""A bonus that counts only where a condition holds, such as brevity for right answers alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import ClassVar

from .reward import Batch, Judgement, Range, Reward
from .text import RewardError


@dataclass(frozen=True)
class Gate(Reward):
    """The conditioned reward of GDPO (arXiv 2601.05242, section 3.2): an easy bonus cannot outbid a hard condition.

        value = bonus            where condition >= threshold
                low end of bonus elsewhere (0 for rewards in [0, 1], the full penalty for penalties)

    The range is the bonus' range. None where the condition or the bonus is None.

    >>> from grpokit.rewards import length, xml_format
    >>> Gate(xml_format, length)(completions=["no tags"])
    [0.0]
    """

    condition: Reward
    bonus: Reward
    threshold: float = 1.0

    name: ClassVar[str] = "gate"

    def __post_init__(self) -> None:
        for role, reward in (("condition", self.condition), ("bonus", self.bonus)):
            if not isinstance(reward, Reward):
                raise RewardError(f"gate: the {role} is {reward!r:.60}; give a Reward.")
        layout = self.layout  # one for both, alone and in a mix
        object.__setattr__(self, "condition", self.condition.within(layout))
        object.__setattr__(self, "bonus", self.bonus.within(layout))
        if isinstance(self.threshold, bool) or not isinstance(self.threshold, int | float):
            raise RewardError(f"gate: threshold={self.threshold!r}; give a number such as 1.0.")
        low, high = self.condition.range
        if not low < self.threshold <= high:
            raise RewardError(
                f"gate: threshold={self.threshold} never decides; {self.condition.__name__} lies in "
                f"[{low:g}, {high:g}], so give a number above {low:g} and at most {high:g}."
            )
        if self.bonus.range.low == float("-inf"):
            raise RewardError(
                f"gate: {self.bonus.__name__} has no lowest value to fall to; make it a Reward with a range."
            )

    @property
    def range(self) -> Range:
        """The bonus' range."""
        return self.bonus.range

    @property
    def __name__(self) -> str:
        """Such as ``gate(xml_format,conciseness)``."""
        ending = f",threshold={self.threshold}" if self.threshold != 1.0 else ""
        return f"gate({self.condition.__name__},{self.bonus.__name__}{ending})"

    def judge(self, batch: Batch) -> list[Judgement]:
        """Judge both once and let the condition decide row by row."""
        conditions, bonuses = self.condition.judge(batch), self.bonus.judge(batch)
        return [self._decide(condition, bonus) for condition, bonus in zip(conditions, bonuses, strict=True)]

    def _decide(self, condition: Judgement, bonus: Judgement) -> Judgement:
        if condition.value is None:
            return Judgement(None, "not applicable", f"{self.condition.__name__}: {condition.reason}", condition.span)
        if bonus.value is None or condition.value >= self.threshold:
            return bonus
        return Judgement(
            self.range.low,
            "gated",
            f"{self.condition.__name__} is {condition.value:g}: {condition.reason}",
            condition.span,
        )

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits of both fingerprints and the threshold."""
        parts = (self.name, self.version, self.condition.fingerprint, self.bonus.fingerprint, self.threshold)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
