"""A model's layers: those of the shipped recipes' models from a table, all others from their class.

The class is made without memory for its weights (torch's ``meta`` device) and its parameters are counted, which is
exact for every type, and takes the seconds in which torch and transformers are imported. The table holds what comes
out of that for the models that most dry runs are about.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, NamedTuple, TypeAlias

from ...errors import first_line
from ...evaluate.engines.hub import cached
from ...evaluate.engines.model_path import ModelPath
from ...files import read_json
from ..types import TrainingError

TABLE = "architectures.json"
"""By model id; ``*`` in a layer's name is the number of its block."""


class Linear(NamedTuple):
    """A linear layer by the name of its module, and its width on both sides."""

    name: str
    inputs: int
    outputs: int

    @property
    def weights(self) -> int:
        """How many there are, biases left out."""
        return self.inputs * self.outputs


class Widths(NamedTuple):
    """Bytes per token and layer: per unit of hidden, key-value and intermediate width."""

    hidden: float
    key_value: float
    intermediate: float


class LayerBytes(NamedTuple):
    """What a layer holds while it is learned from.

    ``kept`` is what autograd keeps for the backward pass, ``most`` what a layer holds at most, gradients on their way
    included, when it is done again, and ``input`` the bytes per number of what goes from layer to layer.
    """

    kept: Widths
    most: Widths
    input: int


Numbers: TypeAlias = Literal["float32", "half", "autocast", "packed"]
"""What layers compute in: float32; half precision on a CPU; on a GPU, whose autocast computes norms and powers in
float32; and there over packed weights, whose layers give back the dtype that they got, float32 after such a norm."""

FAMILIES = {"phi": "phi", "gpt2": "gpt2", "llama": "gated", "mistral": "gated", "qwen2": "gated", "qwen3": "gated"}
"""By type of model, the layers whose activations were counted; ``gated`` are those with a gated MLP and RMSNorm."""

LAYER_BYTES: dict[tuple[str, Numbers], LayerBytes] = {
    # counted with a LoRA adapter on every linear layer, by bench/memory.py; what is kept, on a CPU too, by its hooks
    ("phi", "float32"): LayerBytes(Widths(20.4, 8.0, 20.0), Widths(20.2, 8.0, 28.0), 4),
    ("phi", "half"): LayerBytes(Widths(16.8, 4.1, 10.1), Widths(24.1, 4.0, 16.0), 2),
    ("phi", "autocast"): LayerBytes(Widths(18.0, 4.0, 16.0), Widths(20.1, 4.0, 26.0), 2),
    ("phi", "packed"): LayerBytes(Widths(22.0, 8.0, 18.0), Widths(20.1, 8.0, 28.0), 4),
    ("gpt2", "float32"): LayerBytes(Widths(24.3, 8.0, 20.0), Widths(28.0, 8.0, 28.0), 4),
    ("gpt2", "half"): LayerBytes(Widths(14.6, 4.1, 10.1), Widths(24.0, 4.0, 16.0), 2),
    ("gpt2", "autocast"): LayerBytes(Widths(18.0, 4.0, 16.0), Widths(22.0, 4.0, 26.0), 2),
    ("gpt2", "packed"): LayerBytes(Widths(22.0, 8.0, 18.0), Widths(22.0, 8.0, 28.0), 4),
    ("gated", "float32"): LayerBytes(Widths(24.5, 8.0, 16.0), Widths(32.0, 8.0, 24.0), 4),
    ("gated", "half"): LayerBytes(Widths(24.8, 4.1, 8.2), Widths(34.1, 4.0, 14.0), 2),
    ("gated", "autocast"): LayerBytes(Widths(24.0, 4.0, 8.0), Widths(34.1, 4.0, 14.0), 2),
    ("gated", "packed"): LayerBytes(Widths(16.0, 4.0, 8.0), Widths(21.0, 4.0, 12.0), 2),
}


