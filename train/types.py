"""What training reports and gives back: steps, evaluations and alarms as they happen, and the adapter at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..errors import GrpokitError
from ..evaluate.paired.alarms import Alarm as Alarm  # public here too
from ..evaluate.progress import Advance, unwatched

if TYPE_CHECKING:
    from ..evaluate.paired.change import Difference
    from ..rewards.text import Text


class TrainingError(GrpokitError):
    """Training cannot be done as asked, or would do nothing."""


class Drawn(NamedTuple):
    """A completion that training drew, and what each reward gave it (None: not applicable)."""

    prompt: Text
    completion: Text
    rewards: Mapping[str, float | None]


class Step(NamedTuple):
    """One optimizer step: ``reward`` is the mean weighted total, ``rewards`` the mean of each reward by name.

    ``clipped`` is the share of completions cut at the token limit, in [0, 1]; ``drawn`` are a few of the last
    completions of this process.
    """

    number: int
    total: int
    reward: float
    rewards: Mapping[str, float]
    clipped: float
    drawn: Sequence[Drawn] = ()


class HeldOut(NamedTuple):
    """One held-out evaluation while training: the base before step 0, or the adapter after ``step`` steps.

    ``decoding`` is "sampled" or "greedy"; ``means`` holds each reward and the ``total``; ``change`` is that of the
    ``primary`` metric against the base, paired (None for the base itself). ``answers`` are those to the recipe's
    sample questions, by name, where they were asked.
    """

    step: int
    decoding: str
    folder: Path
    primary: str
    means: Mapping[str, float | None]
    change: Difference | None
    answers: Mapping[str, str]


class Watcher(Protocol):
    """What a training run talks to."""

    def step(self, step: Step) -> None:
        """Take the figures of a finished step."""
        ...

    def note(self, text: str) -> None:
        """Take one sentence that a person should read: a translation, rows left out."""
        ...

    def evaluating(self, step: int, decoding: str, total: int) -> Advance:
        """Take that an evaluation of ``total`` completions begins; what is returned is called for each batch."""
        ...

    def evaluated(self, report: HeldOut) -> None:
        """Take a held-out evaluation."""
        ...

    def alarm(self, alarm: Alarm) -> None:
        """Take an alarm; each kind comes once a run."""
        ...


class Silent:
    """A watcher that looks away."""

    def step(self, step: Step) -> None:
        """Take the figures of a finished step."""

    def note(self, text: str) -> None:
        """Take one sentence."""

    def evaluating(self, step: int, decoding: str, total: int) -> Advance:
        """Take that an evaluation begins."""
        return unwatched

    def evaluated(self, report: HeldOut) -> None:
        """Take a held-out evaluation."""

    def alarm(self, alarm: Alarm) -> None:
        """Take an alarm."""


@dataclass(frozen=True)
class TrainedAdapter:
    """What came out: the folder of the adapter, the steps done in all, and the seconds that training took.

    ``failed_rewards`` counts, by reward, the completions that it raised on or gave no finite value for.
    """

    folder: Path
    steps: int
    seconds: float
    failed_rewards: Mapping[str, int]
