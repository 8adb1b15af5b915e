"""The memory estimate against published figures, real parameter counts and what autograd keeps."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from grpokit.bench.layers import layer_bytes
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.train import TrainingError, load_recipe, make_plan, recipe_names
from grpokit.train.recipe.architecture import LAYER_BYTES, Architecture, Numbers, find_architecture
from grpokit.train.recipe.memory import Memory, estimate
from transformers import PreTrainedModel

from .configs import CONFIGS

PHI2 = find_architecture(ModelPath("microsoft/phi-2"))
LLAMA_1B = find_architecture(ModelPath("meta-llama/Llama-3.2-1B"))


def memory(name: str, model: Architecture | None, *overrides: str, prompt_tokens: int = 512) -> Memory:
    assert model is not None
    recipe = load_recipe(name, overrides)
    return estimate(recipe, model, make_plan(recipe, None).geometry, prompt_tokens)


PUBLISHED = {
    "microsoft/phi-2": 2_779_683_840,
    "distilbert/distilgpt2": 81_912_576,
    "meta-llama/Llama-3.2-1B": 1_235_814_400,
    "HuggingFaceTB/SmolLM-135M-Instruct": 134_515_008,
}
"""Parameters as the hub tells them of the checkpoints themselves."""


@pytest.mark.parametrize("name", CONFIGS)
def test_table_holds_what_the_class_has(name: str) -> None:
    known = find_architecture(ModelPath(name))
    assert known == Architecture.of(CONFIGS[name])
    assert known.parameters == PUBLISHED.get(name, known.parameters)


def test_every_shipped_recipe_is_estimated_without_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert {load_recipe(name).model.path for name in recipe_names()} == set(CONFIGS)
    assert all(memory(name, find_architecture(load_recipe(name).model.base)).peak > 0 for name in recipe_names())


def test_another_revision_may_be_another_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert find_architecture(ModelPath("microsoft/phi-2", "v0")) is None


WEIGHTS = [
    # recipe, overrides, published GB (fp32, half precision, NF4)
    ("phi2-oasst1-lora", ["model.dtype=float32"], 11.1),
    ("phi2-oasst1-lora", [], 5.6),
    ("phi2-tldr-qlora", [], 1.9),
]


@pytest.mark.parametrize(("name", "overrides", "gigabytes"), WEIGHTS)
def test_weights_of_phi_2(name: str, overrides: list[str], gigabytes: float) -> None:
    assert memory(name, PHI2, *overrides).weights / 1e9 == pytest.approx(gigabytes, rel=0.05)


CACHES = [(PHI2, 328e3), (LLAMA_1B, 33e3)]


@pytest.mark.parametrize(("model", "published"), CACHES)
def test_cache_of_a_token(model: Architecture | None, published: float) -> None:
    assert model is not None
    assert model.cache_width * 2 == pytest.approx(published, rel=0.01)


TINY = {"vocab_size": 96, "hidden_size": 32, "intermediate_size": 80, "num_hidden_layers": 3, "num_attention_heads": 4}
COUNTED = [
    ("phi", TINY),
    ("llama", {**TINY, "num_key_value_heads": 2, "tie_word_embeddings": True}),
    ("llama", {**TINY, "head_dim": 16, "tie_word_embeddings": False}),
    ("mistral", {**TINY, "num_key_value_heads": 1}),
    ("qwen2", {**TINY, "num_key_value_heads": 2}),
    ("qwen3", {**TINY, "num_key_value_heads": 2, "head_dim": 8}),
    ("gpt2", {"vocab_size": 96, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64, "n_inner": 80}),
]


def make_model(kind: str, sizes: dict[str, Any], **arguments: Any) -> tuple[PreTrainedModel, dict[str, Any]]:
    """Return the model of the sizes and its config as config.json has it."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(kind, bos_token_id=0, eos_token_id=0, **sizes)
    return AutoModelForCausalLM.from_config(config, **arguments), json.loads(config.to_json_string())


