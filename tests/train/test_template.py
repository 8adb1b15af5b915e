"""One ``template`` for training and evaluation: rollouts are asked exactly what held-out questions are asked with."""

from pathlib import Path
from typing import Any

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.runs.manifest import Manifest
from grpokit.train import make_plan, train

from .fixture_types import MakeRecipe
from .recorder import Recorder

THINKING = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ message['content'] }}{% endif %}{% endfor %}"
    "{% if enable_thinking %}<reasoning>{% endif %}"
)
"""A template that begins the reasoning where it is asked to, as Qwen3's leaves it empty where it is asked not to."""


@pytest.fixture
def thinking(tmp_path: Path) -> Path:
    """The demo's checkpoint with that template."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint_path())
    tokenizer.chat_template = THINKING
    tokenizer.save_pretrained(tmp_path / "model")
    AutoModelForCausalLM.from_pretrained(checkpoint_path()).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The prompts of every generation, in training and in evaluation."""
    from transformers import AutoTokenizer, GenerationMixin

    tokenizer, seen, generate = AutoTokenizer.from_pretrained(checkpoint_path()), set[str](), GenerationMixin.generate

    def spy(model: Any, **arguments: Any) -> Any:
        if arguments.get("past_key_values") is None:  # or it goes on with what it has drawn
            pairs = zip(arguments["input_ids"], arguments["attention_mask"], strict=True)
            seen.update(str(tokenizer.decode(ids[mask.bool()])) for ids, mask in pairs)
        return generate(model, **arguments)

    monkeypatch.setattr(GenerationMixin, "generate", spy)
    return seen


@pytest.mark.parametrize("on", [True, False])
def test_rollouts_and_held_out_questions_are_asked_alike(
    tiny: MakeRecipe, thinking: Path, asked: set[str], tmp_path: Path, on: bool
) -> None:
    word = "true" if on else "false"
    recipe = tiny(f"model={thinking}", f"template={{enable_thinking: {word}}}", "max_steps=1", "evaluation.limit=4")
    recipe = recipe.model_copy(update={"evaluation": recipe.evaluation.model_copy(update={"every": 1})})
    train(recipe, tmp_path / "run")
    assert len(asked) > 4
    assert {prompt.endswith("<reasoning>") for prompt in asked} == {on}
    engine = Manifest.read(tmp_path / "run" / "evaluation" / "base").engine
    assert engine["template_arguments"] == {"enable_thinking": on}


def test_an_argument_that_the_template_does_not_read_is_said_once(tiny: MakeRecipe, tmp_path: Path) -> None:
    recorder = Recorder()
    train(tiny("template.enable_thinking=true", "max_steps=1"), tmp_path / "run", watcher=recorder)
    assert len([note for note in recorder.notes if "does not read 'enable_thinking'" in note]) == 1


REFUSED = [
    # what would ask rollouts otherwise than evaluation, and the repair
    ("chat_template_kwargs={enable_thinking: false}", "write template, such as template: {enable_thinking: false}"),
    ("template={tokenize: true}", "'tokenize' is given by rendering itself"),
    ("generation_kwargs={temperature: 2.0}", r"generation_kwargs\.temperature: write temperature"),
    ("generation_kwargs={max_new_tokens: 2}", r"generation_kwargs\.max_new_tokens: write max_completion_length"),
    ("remove_unused_columns=true", "rewards are given by a column of ours"),
]


@pytest.mark.parametrize(("override", "said"), REFUSED)
def test_what_would_ask_otherwise_is_refused(tiny: MakeRecipe, override: str, said: str) -> None:
    with pytest.raises(GrpokitError, match=said):
        make_plan(tiny(override), 100)


@pytest.mark.parametrize("override", ["repetition_penalty=1.1", "generation_kwargs={no_repeat_ngram_size: 3}"])
def test_what_is_in_force_while_drawing_alone_is_said(tiny: MakeRecipe, override: str) -> None:
    name = override.partition("=")[0]
    assert (
        f"{name}: in force while completions are drawn, and not in evaluation." in make_plan(tiny(override), 100).notes
    )
