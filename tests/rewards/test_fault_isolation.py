"""Rewards of others inside a mix: what one does wrong costs its own completions, and is counted."""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from grpokit.rewards import Batch, Judgement, Reward, RewardError, RewardMix, correctness
from grpokit.rewards.fault_isolation import FEW, Calls, GuardedMix, GuardedReward

Values = list[float | None]


def batch(texts: list[str]) -> Batch:
    return Batch(texts, None, None, {"answer": ["1"] * len(texts)})


def names(texts: list[str]) -> list[str]:
    return [f"q{row}" for row in range(len(texts))]


def guarded(
    function: Callable[..., Any], notes: list[str] | None = None, timeout: float | None = None
) -> GuardedReward:
    calls = Calls(timeout, (notes if notes is not None else []).append)
    return GuardedReward(RewardMix([function]).rewards[0], calls)


def judge(reward: GuardedReward, texts: list[str]) -> Values:
    return [judged.value for judged in reward.judge(batch(texts), names(texts))]


def lengths(completions: list[str], **kwargs: Any) -> list[float]:
    """Raise on what begins with "bad"."""
    for text in completions:
        if text.startswith("bad"):
            raise ValueError("cannot read it")
    return [float(len(text)) for text in completions]


@dataclass(frozen=True)
class Fragile(Reward):
    """Another package's reward, which raises as it likes."""

    name: ClassVar[str] = "fragile"

    def judge(self, batch: Batch) -> list[Judgement]:
        return [Judgement(float(len(text)), "", "") if text != "bad" else sys.exit(3) for text in batch.raw]


def test_a_row_that_a_reward_raises_on_costs_that_row() -> None:
    notes: list[str] = []
    reward = guarded(lengths, notes)
    texts = ["a", "bb", "bad", "ccc", "bad", "d", "e"]
    judged = reward.judge(batch(texts), names(texts))
    assert [one.value for one in judged] == [1.0, 2.0, None, 3.0, None, 1.0, 1.0]
    assert (judged[2].status, reward.failures) == ("failed", 2)
    line = lengths.__code__.co_firstlineno + 4
    assert notes == [
        f"id q2: reward 'lengths' raised ValueError: cannot read it (test_fault_isolation.py, line {line}); "
        "such completions count as not applicable."
    ]


def test_a_registered_reward_that_exits_costs_its_row_too() -> None:
    notes: list[str] = []
    reward = GuardedReward(Fragile(), Calls(note=notes.append))
    assert judge(reward, ["a", "bad", "bb"]) == [1.0, None, 2.0]
    assert "reward 'fragile' raised SystemExit: 3 (test_fault_isolation.py, line " in notes[0]


def test_a_few_calls_find_the_row() -> None:
    """The batch is halved: one call per completion would be too many for a reward that asks a server."""
    calls: list[int] = []

    def counted(completions: list[str], **kwargs: Any) -> list[float]:
        calls.append(len(completions))
        return lengths(completions)

    assert judge(guarded(counted), [*["a"] * 500, "bad", *["a"] * 523]).count(None) == 1
    assert len(calls) == 21


def test_the_budget_is_of_all_that_was_judged() -> None:
    reward = guarded(lengths)
    judge(reward, ["a", *["bad"] * FEW])
    with pytest.raises(RewardError, match=rf"^id q0: reward 'lengths' raised .*: failure {FEW + 1} in {FEW + 3} compl"):
        judge(reward, ["bad", "a"])
    patient = guarded(lengths)
    judge(patient, ["a"] * 3000)
    assert judge(patient, ["bad"] * 30) == [None] * 30  # one in a hundred, and no batch's own share
    with pytest.raises(RewardError, match="failure 31 in 3031 completions; mend the reward"):
        judge(patient, ["bad"])


@pytest.mark.parametrize("count", [1, 2, FEW + 5])
def test_one_that_fails_on_all_is_no_completions_fault(count: int) -> None:
    with pytest.raises(
        RewardError, match=r"^reward 'lengths' fails on every completion: .* \(test_fault_isolation.py, line"
    ):
        judge(guarded(lengths), ["bad"] * count)


def test_a_late_batch_that_fails_whole_is_within_the_budget() -> None:
    """The last block of a file may be two samples of one question."""
    reward = guarded(lengths)
    judge(reward, ["a"] * 10)
    assert judge(reward, ["bad", "bad"]) == [None, None]


@pytest.mark.parametrize("returned", [[1.0], {0: 1.0, 1: 0.5, 2: 0.1}, 1.0])
def test_a_return_of_the_wrong_form_is_refused_and_not_called_again_row_by_row(returned: Any) -> None:
    """A constant of length one was taken for the value of every completion, one by one."""
    calls: list[int] = []

    def constant(completions: list[str], **kwargs: Any) -> Any:
        calls.append(len(completions))
        return returned

    with pytest.raises(RewardError, match="'constant' returned"):
        judge(guarded(constant), ["a", "b", "c"])
    assert calls == [3]


def test_others_are_judged_as_if_it_were_not_there() -> None:
    mix = GuardedMix(RewardMix([lengths, correctness]))
    texts = ["bad <answer>1</answer>", "a <answer>2</answer>"]
    judged = mix.judge(batch(texts), names(texts))
    assert [one.value for one in judged["correctness"]] == [1.0, 0.0]
    assert mix.failures == {"lengths": 1, "correctness": 0}