@pytest.mark.parametrize(("kind", "sizes"), COUNTED)
def test_parameters_are_those_of_the_real_class(kind: str, sizes: dict[str, Any]) -> None:
    model, config = make_model(kind, sizes)
    assert Architecture.of(config).parameters == model.num_parameters()


@pytest.mark.parametrize(("kind", "sizes"), COUNTED)
def test_adapter_is_as_large_as_the_real_one(kind: str, sizes: dict[str, Any]) -> None:
    from grpokit.train.lora import make_lora
    from peft import get_peft_model

    model, config = make_model(kind, sizes)
    recipe = load_recipe("llama32-1b-numina")
    adapted = get_peft_model(model, make_lora(recipe.lora, model, print))
    trainable = sum(weight.numel() for weight in adapted.parameters() if weight.requires_grad)
    assert memory("llama32-1b-numina", Architecture.of(config)).adapter == 4 * trainable


TARGETS = [
    # type of model, targets, how many of a block's layers they are
    ("phi", ["Wqkv", "fc1"], 4),  # old names for three and one
    ("gpt2", ["c_proj"], 2),  # in attention and MLP
    ("gpt2", ["attn.c_proj"], 1),  # the end of a name
    ("llama", ["layers.0.self_attn.q_proj"], 1 / 3),  # in one block of three
    ("llama", ["proj"], 0),  # a part of a word is no name
]


@pytest.mark.parametrize(("kind", "targets", "each"), TARGETS)
def test_targets_are_found_as_peft_finds_them(kind: str, targets: list[str], each: float) -> None:
    from grpokit.train.lora import make_lora
    from peft import get_peft_model

    model, config = make_model(kind, dict(COUNTED)[kind])
    recipe = load_recipe("llama32-1b-numina", [f"lora.target_modules=[{','.join(targets)}]"])
    estimated = memory("llama32-1b-numina", Architecture.of(config), f"lora.target_modules=[{','.join(targets)}]")
    if not each:
        assert estimated.adapter == 0
        return
    adapted = get_peft_model(model, make_lora(recipe.lora, model, print))
    sizes = [weight.numel() for name, weight in adapted.named_parameters() if "lora_" in name]
    assert len(sizes) == round(2 * 3 * each)
    assert estimated.adapter == 4 * sum(sizes)


KINDS = [
    ("phi", {"hidden_size": 128, "intermediate_size": 512, "num_attention_heads": 4}),
    ("gpt2", {"n_embd": 128, "n_head": 4}),
    ("llama", {"hidden_size": 128, "intermediate_size": 320, "num_attention_heads": 4, "num_key_value_heads": 2}),
]


