"""Ending rows at a stop string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from transformers import StoppingCriteria, StoppingCriteriaList

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class StopAt(StoppingCriteria):
    """Ends a row once the end of its completion holds one of ``stops``.

    A stop string of n bytes takes n tokens at the most, so only the last n tokens are decoded. (The criterion
    that comes with transformers does not work with tokenizers that lack a letter of its probe text.)
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, stops: Sequence[str], prompt_length: int) -> None:
        self.tokenizer = tokenizer
        self.stops = stops
        self.prompt_length = prompt_length
        self.window = max(len(stop.encode()) for stop in stops)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: object) -> torch.Tensor:
        start = max(self.prompt_length, input_ids.shape[1] - self.window)
        tails = self.tokenizer.batch_decode(input_ids[:, start:])
        found = [any(stop in tail for stop in self.stops) for tail in tails]
        return torch.tensor(found, device=input_ids.device)


def stopping(tokenizer: PreTrainedTokenizerBase, stops: Sequence[str], prompt_length: int) -> StoppingCriteriaList:
    """Return the stopping criteria of a batch: none without stop strings."""
    return StoppingCriteriaList([StopAt(tokenizer, stops, prompt_length)] if stops else [])
