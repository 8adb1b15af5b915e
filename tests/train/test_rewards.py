"""Rewards inside a run: a failure costs its own completion and no other."""

import math
from dataclasses import dataclass
from typing import Any

import pytest
from grpokit.evaluate.types import Prompt
from grpokit.rewards import RewardMix
from grpokit.rewards.fault_isolation import FEW, Calls
from grpokit.rewards.reward import Batch, Judgement, Reward
from grpokit.train import TrainingError
from grpokit.train.data import ROW
from grpokit.train.rewards import TrainingReward

PROMPTS = [Prompt(str(row), "", {}) for row in range(300)]


def fragile(completions: list[str], **columns: Any) -> Any:
    """Raise on "bad", give NaN or infinity on request, else the length."""
    if "bad" in completions:
        raise RuntimeError("cannot judge 'bad'")
    return [{"nan": math.nan, "inf": math.inf}.get(text, float(len(text))) for text in completions]


def guard(function: Any, notes: list[str]) -> Any:
    (reward,) = RewardMix([function]).reward_funcs
    return TrainingReward(reward, PROMPTS, calls=Calls(note=notes.append))


def judge(reward: TrainingReward, completions: list[str]) -> Any:
    rows: dict[str, Any] = {ROW: list(range(len(completions)))}
    return reward(completions=completions, prompts=[""] * len(completions), **rows)


FAILURES = [
    (["ab", "bad", "abc"], [2.0, None, 3.0]),  # an exception in a reward kills TRL's run
    (["ab", "nan"], [2.0, None]),  # not a number silently zeroes its group in TRL
    (["ab", "inf"], [2.0, None]),  # so does an infinity
]


@pytest.mark.parametrize(("completions", "values"), FAILURES)
def test_failure_costs_its_own_completion(completions: list[str], values: list[float | None]) -> None:
    notes: list[str] = []
    reward = guard(fragile, notes)
    assert judge(reward, completions) == values
    assert reward.failures == 1
    assert "fragile" in notes[0]


def test_failures_are_told_once() -> None:
    notes: list[str] = []
    reward = guard(fragile, notes)
    judge(reward, ["nan", "nan", "ab"])
    assert (reward.failures, len(notes)) == (2, 1)


def test_run_stops_past_the_budget() -> None:
    reward = guard(fragile, [])
    judge(reward, [*["nan"] * FEW, "ab"])
    with pytest.raises(TrainingError, match=f"failure {FEW + 1} "):
        judge(reward, ["nan", "ab"])


def test_a_small_share_of_many_does_not_stop_the_run() -> None:
    reward = guard(fragile, [])
    for _ in range(FEW + 5):
        judge(reward, ["nan", *["ab"] * 200])
    assert reward.failures == FEW + 5


def test_columns_are_cut_to_the_completion_that_is_judged_alone() -> None:
    seen = []

    def records(completions: list[str], answer: Any, **columns: Any) -> Any:
        if len(completions) > 1:
            raise RuntimeError("one at a time")
        seen.append((completions, answer, columns["trainer_state"]))
        return [1.0]

    state = object()
    (reward,) = RewardMix([records]).reward_funcs
    training = TrainingReward(reward, [Prompt(name, "", {"answer": name}) for name in "xy"])
    called: dict[str, Any] = {"completions": ["a", "b"], "prompts": ["", ""], ROW: [0, 1], "trainer_state": state}
    assert training(**called) == [1.0, 1.0]
    assert seen == [(["a"], ["x"], state), (["b"], ["y"], state)]


def test_reward_without_its_column_stops_the_run() -> None:
    (reward,) = RewardMix.parse("correctness").reward_funcs
    with pytest.raises(TrainingError, match=r"fails on every completion.*reference column"):
        judge(TrainingReward(reward, PROMPTS), ["<answer>1</answer>", "<answer>2</answer>"])


def test_infinity_of_a_registered_reward_is_isolated() -> None:
    """Registered rewards return their values unchecked."""

    @dataclass(frozen=True)
    class Endless(Reward):
        name = "endless"

        def judge(self, batch: Batch) -> Any:
            return [Judgement(math.inf if text == "inf" else 1.0, "", "") for text in batch.raw]

    notes: list[str] = []
    assert judge(TrainingReward(Endless(), PROMPTS, calls=Calls(note=notes.append)), ["a", "inf"]) == [1.0, None]
    assert "reward 'endless' gave inf" in notes[0]