@pytest.mark.parametrize("half", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize(("kind", "sizes"), KINDS)
def test_activations_are_what_autograd_keeps(kind: str, sizes: dict[str, Any], half: bool) -> None:
    depth = "n_layer" if kind == "gpt2" else "num_hidden_layers"
    one, config = kept_bytes(kind, {**sizes, depth: 1}, half)
    three, _ = kept_bytes(kind, {**sizes, depth: 3}, half)
    model = Architecture.of(config)
    kept = model.bytes_of(model.layer("half" if half else "float32").kept)
    assert kept == pytest.approx((three - one) / 2, rel=0.05)


@pytest.mark.parametrize("numbers", get_args(Numbers))
@pytest.mark.parametrize(("kind", "family"), [("phi", "phi"), ("gpt2", "gpt2"), ("llama", "gated")])
def test_a_layer_holds_what_is_counted(kind: str, family: str, numbers: Numbers) -> None:
    widths = (512, 512, 2048)
    counted, known = layer_bytes(kind, numbers, widths), LAYER_BYTES[family, numbers]
    kept, most = (sum(each * width for each, width in zip(per, widths, strict=True)) for per in known[:2])
    assert known.input * 512 == counted.input
    assert kept == pytest.approx(counted.kept, rel=0.05)
    assert most == pytest.approx(counted.most, rel=0.05)


MEASURED = [
    # quantisation, r, groups, and the peak in bytes of Phi-2 on an H200 (docs/gpu.md): 256 + 256 tokens, batches of 4
    ("4bit", 8, 4, 3_411_023_872),
    ("4bit", 8, 8, 3_459_684_352),
    ("null", 16, 4, 6_921_156_608),
]


@pytest.mark.parametrize(("quantization", "r", "group", "peak"), MEASURED)
def test_the_peak_is_the_one_that_a_gpu_measured(quantization: str, r: int, group: int, peak: int) -> None:
    asked = [f"model.quantization={quantization}", f"lora.r={r}", "lora.target_modules=all-linear"]
    sizes = ["per_device_train_batch_size=4", f"num_generations={group}", "max_completion_length=256"]
    assert memory("phi2-oasst1-lora", PHI2, *asked, *sizes, prompt_tokens=256).peak == pytest.approx(peak, rel=0.02)


def kept_bytes(kind: str, sizes: dict[str, Any], half: bool, tokens: int = 128) -> tuple[float, dict[str, Any]]:
    """Return the bytes a token that the backward pass of a model with LoRA on every linear layer keeps."""
    from peft import LoraConfig, get_peft_model

    model, config = make_model(kind, {"vocab_size": 64, **sizes}, dtype=torch.bfloat16 if half else torch.float32)
    lora = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    adapted = get_peft_model(model, lora).train()
    for module in adapted.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    weights = {weight.untyped_storage().data_ptr() for weight in adapted.parameters()}
    kept = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)  # held, so that no address comes twice
        return tensor

    ids = torch.zeros(1, tokens, dtype=torch.long)
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with hooks, torch.autocast("cpu", torch.bfloat16, enabled=half):
        adapted(input_ids=ids, use_cache=False, logits_to_keep=1)
    return sum(size for size, _ in kept.values()) / tokens, config


def test_checkpointing_keeps_far_less() -> None:
    with_it = memory("phi2-oasst1-lora", PHI2)
    without = memory("phi2-oasst1-lora", PHI2, "gradient_checkpointing=false")
    assert without.activations > 10 * with_it.activations
    assert without.rollouts == with_it.rollouts


def test_peak_is_the_worse_of_learning_and_drawing() -> None:
    short = memory("phi2-oasst1-lora", PHI2, "max_completion_length=16", "gradient_checkpointing=false")
    long = memory("phi2-oasst1-lora", PHI2, "max_completion_length=1500", "num_generations=32")
    assert short.peak == pytest.approx(short.weights + short.adapter + short.optimizer + short.training)
    assert long.peak == pytest.approx(long.weights + long.adapter + long.optimizer + long.rollouts)


def test_float32_layers_are_merged_into_a_copy() -> None:
    whole = memory("phi2-oasst1-lora", PHI2, "model.dtype=float32")
    assert PHI2 is not None
    assert whole.merged == 4 * PHI2.linear_weights
    assert memory("phi2-oasst1-lora", PHI2, "model.dtype=float32", "use_vllm=true").merged == 0
    assert memory("phi2-oasst1-lora", PHI2).merged == memory("phi2-tldr-qlora", PHI2).merged == 0


PARAMETERS, LINEAR = 2_779_683_840, 32 * 78_643_200
CPU = ["model.dtype=auto", "use_cpu=true", "bf16=false"]  # so float32
PARTS = [
    # recipe, overrides, part, bytes of Phi-2 by hand: 2,560 wide, 32 layers, 51,200 words, 512 + 256 tokens
    ("phi2-oasst1-lora", [], "optimizer", 2 * 4 * 16 * 32 * (4 * 5120 + 2 * 12_800)),  # two moments of r 16, float32
    ("phi2-tldr-qlora", [], "adapter", 4 * 8 * 32 * (4 * 5120 + 2 * 12_800)),  # r 8, in float32 on a quantised base too
    ("phi2-oasst1-lora", [], "sampling", 3 * 4 * 2 * 51_200 * 4),  # three copies for two micro-batches of four rows
    ("phi2-oasst1-lora", ["max_completion_length=256"], "cache", 8 * 768 * 2 * 32 * 2560 * 2),
    ("phi2-oasst1-lora", ["model.dtype=float32", "max_completion_length=256"], "cache", 8 * 768 * 2 * 32 * 2560 * 4),
    ("phi2-oasst1-lora", ["max_completion_length=2000"], "logits", 4096 * 32_768 * 2),  # a tile, however long
    ("phi2-oasst1-lora", ["max_completion_length=16"], "logits", 4 * 16 * 32_768 * 2),
    ("phi2-oasst1-lora", ["model.quantization=8bit"], "weights", 2 * PARAMETERS - LINEAR),
    ("phi2-oasst1-lora", CPU, "weights", 4 * PARAMETERS),
    ("phi2-oasst1-lora", [*CPU, "max_completion_length=16"], "logits", 4 * 16 * 32_768 * 4),
]


