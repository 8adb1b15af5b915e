"""The inspect_ai scorer: by its documented shape, and in a real evaluation where it is installed."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from grpokit.rewards import correctness, get
from grpokit.rewards.integrations.inspect_ai import to_inspect
from grpokit.tests.rewards.integrations.replies import RIGHT, WRONG


@pytest.fixture
def fake_inspect(monkeypatch: pytest.MonkeyPatch) -> None:
    """inspect_ai: @scorer(metrics=[...]) on a factory of async score(state, target) -> Score."""
    fake = SimpleNamespace(
        mean=lambda: "mean",
        stderr=lambda: "stderr",
        scorer=lambda metrics, name: lambda factory: factory,
        Score=_Score,
    )
    monkeypatch.setitem(__import__("sys").modules, "inspect_ai.scorer", fake)


def test_inspect_scorer_by_its_documented_shape(fake_inspect: None) -> None:
    scored = _inspect_call(to_inspect(correctness), RIGHT, "18")
    assert (scored.value, scored.answer, scored.metadata) == (1.0, "18", {"status": "correct"})
    assert _inspect_call(to_inspect(correctness), RIGHT, "").value is None
    reasoned = [SimpleNamespace(type="reasoning", reasoning="6 * 3 = 18"), SimpleNamespace(type="text", text="#### 18")]
    scored = _inspect_call(to_inspect(correctness), "#### 18", "18", reasoned)
    assert (scored.value, scored.answer) == (1.0, "18")
    hidden = [SimpleNamespace(type="reasoning", reasoning="#### 18"), SimpleNamespace(type="text", text="Done, bye!")]
    assert _inspect_call(to_inspect(correctness), "Done, bye!", "18", hidden).value == 0.0


class _Score(SimpleNamespace):
    @classmethod
    def unscored(cls, **given: Any) -> "_Score":
        return cls(value=None, **given)


def _inspect_call(
    scorer: Any, text: str, target: str | list[str], parts: list[Any] | None = None, choices: tuple[str, ...] = ()
) -> Any:
    """Call a scorer as inspect_ai does: a target is a list of texts, whose ``text`` is all of them in one."""
    message = SimpleNamespace(text=text, content=parts or text)
    options = [SimpleNamespace(value=value) for value in choices]
    state = SimpleNamespace(
        output=SimpleNamespace(message=message), input_text="?", metadata={"level": 1}, choices=options
    )
    texts = [target] if isinstance(target, str) else target
    return asyncio.run(scorer(state, SimpleNamespace(target=texts, text="".join(texts))))


def test_kramabench_38_any_text_of_an_inspect_target_is_accepted(fake_inspect: None) -> None:
    scorer = to_inspect(correctness)
    assert _inspect_call(scorer, "The answer is four.", ["4", "four"]).value == 1.0
    assert _inspect_call(scorer, "The answer is 4.", ["4", "four"]).value == 1.0
    assert _inspect_call(scorer, "The answer is 4four.", ["4", "four"]).value == 0.0
    assert _inspect_call(scorer, "The answer is 4.", ["", ""]).value is None


def test_a_sample_s_choices_are_accepted_by_letter_and_text(fake_inspect: None) -> None:
    scorer = to_inspect(correctness)
    choices = ("Carl", "Alina")
    assert _inspect_call(scorer, "The answer is (B) Alina.", "B", choices=choices).value == 1.0
    assert _inspect_call(scorer, "<answer>Alina</answer>", "B", choices=choices).value == 1.0
    assert _inspect_call(scorer, "<answer>Alina</answer>", "C", choices=choices).metadata == {
        "status": "no such choice"
    }


def test_a_real_inspect_evaluation(tmp_path: Any) -> None:
    inspect_ai = pytest.importorskip("inspect_ai", reason="the peer is not installed")
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
