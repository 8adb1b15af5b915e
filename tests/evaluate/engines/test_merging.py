"""An adapter within the base's weights: it answers as beside them, and leaves the base as it was, bit for bit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from grpokit.evaluate import EvaluationError, Prompt, Request, Row, Sampling, load_task
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines import Loading, load_engines, loading
from grpokit.evaluate.engines.merging import mergeable_layers, merged
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.engines.transformers import TransformersEngine
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

GREEDY = Sampling(max_new_tokens=24)
LLAMA = LlamaConfig(vocab_size=61, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48)
GPT2 = GPT2Config(vocab_size=61, n_embd=32, n_layer=2, n_head=4)


def adapted(config: Any = LLAMA, dtype: torch.dtype = torch.float32, **lora: Any) -> Any:
    """A small model with an adapter named "default" on it, whose matrices are random."""
    torch.manual_seed(0)
    settings: dict[str, Any] = {"r": 4, "lora_alpha": 12, "target_modules": "all-linear", "init_lora_weights": False}
    model: Any = LlamaForCausalLM(config) if config.model_type == "llama" else GPT2LMHeadModel(config)
    return get_peft_model(model.to(dtype), LoraConfig(**settings | lora, task_type="CAUSAL_LM")).eval()


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        values: torch.Tensor = model(input_ids=torch.arange(4, 24)[None]).logits
    return values


def copies(model: Any) -> dict[str, torch.Tensor]:
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}


def unchanged(model: Any, before: dict[str, torch.Tensor]) -> bool:
    after = model.state_dict()
    return before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)


TIED = LlamaConfig(**{**LLAMA.to_diff_dict(), "tie_word_embeddings": True})
EXACT: list[tuple[Any, dict[str, Any]]] = [
    # model, adapter
    (LLAMA, {}),
    (GPT2, {"fan_in_fan_out": True}),  # its weights are stored the other way round
    (LLAMA, {"use_rslora": True, "target_modules": ["q_proj", "down_proj"], "rank_pattern": {"q_proj": 2}}),
    (LLAMA, {"use_dora": True}),
    (LLAMA, {"target_modules": ["q_proj", "embed_tokens"]}),  # the embedding's adapter stays beside it
    (LLAMA, {"modules_to_save": ["lm_head"]}),
    (TIED, {"target_modules": ["q_proj", "lm_head"]}),  # the embeddings are the same tensor and get no adapter
]


@pytest.mark.parametrize(("config", "lora"), EXACT, ids=[str(sorted(lora)) for _, lora in EXACT])
def test_merged_logits_are_those_of_the_adapter_beside_the_weights(config: Any, lora: dict[str, Any]) -> None:
    model = adapted(config, **lora)
    before, apart = copies(model), logits(model)
    pointers = [weight.data_ptr() for weight in model.parameters()]
    with model.disable_adapter():
        assert (logits(model) - apart).abs().max() > 0.01  # it moves the base
    with merged(model, "default"):
        assert all(layer.merged for layer in mergeable_layers(model, "default"))
        assert torch.allclose(logits(model), apart, atol=1e-5)
        assert unchanged(model, before) is False
    assert unchanged(model, before)
    assert pointers == [weight.data_ptr() for weight in model.parameters()]  # the very tensors, tied ones tied
    assert torch.equal(logits(model), apart)


APART: list[tuple[torch.dtype, dict[str, Any]]] = [
    # dtype, adapter, why its layers are left alone
    (torch.bfloat16, {}),  # rounded
    (torch.float16, {}),
    (torch.float32, {"lora_bias": True}),  # a bias that the base does not have
    (torch.float32, {"target_modules": ["embed_tokens"]}),
]


@pytest.mark.parametrize(("dtype", "lora"), APART, ids=["bfloat16", "float16", "bias", "embeddings"])
def test_what_is_not_exact_is_not_merged(dtype: torch.dtype, lora: dict[str, Any]) -> None:
    model = adapted(dtype=dtype, **lora)
    apart = logits(model)
    assert mergeable_layers(model, "default") == []
    with merged(model, "default"):
        assert torch.equal(logits(model), apart)


def test_one_of_several_adapters_is_merged() -> None:
    model = adapted(target_modules=["q_proj"])
    other = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    model.add_adapter("other", other)
    assert [len(mergeable_layers(model, name)) for name in ("default", "other")] == [2, 4]
    for name in ("default", "other", "default"):
        model.set_adapter(name)
        apart = logits(model)
        with merged(model, name):
            assert torch.allclose(logits(model), apart, atol=1e-5)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_base_is_whole_after_an_interrupt_at_any_time(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = adapted()
    before, left = copies(model), 5
    real = torch.addmm

    def interrupted(*values: Any, **named: Any) -> torch.Tensor:
        nonlocal left
        left -= 1
        if left < 0:
            raise error
        return real(*values, **named)

    monkeypatch.setattr(torch, "addmm", interrupted)
    with pytest.raises(error), merged(model, "default"):  # in the middle of merging
        pytest.fail("nothing is drawn from half a model")
    assert unchanged(model, before)
    monkeypatch.undo()
    with pytest.raises(error), merged(model, "default"):
        raise error
    assert unchanged(model, before)


@pytest.mark.parametrize("lora", [{}, {"use_dora": True}], ids=["lora", "dora"])
def test_weights_that_are_no_numbers_are_refused(lora: dict[str, Any]) -> None:
    model = adapted(**lora)
    mergeable_layers(model, "default")[3].lora_A["default"].weight.data[0, 0] = torch.nan
    before = copies(model)
    with pytest.raises(ValueError, match="NaN"), merged(model, "default"):
        pytest.fail("they were merged")
    assert [name for name, weight in model.state_dict().items() if not torch.equal(weight, before[name])] == [
        name for name, weight in before.items() if weight.isnan().any()
    ]


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA on the demo's checkpoint that changes its answers."""
    folder = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(0)
    lora = LoraConfig(r=4, lora_alpha=2, target_modules="all-linear", init_lora_weights=False)
    get_peft_model(AutoModelForCausalLM.from_pretrained(checkpoint_path()), lora).save_pretrained(str(folder))
    return folder


