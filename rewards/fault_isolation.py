"""A mix as scoring and training call it: what one reward does wrong costs its own completions, and is counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from ..errors import GrpokitError
from .function import WrongReturn
from .mix import RewardMix
from .reward import REFERENCE_COLUMNS, Batch, Judgement, Reward
from .text import RewardError, UnusableReward
from .user_code import LateError, described, in_thread, printing_aside

FEW = 20
"""So many failures are never too many."""

SHARE = 0.01
"""Beyond :data:`FEW`, the work stops when more than this share of the completions failed."""

LATE = 2
"""The work stops at so many calls that missed their deadline."""

FAILED, TIMED_OUT = "failed", "timed out"
"""The statuses of a completion that a reward raised on, and of one whose batch it did not finish in time."""


def _silent(text: str) -> None:
    """Take a note and do nothing."""


@dataclass(frozen=True)
class Calls:
    """How rewards are called: ``timeout_s`` is the deadline of a call of code that is not ours (None: none).

    ``note`` is called with a sentence about the first failure of each reward. ``workers`` is the number of processes
    that score a run whose rewards can be spread over them; None is one, and for a large run one per processor.
    """

    timeout_s: float | None = None
    note: Callable[[str], None] = _silent
    workers: int | None = 1


UNWATCHED = Calls()
"""No deadline, and nobody who takes notes."""


class GuardedReward:
    """A reward whose failures are isolated.

    - A completion that it raises on, or gives NaN or an infinity for, gets None (not applicable) with the status
      :data:`FAILED`, and is counted in ``failures``. Such completions are found by halving the batch. The work ends
      with a :class:`~grpokit.rewards.text.RewardError` where every completion so far failed, since then it is no
      completion's fault, and past the budget.
    - A return of the wrong form or length ends the work at once, as does a program of others that ran over its limits.
    - A reward that is not ours gets copies of what it judges, and what it prints goes to standard error. Its call has
      a deadline where one is given: a batch that misses it gets None with the status :data:`TIMED_OUT`, and the
      second such batch ends the work.

    >>> def risky(completions, **kwargs):
    ...     return [1 / len(text) for text in completions]
    >>> guarded = GuardedReward(RewardMix([risky]).rewards[0])
    >>> [judged.value for judged in guarded.judge(Batch(["a", "", "abcd"], None, None, {}), ["1", "2", "3"])]
    [1.0, None, 0.25]
    >>> guarded.failures
    1
    """

    def __init__(self, reward: Reward, calls: Calls = UNWATCHED) -> None:
        self.reward = reward
        self.failures = 0
        self.judged = 0
        self._calls = calls
        self._good = 0
        self._late = 0

    def judge(self, batch: Batch, ids: Sequence[str]) -> list[Judgement]:
        """Return one judgement per completion; ``ids`` name the completions in messages."""
        self.judged += len(batch)
        judged = self._isolated(batch, ids)
        if self.failures == self.judged and judged:
            raise self._hopeless(judged[-1].reason)
        return judged

    def count_judged(self, completions: int) -> None:
        """Count completions that another process has judged without a failure."""
        self.judged += completions
        self._good += completions

    def require_values(self) -> None:
        """Raise :class:`~grpokit.rewards.text.RewardError` where no batch was judged before the deadline."""
        if self._late and not self._good:
            raise RewardError(
                f"reward {self.reward.__name__!r} gave no value at all within {self._calls.timeout_s:g} s; mend it, or "
                "give a longer --reward-timeout."
            )

    def try_on(self, batch: Batch) -> None:
        """Judge a few completions before any work.

        Raises :class:`~grpokit.rewards.text.RewardError` for a reward that lacks something, such as a column or its
        encoder, returns something else than one value per completion, or has a mistake that no text explains. What
        else the code of others raises, or takes too long for, may be due to these completions.
        """
        try:
            self._judged(batch)
        except (GrpokitError, KeyboardInterrupt) as error:
            if error.__cause__ is None or _is_mistake(error.__cause__, batch):
                raise
        except LateError:
            pass
        except BaseException as error:  # as in _isolated
            if not self.reward.foreign or _is_mistake(error, batch):
                raise RewardError(f"{self._reason(error)}.") from error

    def _isolated(self, batch: Batch, ids: Sequence[str]) -> list[Judgement]:
        try:
            judged = self._judged(batch)
        except (UnusableReward, KeyboardInterrupt):
            raise
        except LateError:
            return self._missed(batch, ids)
        except BaseException as error:  # a reward is anybody's code, SystemExit too; its own completion pays
            if len(batch) == 1:
                return [self._failed(self._reason(error), ids[0])]
            half = len(batch) // 2
            parts = (range(half), range(half, len(batch)))
            return [one for part in parts for one in self._isolated(batch.take(part), [ids[row] for row in part])]
        self._good += sum(one.value is None or math.isfinite(one.value) for one in judged)
        return [self._finite(one, name) for one, name in zip(judged, ids, strict=True)]

    def _judged(self, batch: Batch) -> list[Judgement]:
        reward = self.reward
        with printing_aside() if reward.foreign else nullcontext():
            if reward.foreign and self._calls.timeout_s is not None:
                judged = in_thread(lambda: reward.judge_apart(batch), self._calls.timeout_s)
            else:
                judged = reward.judge_apart(batch)
        if len(judged) != len(batch):
            raise WrongReturn(f"reward {reward.__name__!r} gave {len(judged)} judgements for {len(batch)} completions.")
        return judged

    def _reason(self, error: BaseException) -> str:
        if isinstance(error, RewardError):
            return str(error).rstrip(".")
        return f"reward {self.reward.__name__!r} raised {described(error, type(self.reward))}"

    def _finite(self, judged: Judgement, name: str) -> Judgement:
        if judged.value is None or math.isfinite(judged.value):
            return judged
        return self._failed(f"reward {self.reward.__name__!r} gave {judged.value}", name)

    def _failed(self, reason: str, name: str) -> Judgement:
        """Count a failure and report the first one; raise past the budget."""
        self.failures += 1
        if self.failures == 1:
            self._calls.note(f"id {name}: {reason}; such completions count as not applicable.")
        if self.failures > max(FEW, SHARE * self.judged):
            if not self._good:
                raise self._hopeless(reason)
            raise RewardError(
                f"id {name}: {reason}: failure {self.failures} in {self.judged} completions; mend the reward."
            )
        return Judgement(None, FAILED, reason)

    def _hopeless(self, reason: str) -> RewardError:
        return RewardError(f"reward {self.reward.__name__!r} fails on every completion: {reason}.")

    def _missed(self, batch: Batch, ids: Sequence[str]) -> list[Judgement]:
        self._late += 1
        reason = f"reward {self.reward.__name__!r} gave no values within {self._calls.timeout_s:g} s"
        where = f"{len(batch)} completions from id {ids[0]} on"
        if self._late >= LATE:
            raise RewardError(f"{where}: {reason}, for the second time; mend it, or give a longer --reward-timeout.")
        self._calls.note(f"{where}: {reason}; they count as not applicable.")
        return [Judgement(None, TIMED_OUT, reason)] * len(batch)


def _is_mistake(error: BaseException, batch: Batch) -> bool:
    """Return whether code raised this whatever the text is: a name, a module or a column is not there."""
    lacking = isinstance(error, KeyError) and error.args[:1] and error.args[0] in REFERENCE_COLUMNS
    return isinstance(error, NameError | ImportError) or bool(lacking and error.args[0] not in batch.columns)


class GuardedMix:
    """A mix of :class:`GuardedReward`: every reward is called apart from the others, and its failures are counted."""

    def __init__(self, mix: RewardMix, calls: Calls = UNWATCHED) -> None:
        self.mix = mix
        self.rewards = [GuardedReward(reward, calls) for reward in mix.rewards]

    def judge(self, batch: Batch, ids: Sequence[str]) -> dict[str, list[Judgement]]:
        """Return every reward's judgements by ``__name__``; ``ids`` name the completions in messages."""
        return {one.reward.__name__: one.judge(batch, ids) for one in self.rewards}

    def count_judged(self, completions: int) -> None:
        """Count completions that another process has judged without a failure of any reward."""
        for one in self.rewards:
            one.count_judged(completions)

    def require_values(self) -> None:
        """Raise :class:`~grpokit.rewards.text.RewardError` for a reward that gave no value in time for any batch."""
        for one in self.rewards:
            one.require_values()

    @property
    def failures(self) -> Mapping[str, int]:
        """How many completions each reward failed on, by ``__name__``."""
        return {one.reward.__name__: one.failures for one in self.rewards}
