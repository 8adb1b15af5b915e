"""Why a pair moved, as frozen values: factors of its change, lengths, and signs of a model that learns to please."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .comparison import Estimate


@dataclass(frozen=True)
class Factor:
    """One way to split a change of the primary metric: ``delta = shift + within``.

    Completions fall into ``bins`` ("complete" and "cut"). ``shift`` is what the change of the bins' shares
    brought, ``within`` what the change of the means inside the bins brought; both with 95 % intervals.
    """

    name: str
    bins: tuple[FactorBin, ...]
    shift: Estimate
    within: Estimate


@dataclass(frozen=True)
class FactorBin:
    """The share of completions in a bin and their mean; a mean is None where the bin is empty."""

    name: str
    base_share: float
    tuned_share: float
    base_mean: float | None
    tuned_mean: float | None


@dataclass(frozen=True)
class HackingCheck:
    """Did the rewards other than the primary one rise while the primary one did not?

    ``suspected`` when ``proxy`` (the weighted total without the primary reward) has its interval above 0 and
    the whole interval of the primary's change is below the margin. False alarms: at most 2.5 % of comparisons
    in which the proxy did not rise, or the primary rose by the margin or more.
    """

    suspected: bool
    proxy: Estimate
    reason: str


@dataclass(frozen=True)
class LengthBin:
    """The shares of completions with ``low`` to ``high`` tokens, both ends included; ``high`` is None for "or more"."""

    low: int
    high: int | None
    base_share: float
    tuned_share: float


@dataclass(frozen=True)
class Lengths:
    """How long the completions of both models are, in tokens: their medians and one histogram with shared bins."""

    base_median: float
    tuned_median: float
    bins: tuple[LengthBin, ...]


class Alarm(NamedTuple):
    """Something about a model in training, after ``step`` steps, that a person should look at.

    ``rate`` bounds the share of healthy training runs that raise one of its kind; None where nothing is estimated and
    the text just states a fact.
    """

    step: int
    kind: str
    text: str
    rate: float | None = None
