"""Sampling by row: a sampled token depends on the row's key and the step alone, never on the batch around it.

The Gumbel-max trick: for logits l and independent standard Gumbel noise g, argmax(l + g) is an exact draw from
softmax(l) (Maddison, Tarlow and Minka, arXiv 1411.0030). The noise comes from a counter-based generator:
SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) keyed by (row key, step) and indexed by the token id. Two models
that are asked with the same keys share the noise (common random numbers), which narrows their paired difference.

A row ends at a stop string that the task names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from ..types import Sampling

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed 64-bit integer
_MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
_MIX_2 = -7723592293110705685  # 0x94D049BB133111EB
_FRACTION_BITS = 52


def gumbel(keys: torch.Tensor, step: int, vocabulary: int) -> torch.Tensor:
    """Return standard Gumbel noise, float64 of shape [rows, vocabulary], for int64 ``keys`` of shape [rows]."""
    stream = _mix(keys + _wrap(_GOLDEN * (step + 1)))
    tokens = torch.arange(1, vocabulary + 1, device=keys.device, dtype=torch.int64)
    bits = _mix(stream[:, None] + tokens * _GOLDEN)
    uniform = _shift(bits, 64 - _FRACTION_BITS).double().add_(0.5).mul_(2.0**-_FRACTION_BITS)
    return uniform.log_().neg_().log_().neg_()  # in place: a new tensor per step would cost more than the arithmetic


def _mix(x: torch.Tensor) -> torch.Tensor:
    """SplitMix64's finaliser; int64 products wrap as the unsigned ones do."""
    x = (x ^ _shift(x, 30)).mul_(_MIX_1)
    x = x.bitwise_xor_(_shift(x, 27)).mul_(_MIX_2)
    return x.bitwise_xor_(_shift(x, 31))


def _shift(x: torch.Tensor, by: int) -> torch.Tensor:
    """Shift right and fill with zeros: torch's own shift of int64 copies the sign bit."""
    return (x >> by).bitwise_and_((1 << (64 - by)) - 1)


def _wrap(value: int) -> int:
    """Return ``value`` modulo 2**64 as a signed 64-bit integer."""
    return (value + 2**63) % 2**64 - 2**63


class RowNoise(LogitsProcessor):
    """Adds each row's Gumbel noise to its logits, so that a greedy choice is a draw from their softmax."""

    def __init__(self, keys: torch.Tensor, prompt_length: int) -> None:
        self.keys = keys
        self.prompt_length = prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        step = input_ids.shape[1] - self.prompt_length
        return gumbel(self.keys, step, scores.shape[1]).add_(scores)


def processors(
    sampling: Sampling, keys: Sequence[int], prompt_length: int, device: torch.device
) -> LogitsProcessorList:
    """Return the logits processors of a batch: none when greedy, else temperature, top-k, top-p and row noise."""
    steps = LogitsProcessorList()
    if sampling.temperature == 0:
        return steps
    if sampling.temperature != 1:
        steps.append(TemperatureLogitsWarper(float(sampling.temperature)))
    if sampling.top_k:
        steps.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        steps.append(TopPLogitsWarper(sampling.top_p))
    steps.append(RowNoise(torch.tensor(keys, dtype=torch.int64, device=device), prompt_length))
    return steps


class StopAt:
    """Sees in which rows the end of the completion holds one of ``stops``.

    A stop string of n bytes takes n tokens at the most, so only the last n tokens are decoded. (The criterion
    that comes with transformers does not work with tokenizers that lack a letter of its probe text.)
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, stops: Sequence[str], prompt_length: int) -> None:
        self.tokenizer = tokenizer
        self.stops = stops
        self.prompt_length = prompt_length
        self.window = max(len(stop.encode()) for stop in stops)

    def ended(self, ids: torch.Tensor) -> torch.Tensor:
        """Return which rows of token ids, prompt and completion, have come to a stop string."""
        start = max(self.prompt_length, ids.shape[1] - self.window)
        tails = self.tokenizer.batch_decode(ids[:, start:])
        return torch.tensor([any(stop in tail for stop in self.stops) for tail in tails], device=ids.device)
