"""The comparison of two or more runs as a frozen value: every report is a view of it and computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the interval of a paired difference says, given the margin that the user set."""

    IMPROVED = "IMPROVED"
    HELD = "HELD"
    REGRESSED = "REGRESSED"
    UNDERPOWERED = "UNDERPOWERED"


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval. ``n`` questions had a value; ``method`` names the interval's formula."""

    mean: float
    low: float
    high: float
    n: int
    method: str


@dataclass(frozen=True)
class RewardSummary:
    """One reward of one model: its mean and how often each status occurred (completions, not questions)."""

    estimate: Estimate
    counts: Mapping[str, int]


@dataclass(frozen=True)
class ModelSummary:
    """One model on the task. ``factors`` are shares of completions: truncated, no answer, mean tokens..."""

    name: str
    weights: str
    prompts: int
    samples: int
    rewards: Mapping[str, RewardSummary]
    total: RewardSummary


@dataclass(frozen=True)
class Difference:
    """Tuned minus base on the same questions.

    ``p`` is two-sided by ``test``; ``p_holm`` is adjusted over the rewards. ``fixed`` and ``broken`` count the
    questions that rose and fell. ``mde`` is the smallest change detectable with power 0.8 at alpha 0.05.
    """

    delta: float
    low: float
    high: float
    n: int
    p: float
    p_holm: float
    test: str
    fixed: int
    broken: int
    mde: float
    verdict: Verdict


@dataclass(frozen=True)
class Mismatch:
    """One thing in which two manifests differ: ``fatal`` where the comparison would be meaningless."""

    what: str
    base: str
    tuned: str
    fatal: bool


@dataclass(frozen=True)
class Pair:
    """A base and a tuned model: the verdict is that of the task's primary metric."""

    base: str
    tuned: str
    primary: str
    verdict: Verdict
    mismatches: tuple[Mismatch, ...]
    rewards: Mapping[str, Difference]
    total: Difference

    @property
    def comparable(self) -> bool:
        """True when the manifests differ in nothing that matters."""
        return not self.mismatches


@dataclass(frozen=True)
class Comparison:
    """Models on one task, and each later model paired with the first one."""

    task: str
    margin: float
    weights: Mapping[str, float]
    models: tuple[ModelSummary, ...]
    pairs: tuple[Pair, ...]
