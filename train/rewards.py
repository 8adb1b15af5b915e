"""A mix inside a training run: what TRL calls, which sees what evaluation sees, with failures isolated."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..evaluate.scoring import reward_columns
from ..rewards.fault_isolation import UNWATCHED, Calls, GuardedReward
from ..rewards.reward import Batch
from ..rewards.text import RewardError
from .data import ROW
from .types import TrainingError

if TYPE_CHECKING:
    from ..evaluate.types import Prompt
    from ..rewards.reward import Reward
    from ..rewards.text import Text


class RewardedCompletion(NamedTuple):
    """A completion, what a reward gave it, and the status that goes with that."""

    prompt: Text
    completion: Text
    value: float | None
    status: str | None


class TrainingReward:
    """A reward as TRL calls it: on the prompts of the task and their columns, as evaluation calls it.

    TRL gives the number of each completion's prompt in the column :data:`~grpokit.train.data.ROW`; ``reference`` is the
    data's own name of the reference's column. TRL on its own ends the run at an exception, and silently gives a group
    with an infinite reward no gradient; here failures are isolated, see
    :class:`~grpokit.rewards.fault_isolation.GuardedReward`.
    ``last`` is the batch judged last, ``seconds`` what all calls took.
    """

    def __init__(
        self, reward: Reward, prompts: Sequence[Prompt], reference: str | None = None, calls: Calls = UNWATCHED
    ) -> None:
        self.__name__ = reward.__name__
        self.last: list[RewardedCompletion] = []
        self.seconds = 0.0
        self._guarded = GuardedReward(reward, calls)
        self._prompts = prompts
        self._reference = reference

    @property
    def failures(self) -> int:
        """The completions that the reward failed on."""
        return self._guarded.failures

    def __call__(
        self,
        *,
        completions: Sequence[Text],
        prompts: Sequence[Text],
        completion_ids: Sequence[Sequence[int]] | None = None,
        **given: Any,
    ) -> list[float | None]:
        """Return one finite value or None per completion."""
        asked = [self._prompts[row] for row in given.pop(ROW)]
        columns, texts = reward_columns(asked, self._reference), [prompt.text for prompt in asked]
        extras = {name: value for name, value in given.items() if name not in columns}
        batch = Batch(completions, texts, completion_ids, columns, extras)
        began = time.perf_counter()
        try:
            judged = self._guarded.judge(batch, [prompt.id for prompt in asked])
        except RewardError as error:
            raise TrainingError(str(error)) from error
        self.seconds += time.perf_counter() - began
        rows = zip(prompts, completions, judged, strict=True)
        self.last = [RewardedCompletion(prompt, text, one.value, one.status) for prompt, text, one in rows]
        return [one.value for one in judged]
