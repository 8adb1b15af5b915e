"""Did training change the adapter at all? Where every group's completions earned the same, it did not."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import safe_open

from ..evaluate.engines.loading import ADAPTER_WEIGHTS

NOTHING = (
    "nothing was learned: the adapter is as it was before the first step, since the completions of each group earned "
    "the same, or an alarm took training back. Give rewards that differ within a group, more num_generations, a higher "
    "temperature, or prompts that are neither solved nor hopeless (grpo-eval signal)."
)


def nothing_learned(adapter: Path, start: Path | None = None) -> bool:
    """Return whether an adapter still has the weights of the adapter that it ``start``-ed from.

    One that was made by training starts with B matrices of zeros, and so changes nothing.
    """
    with safe_open(adapter / ADAPTER_WEIGHTS, "pt") as tensors:
        names = list(tensors.keys())
        if start is None:
            made = (name for name in names if "lora_B" in name or "lora_embedding_B" in name)
            return not any(tensors.get_tensor(name).any() for name in made)
        with safe_open(start / ADAPTER_WEIGHTS, "pt") as before:
            return all(torch.equal(tensors.get_tensor(name), before.get_tensor(name)) for name in names)
