"""Any TRL-style function as a reward: what it gets, what it may return, and how its mistakes are told."""

import asyncio
import json
import os
import pickle
import threading
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pytest
from grpokit.rewards import Batch, FunctionReward, Judgement, Reward, RewardError, RewardMix, correctness
from grpokit.rewards.reward import make_batch


def short(completions: list[str], **kwargs: Any) -> list[float]:
    return [float(len(text) < 5) for text in completions]


def scaled(completions: list[str], factor: float = 1.0, **kwargs: Any) -> list[float]:
    return [factor * len(text) for text in completions]


def answers(completions: list[str], answer: list[str]) -> list[bool]:
    return [text == right for text, right in zip(completions, answer, strict=True)]


async def slow(completions: list[str], **kwargs: Any) -> list[float]:
    await asyncio.sleep(0)
    return [1.0] * len(completions)


def needs_prompts(prompts: list[str], completions: list[str]) -> list[float]:
    return [float(len(prompt)) for prompt in prompts]


def test_is_called_as_trl_calls() -> None:
    seen: dict[str, Any] = {}

    def spy(completions: list[str], **kwargs: Any) -> list[float]:
        seen.update(kwargs)
        return [0.0] * len(completions)

    FunctionReward(spy)(
        prompts=["p"], completions=["c"], completion_ids=[[1]], answer=["a"], trainer_state="state", log_extra=print
    )
    columns = {"prompts": ["p"], "completion_ids": [[1]], "answer": ["a"]}
    assert seen == {**columns, "trainer_state": "state", "log_extra": print}


def test_a_function_without_kwargs_gets_what_it_names() -> None:
    assert FunctionReward(answers)(prompts=["q"], completions=["18"], answer=["18"], other=[1]) == [1.0]


def test_arguments_are_given_at_every_call_and_stand_in_the_name() -> None:
    reward = FunctionReward(scaled, (("factor", 0.5),))
    assert reward(completions=["four"]) == [2.0]
    assert reward.__name__ == "scaled(factor=0.5)"
    assert reward.fingerprint != FunctionReward(scaled).fingerprint


def test_coroutine_functions_run_even_inside_a_running_loop() -> None:
    async def inside() -> list[float | None]:
        return FunctionReward(slow)(completions=["a", "b"])

    assert FunctionReward(slow)(completions=["a"]) == [1.0]
    assert asyncio.run(inside()) == [1.0, 1.0]


def test_partial_and_callable_objects() -> None:
    class Counter:
        def __call__(self, completions: list[str], **kwargs: Any) -> list[int]:
            return [len(text) for text in completions]

    doubled = FunctionReward(partial(scaled, factor=2.0))
    assert doubled(completions=["ab"]) == [4.0]
    assert doubled == FunctionReward(scaled, (("factor", 2.0),))
    assert FunctionReward(Counter())(completions=["ab"]) == [2.0]


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ([1, 0.5], [1.0, 0.5]),  # integers and floats
        ([True, None], [1.0, None]),  # bools, and None for not applicable
        (np.array([0.25, 1]), [0.25, 1.0]),  # an array
        ([np.float32(0.5), np.bool_(True)], [0.5, 1.0]),  # numpy scalars
        ((0.0, 1.0), [0.0, 1.0]),  # a tuple
    ],
)
def test_accepted_returns(returned: Any, expected: list[float | None]) -> None:
    assert FunctionReward(lambda completions, **_: returned)(completions=["a", "b"]) == expected


def test_torch_scalars_are_accepted() -> None:
    import torch

    assert FunctionReward(lambda completions, **_: list(torch.tensor([0.5, 1.0])))(completions=["a", "b"]) == [0.5, 1.0]


@pytest.mark.parametrize(
    ("returned", "hint"),
    [
        ([1.0], "returned 1 values for 2 completions"),  # one for the batch
        (0.5, "returned float; return a list"),  # a bare number
        (None, "returned NoneType; return a list"),  # a forgotten return
        ({0: 1.0, 1: 0.5}, "returned dict; return a list"),  # whose keys were taken for the values
        ({0.5, 1.0}, "returned set; return a list"),  # in no order
        ("10", "returned str; return a list"),
        ([0.0, float("nan")], "returned nan for completion 1"),
        ([float("inf"), 0.0], "returned inf for completion 0"),
        (["0.5", 0.0], "returned '0.5' for completion 0"),  # text is no number
        ([[0.5], 0.0], "returned [0.5] for completion 0"),
        ([10**400, 0.0], "for completion 0"),  # no float holds it
    ],
)
def test_wrong_returns_name_the_reward_and_the_row(returned: Any, hint: str) -> None:
    def mine(completions: list[str], **kwargs: Any) -> Any:
        return returned

    with pytest.raises(RewardError) as caught:
        FunctionReward(mine)(completions=["a", "b"])
    assert "'mine'" in str(caught.value)
    assert hint in str(caught.value)


def test_an_exception_is_told_with_the_rewards_name() -> None:
    def broken(completions: list[str], **kwargs: Any) -> list[float]:
        raise KeyError("gold")

    with pytest.raises(RewardError, match=r"reward 'broken' raised KeyError: 'gold'") as caught:
        FunctionReward(broken)(completions=["a"])
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_exception_names_the_line_of_the_function_that_raised_it() -> None:
    def deeper(text: str) -> float:
        return float(text)

    def broken(completions: list[str], **kwargs: Any) -> list[float]:
        return [deeper(text) for text in completions]

    line = deeper.__code__.co_firstlineno + 1
    with pytest.raises(RewardError, match=rf"ValueError: could not .* \(test_function.py, line {line}\)\.$"):
        FunctionReward(broken)(completions=["a"])

    def elsewhere(completions: list[str], **kwargs: Any) -> list[float]:
        return [json.loads(text) for text in completions]

    line = elsewhere.__code__.co_firstlineno + 1  # not that of the library which raised
    with pytest.raises(RewardError, match=rf"\(test_function.py, line {line}\)"):
        FunctionReward(elsewhere)(completions=["{"])


