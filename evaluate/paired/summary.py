"""What is said of one model: a mean of every metric with its interval, and what its completions are like.

Means are over questions: the samples of a question are averaged first. Intervals are 95 % ones. A number is None where
it does not exist: no question had a value, or the scores do not vary and so say nothing about their error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .doubts import MissingValues

if TYPE_CHECKING:  # these compute with arrays, which the values do without
    from .arms import Seeds
    from .total import PerWeight

TOTAL = "total"
"""The metric beside the rewards' own names: their weighted sum. No reward may be called so."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval. ``n`` questions had a value; ``method`` names the interval's formula."""

    mean: float | None
    low: float | None
    high: float | None
    n: int
    method: str


@dataclass(frozen=True)
class RewardSummary:
    """One reward of one model: its mean and how often each status occurred (completions, not questions).

    Its scores are ``graded`` where one is neither 0 nor 1.
    """

    estimate: Estimate
    counts: Mapping[str, int]
    graded: bool


@dataclass(frozen=True)
class CurvePoint:
    """One k of a curve over k samples per question."""

    k: int
    estimate: Estimate


@dataclass(frozen=True)
class Curve:
    """``pass@k`` or ``maj@k`` (``kind``) of a 0/1 reward, for k up to the number of samples."""

    reward: str
    kind: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class ModelSummary:
    """One model on the task.

    ``prompts`` questions have been answered, by ``samples`` completions each at most. ``cut`` is the share of
    completions that met the token limit, ``unanswered`` the share in which the primary reward found no answer,
    ``tokens`` the mean number of generated tokens; None where the source of the completions did not say.
    ``repeated`` is the mean share of triples of units that were there before in the same completion, and
    ``repeated_unit`` what it counts: "token", or "word" where token ids are not known; None where the run was scored
    without it, or token ids are known of some completions only. ``proxy`` is the weighted total without the
    primary reward, None where nothing else is rewarded. ``distinct`` is the share of different texts over the
    questions, ``distinct_within`` that within a question (None with one sample), and ``constant`` the share of
    questions that got one and the same long text although their references differ. An endpoint ``refused`` so many
    completions, which count as empty texts. ``missing`` are those without a value of the primary metric, which is the
    first model's throughout. ``notes`` are to be read before the numbers: what the log lacks that the completions are
    from. Of an arm (runs that differ by the training seed) ``seeds`` are its runs, and all else holds over them
    together. ``system`` says where system messages went ("moved" into the first question, or "left out") if its chat
    template shows none.
    """

    name: str
    weights: str
    prompts: int
    samples: int
    rewards: Mapping[str, RewardSummary]
    total: RewardSummary
    cut: float | None
    unanswered: float | None
    tokens: float | None
    repeated: float | None
    repeated_unit: str | None
    distinct: float | None
    distinct_within: float | None
    constant: float
    refused: int
    system: str | None
    proxy: Estimate | None
    curves: tuple[Curve, ...]
    per_weight: PerWeight | None
    missing: MissingValues
    notes: tuple[str, ...] = ()
    seeds: Seeds | None = None

    def rows(self) -> dict[str, RewardSummary]:
        """Return every metric by name, in the order in which reports show them: the rewards, then the total."""
        return {**self.rewards, TOTAL: self.total}
