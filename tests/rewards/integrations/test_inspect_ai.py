"""The inspect_ai scorer: by its documented shape, and in a real evaluation where it is installed."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from grpokit.rewards import correctness, get
from grpokit.rewards.integrations.inspect_ai import to_inspect
from grpokit.tests.rewards.integrations.replies import RIGHT, WRONG


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
    scored = _inspect_call(to_inspect(correctness), "#### 18", "18", reasoned)
    assert (scored.value, scored.answer) == (1.0, "18")
    hidden = [SimpleNamespace(type="reasoning", reasoning="#### 18"), SimpleNamespace(type="text", text="Done, bye!")]
    assert _inspect_call(to_inspect(correctness), "Done, bye!", "18", hidden).value == 0.0


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
