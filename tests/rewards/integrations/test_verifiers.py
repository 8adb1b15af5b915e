"""Rubric and task functions, by the real library where it is installed."""

import asyncio
import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from grpokit.rewards import RewardMix, conciseness, correctness, xml_format
from grpokit.rewards.integrations.verifiers import to_verifiers, to_verifiers_task
from grpokit.tests.rewards.integrations.replies import RIGHT, WRONG


def test_rubric_function_scores_a_group_at_once() -> None:
    """A verifiers Rubric tells group functions by their plural parameters and names metrics by __name__."""
    function = to_verifiers(conciseness)
    assert function.__name__ == "conciseness"
    assert list(inspect.signature(function).parameters) == ["prompts", "completions", "answers", "infos"]
    messages = [[{"role": "assistant", "content": text}] for text in (RIGHT, "So: " + RIGHT, WRONG)]
    got = function(prompts=["?"] * 3, completions=messages, answers=["18"] * 3, infos=[{"level": 1}] * 3)
    assert got == [1.0, 0.5, 0.0]
    assert to_verifiers(correctness)(["?"], [messages[0]], [""], [{}]) == [0.0]


def test_rubric_function_takes_message_models() -> None:
    message = SimpleNamespace(model_dump=lambda: {"role": "assistant", "content": RIGHT})
    assert to_verifiers(xml_format)([[message]], [[message]], ["18"], [{}]) == [1.0]


def test_kramabench_38_lists_of_accepted_answers_and_choices() -> None:
    function = to_verifiers(correctness)
    assert function(["?"] * 2, [RIGHT, WRONG], [["17", "18"], ["17", "18"]], [{}, {}]) == [1.0, 0.0]
    info = {"choices": ["17", "18"]}
    assert function(["?"] * 2, [RIGHT, WRONG], [1, 0], [info, info]) == [1.0, 0.0]
    task = SimpleNamespace(model_dump=lambda: {"answer": ["17", "18"]})
    trace = SimpleNamespace(last_reply=RIGHT)
    assert asyncio.run(to_verifiers_task(correctness)(task, trace)) == 1.0


def test_a_real_rubric() -> None:
    vf = pytest.importorskip("verifiers", reason="the peer is not installed")
    if not hasattr(vf, "Rubric"):
        pytest.skip("this verifiers has no Rubric")
    mix = RewardMix.parse("correctness=2,xml_format=0.5")
    rubric = vf.Rubric(funcs=[to_verifiers(reward) for reward in mix.rewards], weights=mix.reward_weights)
    states = [_state(vf, text) for text in (RIGHT, WRONG)]
    asyncio.run(rubric.score_group(states))
    assert [state["reward"] for state in states] == [2.5, 0.5]


def _state(vf: Any, text: str) -> Any:
    given = {"prompt": [{"role": "user", "content": "?"}], "answer": "18", "task": "t", "info": {}, "example_id": 0}
    state = vf.State(input=given)
    answered = [{"role": "assistant", "content": text}]
    state.update(completion=answered, timing={"scoring_ms": 0, "total_ms": 0}, trajectory=[])
    return state


def test_verifiers_task_function() -> None:
    """verifiers.v1 awaits f(task, trace): the task is a pydantic row, the trace ends in the model's last reply."""
    task = SimpleNamespace(model_dump=lambda: {"prompt": "?", "gold": "18", "idx": 0})
    trace = SimpleNamespace(last_reply=RIGHT)
    function = to_verifiers_task(correctness, reference="gold")
    assert inspect.iscoroutinefunction(function)
    assert list(inspect.signature(function).parameters) == ["task", "trace"]
    assert asyncio.run(function(task, trace)) == 1.0


def test_a_real_verifiers_task() -> None:
    v1 = pytest.importorskip("verifiers.v1", reason="the peer is not installed, or older")
    if not hasattr(v1, "TaskData"):
        pytest.skip("this verifiers has another v1")

    class Row(v1.TaskData):  # type: ignore[misc]  # known only where it is installed
        answer: str

    trace = SimpleNamespace(last_reply=WRONG)
    assert asyncio.run(to_verifiers_task(correctness)(Row(prompt="?", answer="18"), trace)) == 0.0
