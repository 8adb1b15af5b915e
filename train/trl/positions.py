"""Positions counted without padding, where TRL's loss leaves them to the model (huggingface/trl#6800).

Prompts are padded on the left. While completions are drawn every row counts its positions from its own first token;
the loss gives none, and a model of learned positions then counts the padding, too: it learns from other
log-probabilities than it was drawn with. Rotary positions are relative, so that there it makes no difference.
"""

from __future__ import annotations

from inspect import signature
from typing import Any


def count_positions(model: Any) -> None:
    """Give the decoder of ``model`` the positions of tokens without padding wherever it is given none.

    Models of rotary positions, and those that take no positions, stay as they are.
    """
    decoder = model.base_model
    rotary = any("Rotary" in type(module).__name__ for module in decoder.modules())
    if not rotary and "position_ids" in signature(decoder.forward).parameters:
        decoder.register_forward_pre_hook(_with_positions, with_kwargs=True)


def _with_positions(decoder: Any, inputs: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
    mask = named.get("attention_mask")
    if mask is None or mask.ndim != 2 or named.get("position_ids") is not None or named.get("past_key_values"):
        return None
    return inputs, {**named, "position_ids": (mask.cumsum(dim=-1) - 1).clamp(min=0)}
