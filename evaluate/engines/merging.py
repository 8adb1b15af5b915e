"""An adapter within the very weights of its base for a while: as fast as the base, which comes back bit for bit.

Not in 16 bits, where a merged weight is rounded: that would be another model than the one that was trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from peft.tuners.lora.layer import Linear
from peft.tuners.lora.variants import DoraLinearVariant
from torch import nn


def mergeable_layers(model: Any, adapter: str) -> list[Any]:
    """Return the layers whose weight may hold the adapter, which then changes no more than the last bits of a logit.

    They are linear ones in float32, with LoRA or DoRA; ``adapter`` is its name within PEFT. Quantised layers are of
    classes of their own.
    """
    return [module for module in model.modules() if type(module) is Linear and _is_exact(module, adapter)]


def _is_exact(layer: Any, adapter: str) -> bool:
    return (
        adapter in layer.lora_A
        and layer.base_layer.weight.dtype == torch.float32
        and isinstance(layer.lora_variant.get(adapter), DoraLinearVariant | None)
        and not layer.lora_bias[adapter]
    )


@contextmanager
def merged(model: Any, adapter: str) -> Iterator[None]:
    """Merge an adapter for the time of the block. Raises ``ValueError`` for weights that are no finite numbers.

    Each layer gets a weight of its own for it: the base's tensors are never written to, and one that is tied to the
    embeddings leaves these as they are.
    """
    with ExitStack() as stack:
        for layer in mergeable_layers(model, adapter):
            stack.callback(_restore, layer, layer.base_layer.weight)
            layer.base_layer.weight = nn.Parameter(layer.base_layer.weight.data, requires_grad=False)
            _merge(layer, adapter)
        yield


def _merge(layer: Any, adapter: str) -> None:
    """Compute ``W + scaling · B A`` in one pass, where PEFT takes five; DoRA, which also scales rows, is PEFT's own."""
    if adapter in layer.lora_variant:
        layer.merge(safe_merge=True, adapter_names=[adapter])
        return
    weight = layer.base_layer.weight.data
    left, right = (matrices[adapter].weight.data.to(weight) for matrices in (layer.lora_B, layer.lora_A))
    if not (left.isfinite().all() and right.isfinite().all()):
        raise ValueError("NaN or infinity in an adapter")
    if layer.fan_in_fan_out:
        left, right = right.T, left.T
    layer.base_layer.weight.data = torch.addmm(weight, left, right, alpha=layer.scaling[adapter])
    layer.merged_adapters.append(adapter)


def _restore(layer: Any, own: nn.Parameter) -> None:
    layer.base_layer.weight = own
    layer.merged_adapters.clear()