def load(adapter: Path, loading: Loading | None = None) -> Iterator[TransformersEngine]:
    for engine in load_engines([ModelSpec.parse("demo"), ModelSpec.parse(f"tuned=demo+{adapter}")], loading=loading):
        assert isinstance(engine, TransformersEngine)
        yield engine


def answers(engine: TransformersEngine, sampling: Sampling = GREEDY) -> list[Row]:
    prompts: list[Prompt] = engine.plan(list(load_task("arithmetic").prompts(limit=48)), sampling)
    return [row for rows in engine.generate([Request(prompt, 0) for prompt in prompts], sampling) for row in rows]


@pytest.mark.parametrize("sampling", [GREEDY, Sampling(temperature=1.0, max_new_tokens=24)], ids=["greedy", "sampled"])
def test_engine_answers_merged_as_it_answers_unmerged(adapter: Path, sampling: Sampling) -> None:
    base, tuned = load(adapter)
    before, plain = copies(base.base.model), answers(base, sampling)
    assert tuned.describe()["adapter_merged"] is True
    assert base.describe()["adapter_merged"] is None
    rows = answers(tuned, sampling)
    assert unchanged(base.base.model, before)
    assert answers(base, sampling) == plain
    tuned.base.merges.clear()
    assert answers(tuned, sampling) == rows
    assert [row.text for row in rows] != [row.text for row in plain]


def test_an_adapter_that_is_no_numbers_is_said_in_a_line(adapter: Path) -> None:
    _, tuned = load(adapter)
    mergeable_layers(tuned.base.model, "adapter0")[0].lora_A["adapter0"].weight.data[0, 0] = torch.nan
    with pytest.raises(EvaluationError, match="no finite numbers; train it with a smaller learning_rate"):
        answers(tuned)


def test_interrupted_batch_leaves_the_base_whole(adapter: Path) -> None:
    base, tuned = load(adapter)
    before = copies(base.base.model)
    prompts = tuned.plan(list(load_task("arithmetic").prompts(limit=4)), GREEDY)
    merged_while_drawn: list[bool] = []

    def interrupt(tokens: int) -> None:
        merged_while_drawn.append(mergeable_layers(tuned.base.model, "adapter0")[0].merged)
        raise KeyboardInterrupt

    batches = tuned.generate([Request(prompt, 0) for prompt in prompts], GREEDY, interrupt)
    with pytest.raises(KeyboardInterrupt):
        list(batches)
    assert merged_while_drawn == [True]
    assert unchanged(base.base.model, before)


@pytest.mark.parametrize(
    ("room", "how", "expected"),
    [
        (2.0, Loading(), True),  # room for the second copy and as much again
        (1.9, Loading(), False),
        (2.0, Loading(dtype="bfloat16"), False),
        (2.0, Loading(quantization="4bit"), False),
    ],
    ids=["room", "no room", "bfloat16", "4bit"],
)
def test_an_adapter_is_merged_where_that_is_exact_and_has_room(
    adapter: Path, monkeypatch: pytest.MonkeyPatch, room: float, how: Loading, expected: bool
) -> None:
    plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(checkpoint_path()), str(adapter))
    copy = sum(layer.base_layer.weight.numel() * 4 for layer in mergeable_layers(plain, "default"))
    monkeypatch.setattr(loading, "free_memory", lambda device: room * copy)
    _, tuned = load(adapter, how)
    assert tuned.describe()["adapter_merged"] is expected
