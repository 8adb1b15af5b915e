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
from typing import Any, NamedTuple

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


class KeptBytes(NamedTuple):
    """Bytes that autograd keeps per token and layer: per unit of hidden, key-value and intermediate width."""

    hidden: float
    key_value: float
    intermediate: float


FAMILIES = {"phi": "phi", "gpt2": "gpt2", "llama": "gated", "mistral": "gated", "qwen2": "gated", "qwen3": "gated"}
"""By type of model, the layers whose activations were measured; ``gated`` are those with a gated MLP and RMSNorm."""

KEPT_BYTES = {
    # (family, bytes per number): counted by saved-tensor hooks over models with a LoRA adapter on every linear layer
    ("phi", 4): KeptBytes(20.4, 8.0, 20.0),
    ("phi", 2): KeptBytes(16.8, 4.1, 10.1),
    ("gpt2", 4): KeptBytes(24.3, 8.0, 20.0),
    ("gpt2", 2): KeptBytes(14.6, 4.1, 10.1),
    ("gated", 4): KeptBytes(24.5, 8.0, 16.0),
    ("gated", 2): KeptBytes(24.8, 4.1, 8.2),
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

    def kept_bytes(self, width: int) -> float:
        """Bytes that autograd keeps of a token in one block, in numbers of ``width`` bytes."""
        kept = KEPT_BYTES[FAMILIES[self.type], width]
        return kept.hidden * self.hidden + kept.key_value * self.key_value + kept.intermediate * self.intermediate


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
