"""The memory estimate against published figures, real parameter counts and what autograd keeps."""

import json
import re

import pytest
from grpokit.train import TrainingError, load_recipe, make_plan
from grpokit.train.recipe.architecture import Architecture
from grpokit.train.recipe.memory import estimate

PHI2 = {
    "model_type": "phi",
    "hidden_size": 2560,
    "intermediate_size": 10_240,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "vocab_size": 51_200,
    "torch_dtype": "float16",
}
LLAMA_1B = {
    "model_type": "llama",
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "vocab_size": 128_256,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}


def memory(name, config, *overrides, prompt_tokens=512):
    recipe = load_recipe(name, overrides)
    return estimate(recipe, config, make_plan(recipe, None).geometry, prompt_tokens)


WEIGHTS = [
    # recipe, overrides, published GB (fp32, half precision, NF4)
    ("phi2-oasst1-lora", ["model.dtype=float32"], 11.1),
    ("phi2-oasst1-lora", [], 5.6),
    ("phi2-tldr-qlora", [], 1.9),
]


@pytest.mark.parametrize(("name", "overrides", "gigabytes"), WEIGHTS)
def test_weights_of_phi_2(name, overrides, gigabytes):
    assert memory(name, PHI2, *overrides).weights / 1e9 == pytest.approx(gigabytes, rel=0.05)


CACHES = [(PHI2, 328e3), (LLAMA_1B, 33e3)]


@pytest.mark.parametrize(("config", "published"), CACHES)
def test_cache_of_a_token(config, published):
    assert Architecture.of(config).cache_width * 2 == pytest.approx(published, rel=0.01)


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


def make_model(kind, sizes, **arguments):
    """Return the model of the sizes and its config as config.json has it."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(kind, bos_token_id=0, eos_token_id=0, **sizes)
    return AutoModelForCausalLM.from_config(config, **arguments), json.loads(config.to_json_string())


@pytest.mark.parametrize(("kind", "sizes"), COUNTED)
def test_parameters_are_those_of_the_real_class(kind, sizes):
    model, config = make_model(kind, sizes)
    assert Architecture.of(config).parameters == model.num_parameters()


@pytest.mark.parametrize(("kind", "sizes"), COUNTED)
def test_adapter_is_as_large_as_the_real_one(kind, sizes):
    from grpokit.train.lora import make_lora
    from peft import get_peft_model

    model, config = make_model(kind, sizes)
    recipe = load_recipe("llama32-1b-numina")
    adapted = get_peft_model(model, make_lora(recipe.lora, model, print))
    trainable = sum(weight.numel() for weight in adapted.parameters() if weight.requires_grad)
    assert memory("llama32-1b-numina", config).adapter == 4 * trainable


KINDS = [
    ("phi", {"hidden_size": 128, "intermediate_size": 512, "num_attention_heads": 4}),
    ("gpt2", {"n_embd": 128, "n_head": 4}),
    ("llama", {"hidden_size": 128, "intermediate_size": 320, "num_attention_heads": 4, "num_key_value_heads": 2}),
]


@pytest.mark.parametrize("half", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize(("kind", "sizes"), KINDS)
def test_activations_are_what_autograd_keeps(kind, sizes, half):
    depth = "n_layer" if kind == "gpt2" else "num_hidden_layers"
    one, config = kept_bytes(kind, {**sizes, depth: 1}, half)
    three, _ = kept_bytes(kind, {**sizes, depth: 3}, half)
    assert Architecture.of(config).kept(2 if half else 4) == pytest.approx((three - one) / 2, rel=0.05)


def kept_bytes(kind, sizes, half, tokens=128):
    """Return the bytes a token that the backward pass of a model with LoRA on every linear layer keeps."""
    import torch
    from peft import LoraConfig, get_peft_model

    model, config = make_model(kind, {"vocab_size": 64, **sizes}, dtype=torch.bfloat16 if half else torch.float32)
    model = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)  # held, so that no address comes twice
        return tensor

    ids = torch.zeros(1, tokens, dtype=torch.long)
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with hooks, torch.autocast("cpu", torch.bfloat16, enabled=half):
        model(input_ids=ids, use_cache=False, logits_to_keep=1)
    return sum(size for size, _ in kept.values()) / tokens, config


def test_checkpointing_keeps_far_less():
    with_it = memory("phi2-oasst1-lora", PHI2)
    without = memory("phi2-oasst1-lora", PHI2, "gradient_checkpointing=false")
    assert without.activations > 10 * with_it.activations
    assert without.rollouts == with_it.rollouts


def test_peak_is_the_worse_of_learning_and_drawing():
    short = memory("phi2-oasst1-lora", PHI2, "max_completion_length=16", "gradient_checkpointing=false")
    long = memory("phi2-oasst1-lora", PHI2, "max_completion_length=1500", "num_generations=32")
    assert short.peak == pytest.approx(short.weights + short.adapter + short.optimizer + short.training)
    assert long.peak == pytest.approx(long.weights + long.adapter + long.optimizer + long.rollouts)


def test_float32_layers_are_merged_into_a_copy():
    whole = memory("phi2-oasst1-lora", PHI2, "model.dtype=float32")
    assert whole.merged == 4 * Architecture.of(PHI2).linear_parameters
    assert memory("phi2-oasst1-lora", PHI2).merged == memory("phi2-tldr-qlora", PHI2).merged == 0


def test_unknown_type_of_model_is_refused():
    with pytest.raises(TrainingError, match="'bert'"):
        Architecture.of({"model_type": "bert"})


def test_dry_run_tells_parts_disk_and_what_it_lacks(capsys, tmp_path):
    from grpokit.commands.train import main

    (tmp_path / "config.json").write_text(json.dumps(PHI2))
    assert main(["phi2-oasst1-lora", "--dry-run", "--model", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"weights +5\.6 GB", out)
    assert re.search(r"peak .* 7\.9 GB", out)
    assert "MB a checkpoint" in out
    assert "GB free in" in out
    assert "100 steps of 8 completions" in out


def test_dry_run_of_a_hub_model_says_what_it_lacks(capsys, monkeypatch, tmp_path):
    from grpokit.commands.train import main

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert main(["phi2-tldr-qlora", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "needs the config.json of microsoft/phi-2" in out
    assert "as many steps as the rows make of 8 completions" in out
    assert "a checkpoint an epoch" in out
