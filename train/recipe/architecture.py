"""A model's layers by the figures of its config.json, without any model library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..types import TrainingError


class Shape(NamedTuple):
    """A linear layer's width on both sides."""

    inputs: int
    outputs: int


class Kept(NamedTuple):
    """Bytes that autograd keeps a token and layer: per unit of hidden, key-value and intermediate width."""

    hidden: float
    key_value: float
    intermediate: float


GATED = ("llama", "mistral", "qwen2", "qwen3")
"""Types with a gated MLP and RMSNorm."""

KEPT = {
    # (type, bytes a number): counted by saved-tensor hooks over models with a LoRA adapter on every linear layer
    ("phi", 4): Kept(20.4, 8.0, 20.0),
    ("phi", 2): Kept(16.8, 4.1, 10.1),
    ("gpt2", 4): Kept(24.3, 8.0, 20.0),
    ("gpt2", 2): Kept(14.6, 4.1, 10.1),
    ("gated", 4): Kept(24.5, 8.0, 16.0),
    ("gated", 2): Kept(24.8, 4.1, 8.2),
}


def read_config(model: str, revision: str | None = None) -> dict[str, Any] | None:
    """Return a checkpoint's config.json from its folder or the hub's cache on this machine; None where it is not.

    >>> read_config("demo")["model_type"]
    'llama'
    """
    path = _config_path(model, revision)
    try:
        values = json.loads(path.read_text(encoding="utf-8")) if path else None
    except (OSError, ValueError) as error:
        raise TrainingError(f"cannot read {path}: {error}.") from None
    return values if isinstance(values, dict) else None


def _config_path(model: str, revision: str | None) -> Path | None:
    from ...evaluate.demo import checkpoint_path

    folder = checkpoint_path() if model == "demo" else Path(model).expanduser()
    if folder.is_dir():
        return folder / "config.json"
    if model.count("/") != 1 or model.startswith(("/", ".", "~")):
        return None
    return _cached(model, revision or "main")


def _cached(model: str, revision: str) -> Path | None:
    """Look in the hub's cache, whose layout is documented: the hub's client takes longer to load than all else here."""
    from huggingface_hub.constants import HF_HUB_CACHE

    folder = Path(HF_HUB_CACHE) / f"models--{model.replace('/', '--')}"
    named = folder / "refs" / revision  # a branch or tag; otherwise the revision is a commit
    commit = named.read_text(encoding="utf-8") if named.is_file() else revision
    config = folder / "snapshots" / commit / "config.json"
    return config if config.is_file() else None


@dataclass(frozen=True)
class Architecture:
    """A decoder's sizes. ``positions`` is the number of learned position embeddings (0: rotary).

    ``small`` counts the biases and norms of one block.
    """

    type: str
    hidden: int
    layers: int
    attention: int
    key_value: int
    intermediate: int
    vocabulary: int
    tied: bool
    positions: int
    small: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Architecture:
        """Read a config.json; raise :class:`TrainingError` for a type of model that is not known here."""
        kind = config.get("model_type")
        if kind == "gpt2":
            return _gpt2(config)
        if kind == "phi" or kind in GATED:
            return _rotary(str(kind), config)
        raise TrainingError(f"no memory estimate for models of type {kind!r}; known are phi, gpt2, {', '.join(GATED)}.")

    @property
    def linears(self) -> dict[str, Shape]:
        """The linear layers of one block, by the names that LoRA targets have."""
        hidden, wide = self.hidden, self.intermediate
        if self.type == "gpt2":
            attention = {"attn.c_attn": Shape(hidden, 3 * hidden), "attn.c_proj": Shape(hidden, hidden)}
            return {**attention, "mlp.c_fc": Shape(hidden, wide), "mlp.c_proj": Shape(wide, hidden)}
        projections = {
            "q_proj": Shape(hidden, self.attention),
            "k_proj": Shape(hidden, self.key_value),
            "v_proj": Shape(hidden, self.key_value),
        }
        if self.type == "phi":
            mlp = {"fc1": Shape(hidden, wide), "fc2": Shape(wide, hidden)}
            return {**projections, "dense": Shape(self.attention, hidden), **mlp}
        gates = {"gate_proj": Shape(hidden, wide), "up_proj": Shape(hidden, wide), "down_proj": Shape(wide, hidden)}
        return {**projections, "o_proj": Shape(self.attention, hidden), **gates}

    @property
    def linear_parameters(self) -> int:
        """The weights of all blocks' linear layers, which quantisation packs; without biases."""
        return self.layers * sum(shape.inputs * shape.outputs for shape in self.linears.values())

    @property
    def parameters(self) -> int:
        """All parameters, tied ones once."""
        embeddings = (self.vocabulary + self.positions) * self.hidden
        output = 0 if self.tied else self.vocabulary * self.hidden
        output += self.vocabulary if self.type == "phi" else 0  # the only one with a bias there
        norm = self.hidden if self.type in GATED else 2 * self.hidden
        return self.linear_parameters + self.layers * self.small + norm + embeddings + output

    @property
    def cache_width(self) -> int:
        """Numbers that a token adds to the cache of keys and values."""
        return 2 * self.layers * self.key_value

    def kept(self, width: int) -> float:
        """Bytes that autograd keeps of a token in one block, in numbers of ``width`` bytes."""
        kept = KEPT["gated" if self.type in GATED else self.type, width]
        return kept.hidden * self.hidden + kept.key_value * self.key_value + kept.intermediate * self.intermediate


def _gpt2(config: Mapping[str, Any]) -> Architecture:
    hidden = int(config["n_embd"])
    wide = int(config.get("n_inner") or 4 * hidden)
    return Architecture(
        type="gpt2",
        hidden=hidden,
        layers=int(config["n_layer"]),
        attention=hidden,
        key_value=hidden,
        intermediate=wide,
        vocabulary=int(config["vocab_size"]),
        tied=bool(config.get("tie_word_embeddings", True)),
        positions=int(config["n_positions"]),
        small=4 * hidden + (3 * hidden + hidden + wide + hidden),  # two norms; every layer has a bias
    )


def _rotary(kind: str, config: Mapping[str, Any]) -> Architecture:
    hidden, wide, heads = (int(config[key]) for key in ("hidden_size", "intermediate_size", "num_attention_heads"))
    head = int(config.get("head_dim") or hidden // heads)
    attention, key_value = heads * head, int(config.get("num_key_value_heads") or heads) * head
    small = {
        "phi": 2 * hidden + (attention + 2 * key_value + hidden + wide + hidden),  # one norm; every layer has a bias
        "qwen2": 2 * hidden + attention + 2 * key_value,  # two norms, biases of the projections
        "qwen3": 2 * hidden + 2 * head,  # norms of queries and keys too
    }
    return Architecture(
        type=kind,
        hidden=hidden,
        layers=int(config["num_hidden_layers"]),
        attention=attention,
        key_value=key_value,
        intermediate=wide,
        vocabulary=int(config["vocab_size"]),
        tied=bool(config.get("tie_word_embeddings", False)),
        positions=0,
        small=small.get(kind, 2 * hidden),
    )
