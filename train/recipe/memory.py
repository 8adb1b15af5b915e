"""The memory of a training run, part by part, from a model's config.json: told before anything is loaded.

Sources: 4-bit weights, Dettmers et al., "QLoRA", arXiv 2305.14314, section 3 (4.127 bits a weight with double
quantisation); what autograd keeps a layer, counted on transformers 5.23 and peft 0.21 in the way of Korthikanti et
al., arXiv 2205.05198, section 4 (here without attention matrices, which no attention kernel in use today keeps);
tiles of logits, TRL 1.16. Counted are tensors; a GPU's own context takes some half a gigabyte more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..lora import translate
from .architecture import Architecture, Shape
from .plan import Geometry
from .recipe import LoraSection, Recipe

BITS = {"4bit": 4 + 8 / 64 + 32 / (64 * 256), "8bit": 8.0}
"""Bits a weight of a quantised linear layer; embeddings, norms and the output stay in 16 bits."""

TILE_TOKENS, TILE_VOCABULARY = 4096, 32768
"""TRL never holds more logits than this at a time when it computes a loss."""

ADAM_MOMENTS = 2


@dataclass(frozen=True)
class Memory:
    """Bytes on each device. ``training`` and ``rollouts`` alternate, so the larger of both counts in ``peak``.

    ``activations`` is what the backward pass needs of one micro-batch, ``logits`` the tile of logits in the loss,
    ``cache`` the keys and values of all completions that are drawn at a time, at their full length, ``sampling`` the
    probabilities of their next tokens, ``merged`` the second copy of adapted float32 layers with the adapter in them.
    ``checkpoint`` is a saved checkpoint's size on disk.
    """

    weights: float
    adapter: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    cache: float
    sampling: float
    merged: float

    @property
    def training(self) -> float:
        """Beside the weights, while learning from a micro-batch."""
        return self.gradients + self.activations + self.logits

    @property
    def rollouts(self) -> float:
        """Beside the weights, while completions are drawn."""
        return self.cache + self.sampling + self.merged

    @property
    def peak(self) -> float:
        """All that is there at the worst moment."""
        return self.weights + self.adapter + self.optimizer + max(self.training, self.rollouts)

    @property
    def checkpoint(self) -> float:
        """A checkpoint holds the adapter and the optimizer's state."""
        return self.adapter + self.optimizer


def estimate(recipe: Recipe, config: Mapping[str, Any], geometry: Geometry, prompt_tokens: int) -> Memory:
    """Return the memory of a recipe on one of its devices, for prompts of ``prompt_tokens`` tokens.

    Raises :class:`~grpokit.train.types.TrainingError` for a model of a type whose layers are not known here.

    >>> from grpokit.train import load_recipe, make_plan
    >>> phi2 = {"model_type": "phi", "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 32,
    ...         "num_attention_heads": 32, "vocab_size": 51200, "torch_dtype": "float16"}
    >>> recipe = load_recipe("phi2-tldr-qlora")
    >>> memory = estimate(recipe, phi2, make_plan(recipe, None).geometry, 512)
    >>> f"{memory.weights / 1e9:.1f} GB of weights"
    '1.8 GB of weights'
    """
    model = Architecture.of(config)
    new_tokens = int(recipe.settings.get("max_completion_length", 256))
    length = prompt_tokens + new_tokens
    adapter = _adapter_parameters(recipe.lora, model) * (2 if recipe.model.quantization else 4)
    width = _activation_bytes(recipe, config)
    drawn = geometry.micro_batch * geometry.steps_per_generation
    return Memory(
        weights=_weights(recipe, model, _weight_bytes(recipe, config)),
        adapter=adapter,
        gradients=adapter,
        optimizer=ADAM_MOMENTS * adapter,
        activations=geometry.micro_batch * length * _activations(recipe, model, width) + _unpacked(recipe, model),
        logits=min(geometry.micro_batch * new_tokens, TILE_TOKENS) * min(model.vocabulary, TILE_VOCABULARY) * width,
        cache=drawn * length * model.cache_width * width,
        sampling=3 * drawn * model.vocabulary * 4,  # logits, filtered logits and probabilities, all in float32
        merged=_merged(recipe, model, _weight_bytes(recipe, config)),
    )


def _weights(recipe: Recipe, model: Architecture, width: int) -> float:
    if recipe.model.quantization is None:
        return model.parameters * width
    packed = model.linear_parameters * BITS[recipe.model.quantization] / 8
    return packed + (model.parameters - model.linear_parameters) * 2


def _merged(recipe: Recipe, model: Architecture, width: int) -> float:
    """Float32 layers are drawn from with the adapter merged into a copy, on the way without vLLM."""
    if recipe.model.quantization or width != 4 or recipe.settings.get("use_vllm"):
        return 0.0
    return 4.0 * model.layers * sum(shape.inputs * shape.outputs for shape in _adapted(recipe.lora, model))


def _adapter_parameters(lora: LoraSection, model: Architecture) -> int:
    return model.layers * lora.r * sum(shape.inputs + shape.outputs for shape in _adapted(lora, model))


def _adapted(lora: LoraSection, model: Architecture) -> list[Shape]:
    names = list(model.linears) if lora.target_modules == "all-linear" else lora.target_modules
    today = translate(names, model.type, lambda note: None)
    return [shape for name, shape in model.linears.items() if name.rsplit(".", 1)[-1] in _leaves(today)]


def _leaves(names: list[str]) -> set[str]:
    return {name.rsplit(".", 1)[-1] for name in names}


def _activations(recipe: Recipe, model: Architecture, width: int) -> float:
    """Bytes a token: every layer's, or with checkpointing every layer's input and the layer under way."""
    layer = model.kept(width)
    if not recipe.settings.get("gradient_checkpointing", True):
        return model.layers * layer
    return model.layers * model.hidden * width + layer


def _unpacked(recipe: Recipe, model: Architecture) -> float:
    """A quantised layer is unpacked into 16 bits for as long as it is used."""
    largest = max(shape.inputs * shape.outputs for shape in model.linears.values())
    return 2.0 * largest if recipe.model.quantization else 0.0


def _weight_bytes(recipe: Recipe, config: Mapping[str, Any]) -> int:
    """With dtype auto a GPU holds weights as the checkpoint has them, a CPU in float32."""
    dtype: str | None = recipe.model.dtype
    if dtype == "auto":
        dtype = "float32" if recipe.settings.get("use_cpu") else config.get("dtype") or config.get("torch_dtype")
    return 2 if dtype in ("bfloat16", "float16") else 4


def _activation_bytes(recipe: Recipe, config: Mapping[str, Any]) -> int:
    """Half precision unless the recipe says otherwise: where ``bf16`` is left open it is on on a GPU."""
    half = recipe.settings.get("bf16", not recipe.settings.get("use_cpu")) or recipe.settings.get("fp16", False)
    return 2 if half or _weight_bytes(recipe, config) == 2 else 4
