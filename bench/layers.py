"""What learning from a micro-batch holds at most on a GPU, counted on any machine: tensors without data.

The real decoder, PEFT's adapters, gradient checkpointing and TRL's loss run on torch's ``meta`` device, where a tensor
has a size and no content, and the live ones are added up. What a GPU does otherwise is put in its place: operators that
autocast computes in float32 there (and not on a CPU), attention that keeps no matrix, 4-bit layers that unpack their
weights and give back the dtype that they got, as those of bitsandbytes do. Left out are what drivers and cuBLAS hold.
"""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import bitsandbytes as bnb
import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import AttentionInterface, AutoConfig, AutoModelForCausalLM, Conv1D
from trl.kernels import chunked_logprob

HALF = [(F, "linear"), (torch, "matmul"), (torch, "addmm")]
FLOAT = [(F, "layer_norm"), (torch, "pow"), (torch.Tensor, "pow"), (torch, "rsqrt")]
"""Operators of the decoders here that autocast on a GPU computes in bfloat16, and in float32."""

ROWS, PROMPT, NEW = 4, 256, 256
TOKENS = ROWS * (PROMPT + NEW)
TILE = 32768

NUMBERS = ["float32", "half", "autocast", "packed"]
"""Whole float32; bfloat16 on a CPU; bfloat16 under a GPU's autocast; the same over 4-bit layers."""


class LiveBytes(TorchDispatchMode):
    """Adds up the storages of tensors without data for as long as they live, in an allocator's blocks of 512 bytes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # as torch has it
        self.now = self.peak = 0
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call an operator and count what it made."""
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor) and tensor.device.type == "meta":
                self._add(tensor.untyped_storage())
        return made

    def _add(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._sizes:
            self._sizes[key] = 512 * math.ceil(storage.nbytes() / 512)
            self.now += self._sizes[key]
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._drop, key)

    def _drop(self, key: int) -> None:
        self.now -= self._sizes.pop(key)


class Packed(bnb.nn.Linear4bit):  # type: ignore[misc,name-defined]  # bitsandbytes has no types
    """A layer in 4 bits: unpacked for the time of a product, forward and backward."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(1, 1, compute_dtype=torch.bfloat16, quant_type="nf4", device="meta")
        self.in_features, self.out_features = inputs, outputs
        self.bias = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute in 16 bits and give back what came."""
        made: torch.Tensor = _Unpacked.apply(x.to(torch.bfloat16), self.in_features, self.out_features)  # type: ignore[no-untyped-call]  # as torch has it
        return made.to(x.dtype)


class _Unpacked(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, inputs: int, outputs: int) -> torch.Tensor:
        ctx.shape = outputs, inputs
        return x @ x.new_empty(inputs, outputs)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (gradient,) = gradients
        return gradient.to(torch.bfloat16) @ gradient.new_empty(ctx.shape, dtype=torch.bfloat16), None, None


