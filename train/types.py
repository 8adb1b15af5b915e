"""What training tells and gives back, on one screen: steps as they happen, notes, and the adapter at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from ..errors import GrpokitError


class TrainingError(GrpokitError):
    """Training cannot be done as asked, or would do nothing."""


class Step(NamedTuple):
    """One optimizer step: ``reward`` is the mean weighted total, ``rewards`` the mean of each reward by name.

    ``clipped`` is the share of completions cut at the token limit, in [0, 1].
    """

    number: int
    total: int
    reward: float
    rewards: Mapping[str, float]
    clipped: float


class Watcher(Protocol):
    """What a training run talks to."""

    def step(self, step: Step) -> None:
        """Take the figures of a finished step."""
        ...

    def note(self, text: str) -> None:
        """Take one sentence that a person should read: a translation, rows left out, an alarm."""
        ...


class Silent:
    """A watcher that looks away."""

    def step(self, step: Step) -> None:
        """Take the figures of a finished step."""

    def note(self, text: str) -> None:
        """Take one sentence."""


@dataclass(frozen=True)
class TrainedAdapter:
    """What came out: the folder of the adapter, the steps done in all, and the seconds that training took.

    ``failed_rewards`` counts, by reward, the completions that it raised on or gave no finite value for.
    """

    folder: Path
    steps: int
    seconds: float
    failed_rewards: Mapping[str, int]
