"""Rows as TRL gets them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate.types import Prompt
from grpokit.rewards import RewardMix
from grpokit.train import TrainingError
from grpokit.train.data import ROW, fitting, load_prompts, make_dataset, prompt_limit
from grpokit.train.rewards import TrainingReward
from transformers import PreTrainedTokenizerBase

from .fixture_types import MakeCard, MakeRecipe


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    from grpokit.evaluate.demo import checkpoint_path
    from grpokit.evaluate.engines.loading import load_tokenizer

    return load_tokenizer(checkpoint_path())


def test_reference_reaches_the_rewards_and_the_prompt_is_messages(
    tiny: MakeRecipe, tokenizer: PreTrainedTokenizerBase
) -> None:
    """Rewards get the columns by the prompt's number: Arrow would change some, and refuse others."""
    prompts = load_prompts(tiny("task.limit=2"))
    row = make_dataset(prompts, tokenizer, None)[1]
    assert row == {ROW: 1, "prompt": prompts[1].text}
    seen: dict[str, Any] = {}

    def spy(completions: list[Any], **columns: Any) -> list[float | None]:
        seen.update(columns)
        return [1.0]

    called: dict[str, Any] = {"completions": ["x"], "prompts": [row["prompt"]], ROW: [1]}
    TrainingReward(RewardMix([spy]).rewards[0], prompts)(**called)
    assert seen["reference"] == [str(seen["left"][0] + seen["right"][0])]
    assert seen["prompts"][0][-1] == {"role": "user", "content": seen["question"][0]}


def test_completion_column_of_the_data_is_dropped(tiny: MakeRecipe, card: MakeCard) -> None:
    """TRL keeps a column ``completion`` from the rewards, and raises on ``completions`` and ``prompts``."""
    task = card([{"question": "1+1", "reference": "2", "completion": "two", "prompts": "x"}])
    (prompt,) = load_prompts(tiny(f"task={task}"))
    assert dict(prompt.columns) == {"question": "1+1", "reference": "2"}


@pytest.mark.parametrize("name", ["trainer_state", "images", "log_metric", "tools"])
def test_column_that_trl_keeps_to_itself_is_named(tiny: MakeRecipe, card: MakeCard, name: str) -> None:
    task = card([{"question": "1+1", "reference": "2", name: "x"}])
    with pytest.raises(TrainingError, match=f"column '{name}'"):
        load_prompts(tiny(f"task={task}"))


def test_reference_column_of_a_reward_must_exist(tiny: MakeRecipe) -> None:
    with pytest.raises(TrainingError, match="no column 'gold'"):
        load_prompts(tiny("rewards=correctness(reference_column=gold)=1"))


def test_a_task_of_choices_has_nothing_to_train_on(tiny: MakeRecipe) -> None:
    with pytest.raises(
        TrainingError, match="'mmlu' asks how likely each choice is, so there is no completion to reward"
    ):
        load_prompts(tiny("task.name=mmlu", "rewards=choice"))


def test_a_prefill_is_not_asked_for_in_training(tiny: MakeRecipe, tmp_path: Path) -> None:
    card = tmp_path / "card.yaml"
    text = "name: mine\nsource: {generator: arithmetic}\nuser: '{question}'\nreference: reference\n"
    card.write_text(text + "rewards: correctness\nprimary: correctness\nprefill: '<reasoning>'\n")
    with pytest.raises(TrainingError, match=r"begins the answers \(prefill\), which TRL cannot be asked to go on with"):
        load_prompts(tiny(f"task={card}"))


def test_prompts_that_do_not_fit_the_context_are_left_out(tokenizer: PreTrainedTokenizerBase) -> None:
    """TRL cuts no prompt: models with rotary positions run past their context, others raise."""
    short, long = Prompt("a", "1+1", {}), Prompt("b", "1+1" * 40, {})
    assert fitting([short, long], tokenizer, 96) == [short]
    assert fitting([short, long], tokenizer, 120) == [short, long]
    assert fitting([short, long], tokenizer, None) == [short, long]
    with pytest.raises(TrainingError, match=r"no prompt leaves room .* more than 96 tokens"):
        fitting([long], tokenizer, 96)


@pytest.mark.parametrize("longest", [None, 96])
@pytest.mark.parametrize("keep", [fitting, make_dataset])
def test_no_prompts_are_not_called_too_long(
    keep: Callable[..., Any], longest: int | None, tokenizer: PreTrainedTokenizerBase
) -> None:
    with pytest.raises(TrainingError, match=r"^there are no prompts: the data is empty"):
        keep([], tokenizer, longest)


LIMITS = [
    # context, wanted, new tokens, limit
    (128, None, 32, 96),
    (128, 64, 32, 64),
    (128, 100, 32, 96),  # the context has the last word
    (None, 64, 32, 64),  # a model without a fixed context
    (None, None, 32, None),
]


@pytest.mark.parametrize(("context", "wanted", "new_tokens", "limit"), LIMITS)
def test_prompts_leave_room_for_their_completion(
    context: int | None, wanted: Any, new_tokens: int, limit: int | None
) -> None:
    from transformers import LlamaConfig, PretrainedConfig

    config = LlamaConfig(max_position_embeddings=context) if context else PretrainedConfig()
    assert prompt_limit(config, wanted, new_tokens) == limit


def test_completion_as_long_as_the_context_is_refused() -> None:
    from transformers import LlamaConfig

    with pytest.raises(TrainingError, match="no prompt leaves room for 128 new tokens"):
        prompt_limit(LlamaConfig(max_position_embeddings=128), None, 128)


def test_without_a_chat_template_the_prompt_is_what_evaluation_asks(tokenizer: PreTrainedTokenizerBase) -> None:
    from copy import deepcopy

    from grpokit.evaluate.rendering import render

    bare = deepcopy(tokenizer)
    bare.chat_template = None
    prompt = Prompt("a", [{"role": "user", "content": "1+1"}], {})
    assert make_dataset([prompt], bare, None)[0]["prompt"] == render(bare, prompt.text)


def test_field_6_template_without_a_system_role_is_asked_as_in_evaluation(tokenizer: PreTrainedTokenizerBase) -> None:
    """Train and evaluation templates differ (huggingface/open-r1#473)."""
    from copy import deepcopy

    from grpokit.evaluate.rendering import render

    strict = deepcopy(tokenizer)
    strict.chat_template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "[{{ m.role }}]{{ m.content }}{% endfor %}"
    )
    prompt = Prompt("a", [{"role": "system", "content": "Add."}, {"role": "user", "content": "1+1"}], {})
    asked = make_dataset([prompt], strict, None)[0]["prompt"]
    assert strict.apply_chat_template(asked, tokenize=False) == render(strict, prompt.text)