class _Attention(torch.autograd.Function):
    """Keeps what flash attention keeps: its inputs, its output and a number per row."""

    @staticmethod
    def forward(ctx: Any, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        output = torch.empty_like(q)
        ctx.save_for_backward(q, k, v, output, q.new_empty(q.shape[:-1], dtype=torch.float32))
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        q, k, v, *_ = ctx.saved_tensors
        return torch.empty_like(q), torch.empty_like(k), torch.empty_like(v)


def _attend(module: Any, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: Any, **others: Any) -> Any:
    return _Attention.apply(q, k, v).transpose(1, 2).contiguous(), None  # type: ignore[no-untyped-call]  # the same


@contextmanager
def as_on_a_gpu(numbers: str) -> Iterator[None]:
    """Compute for the time of the block in the dtypes of ``numbers``."""
    listed: list[tuple[Any, str, torch.dtype]] = []
    if numbers != "float32":
        listed += [(place, name, torch.bfloat16) for place, name in HALF]
    if numbers in ("autocast", "packed"):
        listed += [(place, name, torch.float32) for place, name in FLOAT]
    really = torch.is_autocast_enabled

    def enabled(*device: str) -> bool:
        return numbers != "float32" if device in ((), ("meta",)) else bool(really(*device))

    nothing: Callable[..., None] = lambda *inputs, **named: None  # noqa: E731  # of kernels that hold nothing
    with ExitStack() as stack:
        for place, name, dtype in listed:
            stack.enter_context(patch.object(place, name, _in(getattr(place, name), dtype)))
        for name in ("_forward_tile", "_backward_tile", "_addmm_fp32"):
            stack.enter_context(patch.object(chunked_logprob, name, nothing))
        stack.enter_context(patch.object(torch, "is_autocast_enabled", enabled))
        stack.enter_context(patch.object(torch, "get_autocast_dtype", lambda device: torch.bfloat16))
        yield


def _in(operator: Callable[..., Any], dtype: torch.dtype) -> Callable[..., Any]:
    def cast(value: Any) -> Any:
        return value.to(dtype) if isinstance(value, torch.Tensor) and value.is_floating_point() else value

    def computed(*inputs: Any, **named: Any) -> Any:
        return operator(*map(cast, inputs), **{name: cast(value) for name, value in named.items()})

    return computed


def learning_bytes(kind: str, sizes: dict[str, Any], numbers: str, *, checkpointing: bool, r: int = 1) -> int:
    """Return what is live at most while a micro-batch is learned from, beside the weights."""
    AttentionInterface.register("counted", _attend)
    config = AutoConfig.for_model(kind, **sizes)
    config._attn_implementation = "counted"
    live = LiveBytes()
    with as_on_a_gpu(numbers), live:
        model = _make_model(config, numbers, r, checkpointing=checkpointing)
        gc.collect()
        before = live.peak = live.now
        ids = torch.zeros(ROWS, PROMPT + NEW, dtype=torch.long, device="meta")
        decoder = model.get_base_model()
        states = decoder.base_model(ids, use_cache=False).last_hidden_state[:, :-1][:, -NEW:].flatten(0, 1)
        head = decoder.get_output_embeddings()
        likely, *_ = chunked_logprob.ChunkedLogProbFunction.apply(
            states, head.weight, head.bias, ids[:, -NEW:].flatten(), 1.0, TILE, None, 1.0, ("entropy",)
        )
        del states
        torch.autograd.backward(likely.mean())
        return live.peak - before


def _make_model(config: Any, numbers: str, r: int, *, checkpointing: bool) -> Any:
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(
            config, dtype=torch.float32 if numbers == "float32" else torch.bfloat16
        )
        if numbers == "packed":
            model.is_loaded_in_4bit = True
            _pack(model)
        lora = LoraConfig(r=r, target_modules="all-linear", task_type="CAUSAL_LM")
        adapted = get_peft_model(model, lora).train()
    for module in adapted.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    if checkpointing:
        adapted.gradient_checkpointing_enable({"use_reentrant": False})
        adapted.enable_input_require_grads()
    return adapted


def _pack(model: Any) -> None:
    output = model.get_output_embeddings()
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear | Conv1D) and module is not output:
            turned = isinstance(module, Conv1D)
            outputs, inputs = reversed(module.weight.shape) if turned else module.weight.shape
            parent, _, leaf = name.rpartition(".")
            setattr(model.get_submodule(parent), leaf, Packed(inputs, outputs))


class Layer(NamedTuple):
    """Bytes per token: a layer's input, what it holds at most when it is done again, and what autograd keeps of it."""

    input: float
    most: float
    kept: float


def sizes_of(kind: str, hidden: int, key_value: int, intermediate: int, layers: int) -> dict[str, Any]:
    """Return a config's sizes, with a vocabulary that costs nothing."""
    if kind == "gpt2":
        return {"vocab_size": 64, "n_embd": hidden, "n_layer": layers, "n_head": 8, "n_inner": intermediate}
    heads = {"num_attention_heads": 8, "num_key_value_heads": 8 * key_value // hidden}
    sizes = {"hidden_size": hidden, "intermediate_size": intermediate, "num_hidden_layers": layers, "vocab_size": 64}
    return {**sizes, **heads}


def layer_bytes(kind: str, numbers: str, point: tuple[int, int, int]) -> Layer:
    """Return what a layer of these hidden, key-value and intermediate widths holds."""

    def counted(layers: int, *, checkpointing: bool) -> int:
        return learning_bytes(kind, sizes_of(kind, *point, layers), numbers, checkpointing=checkpointing)

    few, many = counted(3, checkpointing=True), counted(4, checkpointing=True)
    kept = counted(2, checkpointing=False) - counted(1, checkpointing=False)
    inputs = many - few
    return Layer(inputs / TOKENS, (few - 3 * inputs) / TOKENS, kept / TOKENS)
