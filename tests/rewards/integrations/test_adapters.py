"""The same rewards elsewhere: verl, verifiers and inspect_ai, by the real library where it is installed."""

import asyncio
import inspect
import math
from types import SimpleNamespace
from typing import Any

import pytest
from grpokit.rewards import RewardMix, conciseness, correctness, get, xml_format
from grpokit.rewards.integrations.adapters import to_inspect, to_verifiers, to_verifiers_task, to_verl

RIGHT = "<think>\n6 * 3 = 18\n</think>\n<answer>\n18\n</answer>"
WRONG = "<think>\n6 + 3 = 9\n</think>\n<answer>\n9\n</answer>"


def test_verl_signature() -> None:
    """verl calls compute_score(data_source=, solution_str=, ground_truth=, extra_info=, **reward_kwargs)."""
    compute_score = to_verl(RewardMix.parse("correctness=2,xml_format=0.5"))
    assert list(inspect.signature(compute_score).parameters)[:4] == [
        "data_source",
        "solution_str",
        "ground_truth",
        "extra_info",
    ]
    found = compute_score(data_source="openai/gsm8k", solution_str=RIGHT, ground_truth="18", extra_info=None, tag=1)
    assert found == {"score": 2.5, "correctness": 1.0, "xml_format": 1.0}


def test_verl_reads_the_ground_truth_and_not_the_worked_answer_beside_it() -> None:
    extra = {"split": "train", "index": 3, "answer": "9 is a distractor #### 9", "question": "?"}
    compute_score = to_verl(RewardMix.parse("correctness"))
    assert compute_score("gsm8k", RIGHT, "18", extra)["score"] == 1.0


def test_verl_gets_numbers_even_where_nothing_applies() -> None:
    found = to_verl(RewardMix.parse("correctness"))("gsm8k", RIGHT, "", None)
    assert found["score"] == 0.0
    assert math.isnan(found["correctness"])


def test_verl_takes_extra_columns() -> None:
    found = to_verl(RewardMix.parse("correctness(reference_column=gold)"))("x", RIGHT, "9", {"gold": "18"})
    assert found["score"] == 1.0


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


def test_a_real_rubric() -> None:
    vf = pytest.importorskip("verifiers")
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
    v1 = pytest.importorskip("verifiers.v1")
    if not hasattr(v1, "TaskData"):
        pytest.skip("this verifiers has another v1")

    class Row(v1.TaskData):  # type: ignore[misc]
        answer: str

    trace = SimpleNamespace(last_reply=WRONG)
    assert asyncio.run(to_verifiers_task(correctness)(Row(prompt="?", answer="18"), trace)) == 0.0


def test_inspect_scorer_by_its_documented_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    """inspect_ai: @scorer(metrics=[...]) on a factory of async score(state, target) -> Score."""
    fake = SimpleNamespace(
        mean=lambda: "mean",
        stderr=lambda: "stderr",
        scorer=lambda metrics, name: lambda factory: factory,
        Score=_Score,
    )
    monkeypatch.setitem(__import__("sys").modules, "inspect_ai.scorer", fake)
    scored = _inspect_call(to_inspect(correctness), RIGHT, "18")
    assert (scored.value, scored.answer, scored.metadata) == (1.0, "18", {"status": "correct"})
    assert _inspect_call(to_inspect(correctness), RIGHT, "").value is None
    reasoned = [SimpleNamespace(type="reasoning", reasoning="6 * 3 = 18"), SimpleNamespace(type="text", text="#### 18")]
    assert _inspect_call(to_inspect(correctness), "#### 18", "18", reasoned).value == 1.0


class _Score(SimpleNamespace):
    @classmethod
    def unscored(cls, **given: Any) -> "_Score":
        return cls(value=None, **given)


def _inspect_call(scorer: Any, text: str, target: str, parts: list[Any] | None = None) -> Any:
    message = SimpleNamespace(text=text, content=parts or text)
    state = SimpleNamespace(output=SimpleNamespace(message=message), input_text="?", metadata={"level": 1})
    return asyncio.run(scorer(state, SimpleNamespace(text=target)))


def test_a_real_inspect_evaluation(tmp_path: Any) -> None:
    inspect_ai = pytest.importorskip("inspect_ai")
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    outputs = [ModelOutput.from_content("mockllm/model", text) for text in (RIGHT, WRONG)]
    for output in outputs:
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    task = inspect_ai.Task(
        dataset=[Sample(input="?", target="18"), Sample(input="!", target="18")],
        scorer=[to_inspect(correctness), to_inspect(get("length", target=20))],
    )
    model = get_model("mockllm/model", custom_outputs=outputs)
    log = inspect_ai.eval(task, model=model, display="none", log_dir=str(tmp_path), max_samples=1)[0]
    means = {score.name: score.metrics["mean"].value for score in log.results.scores}
    assert means["correctness"] == 0.5
    assert "length(target=20)" in means