@pytest.mark.parametrize("error", [SystemExit(0), SystemExit("no key"), asyncio.CancelledError(), GeneratorExit()])
def test_what_ends_a_process_is_an_error_of_the_reward(error: BaseException) -> None:
    """``sys.exit()`` in a reward ended the command with status 0."""

    def leaves(completions: list[str], **kwargs: Any) -> list[float]:
        raise error

    with pytest.raises(RewardError, match=f"'leaves' raised {type(error).__name__}"):
        FunctionReward(leaves)(completions=["a"])


def test_ctrl_c_in_a_reward_is_ctrl_c() -> None:
    def slow(completions: list[str], **kwargs: Any) -> list[float]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FunctionReward(slow)(completions=["a"])


ASKED = [{"role": "user", "content": "9+9?"}]
ANSWERED = [{"role": "assistant", "content": "18"}]


@pytest.mark.parametrize(
    ("completion", "prompt", "form"),
    [
        ("18", "9+9?", "18"),
        ("18", ASKED, ANSWERED),  # stored text of a chat: TRL would have given messages
        (ANSWERED, ASKED, ANSWERED),
        (ANSWERED, "9+9?", "18"),
        ("18", None, "18"),  # nobody says what was asked
    ],
)
def test_completions_have_the_form_that_trl_gives_them(completion: Any, prompt: Any, form: Any) -> None:
    """``1 - len(c)/400`` was .298 in scoring and .9975 in training, where the length of a message list is 1."""
    seen: list[Any] = []

    def spy(completions: list[Any], **kwargs: Any) -> list[float]:
        seen.extend(completions)
        return [0.0]

    FunctionReward(spy)(completions=[completion], prompts=None if prompt is None else [prompt])
    assert seen == [form]


def vandal(completions: list[Any], prompts: list[Any], answer: list[str], **kwargs: Any) -> list[float]:
    completions[0][0]["content"] = "<answer>18</answer>"
    prompts[0].clear()
    answer[:] = ["18"] * len(answer)
    kwargs["completion_ids"][0].clear()
    return [0.0] * len(completions)


@dataclass(frozen=True)
class Vandal(Reward):
    """Another package's reward."""

    name: ClassVar[str] = "vandals"

    def judge(self, batch: Batch) -> list[Judgement]:
        columns: Any = {**batch.columns, "completion_ids": batch.completion_ids}
        return [Judgement(value, "", "") for value in vandal(batch.raw, batch.prompts, **columns)]  # type: ignore[arg-type]  # as it came


@pytest.mark.parametrize("other", [vandal, Vandal()])
@pytest.mark.parametrize("first", [True, False])
def test_a_reward_that_changes_its_inputs_changes_nothing_for_others(other: Any, first: bool) -> None:
    """Correctness 1.0 and 0.0 became 1.0 and 1.0, by the order of the list."""
    mix = RewardMix([other, correctness] if first else [correctness, other])
    given: dict[str, Any] = {
        "completions": [[{"role": "assistant", "content": "<answer>17</answer>"}]],
        "prompts": [list(ASKED)],
        "completion_ids": [[1, 2]],
        "answer": ["18"],
    }
    before = deepcopy(given)
    assert mix.score(**given).rewards["correctness"] == [0.0]
    assert given == before
    FunctionReward(vandal)(**given)  # as TRL calls it
    assert given == before


def test_a_missing_column_is_told_before_the_call() -> None:
    with pytest.raises(RewardError, match=r"'answers' needs answer; this batch has completions"):
        FunctionReward(answers)(completions=["a"])
    with pytest.raises(RewardError, match=r"'needs_prompts' needs prompts"):
        FunctionReward(needs_prompts)(completions=["a"])


def test_unknown_arguments_are_refused_when_built() -> None:
    with pytest.raises(RewardError, match=r"has no parameter 'anwser'. Did you mean 'answer'"):
        FunctionReward(answers, (("anwser", 1),))
    for function in (os.system, len, print, lambda completions, /: []):
        with pytest.raises(RewardError, match=r"takes no completions, so it is no reward"):
            FunctionReward(function)  # type: ignore[arg-type]  # the last of them returns nothing at all
    with pytest.raises(RewardError, match=r"'text' is no function"):
        FunctionReward("text")  # type: ignore[arg-type]  # no function: it is refused


def test_pickles_and_judges_in_threads() -> None:
    reward = pickle.loads(pickle.dumps(FunctionReward(short)))
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(reward(completions=["abc", "abcdef"])))
    thread.start()
    thread.join()
    assert found == [1.0, 0.0]


def test_judgements_say_what_was_returned() -> None:
    def half(completions: list[str], **kwargs: Any) -> list[float | None]:
        return [0.5, None]

    judged = FunctionReward(half).judge(make_batch(["a", "b"], None, None, {}))
    assert [one.status for one in judged] == ["scored", "not applicable"]
    assert judged[0].reason == "the function returned 0.5"
