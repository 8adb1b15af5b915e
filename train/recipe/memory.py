"""The memory of a training run, part by part, from a model's architecture, before anything is loaded.

Sources: 4-bit weights, Dettmers et al., "QLoRA", arXiv 2305.14314, section 3 (4.127 bits per weight with double
quantisation); what a layer holds, counted on transformers 5.23 and peft 0.21 in the way of Korthikanti et al., arXiv
2205.05198, section 4 (here without attention matrices, which no attention kernel in use today keeps); tiles of logits,
TRL 1.16. Measured beside it: docs/gpu.md. Counted are tensors; a GPU's own context takes some half a gigabyte more.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..lora import adapted, translate
from .architecture import Architecture, Linear, Numbers
from .plan import Geometry
from .recipe import Recipe
from .sections import LoraSection

BITS = {"4bit": 4 + 8 / 64 + 32 / (64 * 256), "8bit": 8.0}
"""Bits per weight of a quantised linear layer; embeddings, norms and the output stay in 16 bits."""

TILE_TOKENS, TILE_VOCABULARY = 4096, 32768
"""TRL never holds more logits than this at a time when it computes a loss."""

ADAM_MOMENTS = 2


@dataclass(frozen=True)
class Memory:
    """Bytes on each device. ``training`` and ``rollouts`` alternate, so the larger of both counts in ``peak``.

    ``activations`` is what is kept of one micro-batch until its backward pass, ``layer`` what the layer in hand holds
    beside that, ``logits`` the tile of logits in the loss, which is gone before a layer goes back: the larger counts.
    ``cache`` is the keys and values of all completions that are drawn at a time, at their full length, ``sampling`` the
    probabilities of their next tokens, ``merged`` the second copy of adapted float32 layers with the adapter in them.
    ``checkpoint`` is a saved checkpoint's size on disk.
    """

    weights: float
    adapter: float
    gradients: float
    optimizer: float
    activations: float
    layer: float
    logits: float
    cache: float
    sampling: float
    merged: float

    @property
    def training(self) -> float:
        """Beside the weights, while learning from a micro-batch."""
        return self.gradients + self.activations + max(self.layer, self.logits)

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


def estimate(recipe: Recipe, model: Architecture, geometry: Geometry, prompt_tokens: int) -> Memory:
    """Return the memory of a recipe on one of its devices, for prompts of ``prompt_tokens`` tokens.

    >>> from grpokit.train import load_recipe, make_plan
    >>> from grpokit.train.recipe.architecture import find_architecture
    >>> recipe = load_recipe("phi2-tldr-qlora")
    >>> from grpokit.evaluate.engines.model_path import ModelPath
    >>> architecture = find_architecture(ModelPath("microsoft/phi-2"))
    >>> memory = estimate(recipe, architecture, make_plan(recipe, None).geometry, 512)
    >>> f"{memory.weights / 1e9:.1f} GB of weights"
    '1.8 GB of weights'
    """
    new_tokens = int(recipe.settings.get("max_completion_length", 256))
    length = prompt_tokens + new_tokens
    layers = adapted_layers(recipe.lora, model)
    adapter_parameters = recipe.lora.r * sum(layer.inputs + layer.outputs for layer in layers)
    adapter = adapter_parameters * 4  # float32, whatever the base is in
    numbers = _numbers(recipe, model)
    width = 4 if numbers == "float32" else 2
    kept, in_hand = _activations(recipe, model, numbers)
    drawn = geometry.micro_batch * geometry.steps_per_generation
    return Memory(
        weights=_weights(recipe, model),
        adapter=adapter,
        gradients=adapter,
        optimizer=ADAM_MOMENTS * adapter,
        activations=geometry.micro_batch * length * kept,
        layer=geometry.micro_batch * length * in_hand + _unpacked(recipe, model),
        logits=min(geometry.micro_batch * new_tokens, TILE_TOKENS) * min(model.vocabulary, TILE_VOCABULARY) * width,
        cache=drawn * length * model.cache_width * _weight_bytes(recipe, model),  # drawn without autocast
        sampling=3 * drawn * model.vocabulary * 4,  # logits, filtered logits and probabilities, all in float32
        merged=4 * sum(layer.weights for layer in layers) if _merges(recipe, model) else 0,
    )


def _weights(recipe: Recipe, model: Architecture) -> float:
    if recipe.model.quantization is None:
        return model.parameters * _weight_bytes(recipe, model)
    packed = model.linear_weights * BITS[recipe.model.quantization] / 8
    return packed + (model.parameters - model.linear_weights) * 2


def _merges(recipe: Recipe, model: Architecture) -> bool:
    """Float32 layers are drawn from with the adapter merged into a copy, on the way without vLLM."""
    whole = recipe.model.quantization is None and _weight_bytes(recipe, model) == 4
    return whole and not recipe.settings.get("use_vllm")


def adapted_layers(lora: LoraSection, model: Architecture) -> list[Linear]:
    """Return the layers of an architecture that get an adapter."""
    targets: str | list[str] = lora.target_modules
    if isinstance(targets, list):
        targets = translate(targets, model.type, lambda note: None)
    return adapted(targets, model.linears)


def _activations(recipe: Recipe, model: Architecture, numbers: Numbers) -> tuple[float, float]:
    """Bytes per token that are kept (every layer's; its input alone with checkpointing), and of the layer in hand."""
    layer = model.layer(numbers)
    kept, most = model.bytes_of(layer.kept), model.bytes_of(layer.most)
    if not recipe.settings.get("gradient_checkpointing", True):
        return model.layers * kept, max(0.0, most - kept)
    return model.layers * model.hidden * layer.input, most


def _unpacked(recipe: Recipe, model: Architecture) -> float:
    """A quantised layer is unpacked into 16 bits for as long as it is used."""
    return 2.0 * max(layer.weights for layer in model.linears) if recipe.model.quantization else 0.0


def _weight_bytes(recipe: Recipe, model: Architecture) -> int:
    """With dtype auto a GPU holds weights as the checkpoint has them, a CPU in float32."""
    dtype: str | None = recipe.model.dtype
    if dtype == "auto":
        dtype = "float32" if recipe.settings.get("use_cpu") else model.dtype
    return 2 if dtype in ("bfloat16", "float16") else 4


def _numbers(recipe: Recipe, model: Architecture) -> Numbers:
    """Half precision unless the recipe says otherwise: where ``bf16`` is left open it is on on a GPU."""
    on_cpu = recipe.settings.get("use_cpu", False)
    mixed = recipe.settings.get("bf16", not on_cpu) or recipe.settings.get("fp16", False)
    if not mixed and _weight_bytes(recipe, model) == 4:
        return "float32"
    if on_cpu:
        return "half"
    return "packed" if recipe.model.quantization else "autocast"