@dataclass(frozen=True)
class Architecture:
    """A decoder's sizes. ``parameters`` counts tied ones once; ``linears`` are all linear layers but the output.

    ``dtype`` is that of the checkpoint's weights (None: its config does not say), ``context`` the tokens it takes.
    """

    type: str
    dtype: str | None
    context: int | None
    hidden: int
    layers: int
    key_value: int
    intermediate: int
    vocabulary: int
    parameters: int
    linears: tuple[Linear, ...]

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Architecture:
        """Build the model of a config.json without its weights; it takes seconds.

        Raises :class:`TrainingError` for a type of model whose activations were not measured, and for sizes that do
        not go together.
        """
        kind = str(config.get("model_type"))
        if kind not in FAMILIES:
            raise TrainingError(f"no memory estimate for models of type {kind!r}; known are {', '.join(FAMILIES)}.")

        model = _without_weights(config)
        made = model.config
        heads = made.num_attention_heads
        head = getattr(made, "head_dim", None) or made.hidden_size // heads
        return cls(
            type=kind,
            dtype=config.get("dtype") or config.get("torch_dtype"),
            context=getattr(made, "max_position_embeddings", None),
            hidden=made.hidden_size,
            layers=made.num_hidden_layers,
            key_value=(getattr(made, "num_key_value_heads", None) or heads) * head,
            intermediate=getattr(made, "intermediate_size", None) or made.n_inner or 4 * made.hidden_size,
            vocabulary=made.vocab_size,
            parameters=model.num_parameters(),
            linears=tuple(linears(model)),
        )

    @property
    def linear_weights(self) -> int:
        """The weights of all linear layers, which quantisation packs; without biases."""
        return sum(layer.weights for layer in self.linears)

    @property
    def cache_width(self) -> int:
        """Numbers that a token adds to the cache of keys and values."""
        return 2 * self.layers * self.key_value

    def layer(self, numbers: Numbers) -> LayerBytes:
        """What a layer holds, by what it computes in."""
        return LAYER_BYTES[FAMILIES[self.type], numbers]

    def bytes_of(self, per: Widths) -> float:
        """Bytes per token of a layer of this model."""
        return per.hidden * self.hidden + per.key_value * self.key_value + per.intermediate * self.intermediate


def _without_weights(config: Mapping[str, Any]) -> Any:
    import torch  # here, as everywhere below: a dry run of a model in the table does without them
    from transformers import AutoConfig, AutoModelForCausalLM

    kind = str(config.get("model_type"))
    try:
        made = AutoConfig.for_model(kind, **{key: value for key, value in config.items() if key != "model_type"})
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(made)
    except Exception as error:  # each class complains of its sizes in its own way
        raise TrainingError(f"config.json makes no {kind} model: {first_line(error)}") from None


def module_names(config: Mapping[str, Any]) -> list[str]:
    """Return the names of all modules of the model of a config.json; it takes seconds."""
    return [name for name, _ in _without_weights(config).named_modules()]


def linears(model: Any) -> Iterator[Linear]:
    """Yield the linear layers of a model but its output, those of GPT-2, which it calls convolutions, included."""
    from torch import nn
    from transformers import Conv1D

    output = model.get_output_embeddings()
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and module is not output:
            yield Linear(name, module.in_features, module.out_features)
        elif isinstance(module, Conv1D):
            yield Linear(name, *module.weight.shape)


def find_architecture(model: ModelPath) -> Architecture | None:
    """Return the architecture of a model: from the table, or from its config.json; None where that is not here yet.

    Raises what :meth:`Architecture.of` and :func:`read_config` raise.

    >>> find_architecture(ModelPath("demo")).parameters
    84544
    """
    known = json.loads((files(__package__) / TABLE).read_text(encoding="utf-8")).get(model.base)
    if known is not None and model.revision is None:
        sizes = known["linears"].items()
        blocks = range(known["layers"])
        linears = tuple(Linear(name.replace("*", str(block)), *size) for block in blocks for name, size in sizes)
        return Architecture(**{**known, "linears": linears})
    config = read_config(model)
    return None if config is None else Architecture.of(config)


def read_config(model: ModelPath) -> dict[str, Any] | None:
    """Return a checkpoint's config.json from its folder or the hub's cache on this machine; None where it is not.

    >>> read_config(ModelPath("demo"))["model_type"]
    'llama'
    """
    path = model.folder and model.folder / "config.json"
    if model.hub_id is not None:
        path = cached(model.hub_id, model.revision, "config.json")
    try:
        values = read_json(path) if path else None
    except (OSError, ValueError) as error:
        raise TrainingError(f"cannot read {path}: {error}.") from None
    return values if isinstance(values, dict) else None