def test_what_it_prints_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output may be a report that a program reads: --json -."""

    def talks(completions: list[str], **kwargs: Any) -> list[float]:
        print("judging")
        return [1.0] * len(completions)

    for timeout in (None, 30.0):
        judge(guarded(talks, timeout=timeout), ["a"])
    assert capsys.readouterr() == ("", "judging\njudging\n")


def test_a_batch_that_misses_the_deadline_is_not_applicable_and_the_second_one_ends_the_work() -> None:
    def sleepy(completions: list[str], **kwargs: Any) -> list[float]:
        time.sleep(600 if "slow" in completions else 0)
        return [1.0] * len(completions)

    notes: list[str] = []
    reward = guarded(sleepy, notes, timeout=0.5)
    start = time.monotonic()
    assert judge(reward, ["a", "b"]) == [1.0, 1.0]
    late = reward.judge(batch(["a", "slow"]), names(["a", "slow"]))
    assert [(one.value, one.status) for one in late] == [(None, "timed out")] * 2
    assert notes == [
        "2 completions from id q0 on: reward 'sleepy' gave no values within 0.5 s; they count as not applicable."
    ]
    assert judge(reward, ["a"]) == [1.0]
    with pytest.raises(RewardError, match=r"within 0\.5 s, for the second time; mend it, or give a longer"):
        judge(reward, ["slow"])
    assert time.monotonic() - start < 300


def test_ours_have_no_deadline_and_no_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoders take long to load, and a million completions long to copy."""
    assert not RewardMix.parse("gate(xml_format,conciseness)").rewards[0].foreign
    assert RewardMix([lengths, Fragile()]).rewards[1].foreign
    monkeypatch.delattr("grpokit.rewards.fault_isolation.in_thread")
    reward = GuardedReward(correctness, Calls(timeout_s=1.0))
    assert judge(reward, ["<answer>1</answer>"]) == [1.0]


MISTAKES = [
    # raised on the trial texts, refused before any work
    (NameError("name 'np' is not defined"), True),
    (ModuleNotFoundError("No module named 'numpyy'"), True),
    (KeyError("solution"), True),  # no such column here
    (KeyError("answer"), False),  # there is one: something else was looked up
    (KeyError("18"), False),
    (ValueError("no number"), False),
    (AttributeError("'NoneType' object has no attribute 'group'"), False),  # a pattern that does not match these texts
]


@pytest.mark.parametrize(("error", "refused"), MISTAKES)
def test_a_trial_tells_mistakes_from_what_these_texts_may_explain(error: Exception, refused: bool) -> None:
    def mine(completions: list[str], **kwargs: Any) -> list[float]:
        raise error

    reward = guarded(mine)
    if refused:
        with pytest.raises(
            RewardError, match=rf"'mine' raised {type(error).__name__}.* \(test_fault_isolation.py, line \d+\)"
        ):
            reward.try_on(batch(["", "The answer is 18."]))
    else:
        reward.try_on(batch(["", "The answer is 18."]))
    assert reward.failures == 0


def test_a_trial_that_takes_long_says_nothing() -> None:
    def sleepy(completions: list[str], **kwargs: Any) -> list[float]:
        time.sleep(60)
        return [1.0]

    guarded(sleepy, timeout=0.2).try_on(batch(["", "x"]))


def test_one_that_never_ends_in_time_ends_the_work() -> None:
    """A run of one batch without a value is no result."""

    def sleepy(completions: list[str], **kwargs: Any) -> list[float]:
        time.sleep(60)
        return [1.0]

    mix = GuardedMix(RewardMix([sleepy, correctness]), Calls(timeout_s=0.2))
    mix.judge(batch(["a"]), ["q0"])
    with pytest.raises(RewardError, match=r"'sleepy' gave no value at all within 0\.2 s"):
        mix.require_values()


def test_one_batch_in_time_is_a_result() -> None:
    def sleepy(completions: list[str], **kwargs: Any) -> list[float]:
        time.sleep(60 if "slow" in completions else 0)
        return [1.0]

    mix = GuardedMix(RewardMix([sleepy]), Calls(timeout_s=0.5))
    for text in ("slow", "quick"):
        mix.judge(batch([text]), ["q0"])
    mix.require_values()


def test_what_a_late_call_prints_later_never_reaches_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """It goes on beside the command, whose standard output may be a report for a machine."""
    released = threading.Event()
    printed = threading.Barrier(3)

    def sleepy(completions: list[str], **kwargs: Any) -> list[float]:
        print("early")
        released.wait(60)
        print("late", flush=True)
        printed.wait(60)
        return [1.0]

    async def asleep(completions: list[str], **kwargs: Any) -> list[float]:
        return sleepy(completions)

    for function in (sleepy, asleep):  # the second is in a thread of the thread
        guarded(function, timeout=0.2).judge(batch(["a"]), ["q0"])
    released.set()
    printed.wait(60)
    print("ours")
    shown = capsys.readouterr()
    assert shown.out == "ours\n"
    assert sorted(shown.err.splitlines()) == ["early", "early", "late", "late"]
