"""A reward inside a training run: one bad completion must not kill the run, nor poison its group."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .types import TrainingError

if TYPE_CHECKING:
    from ..rewards.reward import Reward
    from ..rewards.text import Text

FEW = 20
"""So many failures are never too many."""

SHARE = 0.01
"""Beyond :data:`FEW`, the run stops when more than this share of the completions failed."""


class RewardedCompletion(NamedTuple):
    """A completion and what a reward gave it."""

    prompt: Text
    completion: Text
    value: float | None


class GuardedReward:
    """A reward as TRL calls it, with failures isolated.

    A completion that the reward raises on, or gives NaN or an infinity for, gets None (TRL: not applicable)
    and is counted in ``failures``. TRL on its own ends the run at an exception, and silently gives a group
    with an infinite reward no gradient. The run stops where all completions of a batch fail, since then it
    is no completion's fault, and past the budget; the last failure is named. ``last`` is the batch judged last.
    """

    def __init__(self, reward: Reward, note: Callable[[str], None]) -> None:
        self._reward = reward
        self._note = note
        self.__name__ = reward.__name__
        self.failures = 0
        self.judged = 0
        self.last: list[RewardedCompletion] = []

    def __call__(self, *, completions: Sequence[Text], prompts: Sequence[Text], **columns: Any) -> list[float | None]:
        """Return one finite value or None per completion."""
        values = self._values(completions, {"prompts": prompts, **columns})
        self.last = [RewardedCompletion(*row) for row in zip(prompts, completions, values, strict=True)]
        return values

    def _values(self, completions: Sequence[Text], columns: dict[str, Any]) -> list[float | None]:
        self.judged += len(completions)
        try:
            values = self._reward(completions=completions, **columns)
        except Exception:  # a reward is anybody's code; which completion it fails on is found one by one
            values = self._one_by_one(completions, columns)
        return [self._finite(value, completions[index]) for index, value in enumerate(values)]

    def _one_by_one(self, completions: Sequence[Text], columns: dict[str, Any]) -> list[float | None]:
        values: list[float | None] = []
        errors: list[Exception] = []
        for index, completion in enumerate(completions):
            own = {name: _only(column, index, len(completions)) for name, column in columns.items()}
            try:
                values += self._reward(completions=[completion], **own)
            except Exception as error:  # as above
                values.append(None)
                errors.append(error)
                self._fail(f"{type(error).__name__}: {error}", completion)
        if len(errors) == len(completions):
            raise TrainingError(f"reward {self.__name__!r} fails on every completion: {errors[0]}")
        return values

    def _finite(self, value: float | None, completion: Text) -> float | None:
        if value is None or math.isfinite(value):
            return value
        self._fail(f"it gave {value}", completion)
        return None

    def _fail(self, what: str, completion: Text) -> None:
        self.failures += 1
        failure = f"reward {self.__name__!r} failed on completion {str(completion)[:80]!r} ({what})"
        if self.failures == 1:
            self._note(f"{failure}; such completions count as not applicable.")
        if self.failures > max(FEW, SHARE * self.judged):
            raise TrainingError(f"{failure}: failure {self.failures} in {self.judged} completions; mend the reward.")


def _only(values: Any, index: int, count: int) -> Any:
    """The column's value of one completion; what is no column (trainer state, log functions) stays whole."""
    is_column = isinstance(values, Sequence) and not isinstance(values, str) and len(values) == count
    return [values[index]] if is_column else values