@pytest.mark.parametrize(("name", "overrides", "part", "size"), PARTS)
def test_part_is_what_it_is_by_hand(name: str, overrides: list[str], part: str, size: float) -> None:
    assert getattr(memory(name, PHI2, *overrides), part) == size


def test_one_layer_is_in_hand_under_checkpointing_and_one_is_unpacked() -> None:
    assert PHI2 is not None
    tokens, short = 4 * (512 + 16), "max_completion_length=16"
    half = memory("phi2-oasst1-lora", PHI2, short)
    assert half.activations == tokens * 32 * 2560 * 2
    assert half.layer == pytest.approx(tokens * PHI2.bytes_of(PHI2.layer("autocast").most))
    assert half.training == half.gradients + half.activations + half.layer
    quantised = memory("phi2-oasst1-lora", PHI2, short, "model.quantization=4bit")
    assert quantised.activations == tokens * 32 * 2560 * 4  # what comes from a norm in float32 stays so
    unpacked = 2 * 2560 * 10_240
    assert quantised.layer == pytest.approx(tokens * PHI2.bytes_of(PHI2.layer("packed").most) + unpacked)


def test_without_checkpointing_the_layer_in_hand_adds_what_it_does_not_keep() -> None:
    assert PHI2 is not None
    layer = PHI2.layer("autocast")
    whole = memory("phi2-oasst1-lora", PHI2, "gradient_checkpointing=false")
    added = PHI2.bytes_of(layer.most) - PHI2.bytes_of(layer.kept)
    assert whole.activations / 32 / PHI2.bytes_of(layer.kept) == pytest.approx(whole.layer / added)


def test_the_larger_of_a_layer_and_the_logits_counts() -> None:
    model = find_architecture(ModelPath("HuggingFaceTB/SmolLM-135M-Instruct"))
    small = memory("smollm-135m-numina", model, "max_completion_length=512", prompt_tokens=16)
    assert small.logits > small.layer
    assert small.training == small.gradients + small.activations + small.logits


def test_unknown_type_of_model_is_refused() -> None:
    with pytest.raises(TrainingError, match="'bert'"):
        Architecture.of({"model_type": "bert"})


def test_sizes_that_do_not_go_together_are_one_line() -> None:
    with pytest.raises(TrainingError, match=r"^config\.json makes no llama model: ") as caught:
        Architecture.of({"model_type": "llama", **TINY, "hidden_size": "wide"})
    assert "\n" not in str(caught.value)


def test_dry_run_tells_parts_disk_and_what_it_lacks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from grpokit.commands.train import main

    (tmp_path / "config.json").write_text(json.dumps(CONFIGS["microsoft/phi-2"]))
    (tmp_path / "model.safetensors").touch()
    assert main(["phi2-oasst1-lora", "--dry-run", "--model", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"weights +5\.6 GB", out)
    assert re.search(r"peak .* 7\.9 GB", out)
    assert "MB per checkpoint" in out
    assert "GB free in" in out
    assert "100 steps of 8 completions" in out


def test_dry_run_of_a_hub_model_says_what_it_lacks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from grpokit.commands.train import main

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert main(["phi2-tldr-qlora", "--dry-run", "--model", "org/unknown"]) == 0
    out = capsys.readouterr().out
    assert "needs the config.json of org/unknown" in out
    assert "as many steps as the rows make of 8 completions" in out
    assert "a checkpoint per epoch" in out
