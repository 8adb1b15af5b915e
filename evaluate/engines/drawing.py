"""Drawing the completions of a batch. Rows that have ended leave it, so that the others are drawn in less time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers import DynamicCache, StoppingCriteria, StoppingCriteriaList
from transformers.cache_utils import DummyLayer, DynamicLayer, DynamicSlidingWindowLayer

from ..progress import Grow
from ..types import Sampling
from .sampling import StopAt, processors

if TYPE_CHECKING:
    from transformers import BatchEncoding

LEAVE = 0.25
"""Rows leave a batch once this share of it has ended."""

WITH_ROWS = (DynamicLayer, DynamicSlidingWindowLayer, DummyLayer)
"""The kinds of layers of a cache out of which rows can be taken; a dummy uses another layer's."""


class Drawing:
    """The completions of a batch while they are drawn: ``tokens`` are those of every row so far.

    ``inputs`` are the prompts with padding before them, ``keys`` those of the rows' noise. A row's tokens may run on
    past its end. ``grow`` hears after every step how many tokens there are more.
    """

    def __init__(
        self, inputs: BatchEncoding, keys: Sequence[int], sampling: Sampling, stop: StopAt | None, grow: Grow
    ) -> None:
        self._ids: torch.Tensor = inputs["input_ids"]
        self._mask: torch.Tensor = inputs["attention_mask"]
        self._length = self._ids.shape[1]
        self._keys = keys
        self._sampling = sampling
        self._stop = stop
        self._grow = grow
        self._growing = list(range(len(keys)))
        self.tokens: list[list[int]] = [[] for _ in keys]

    def draw(self, model: Any, ends: Sequence[int]) -> None:
        """Draw until every row has one of ``ends``, a stop string, or as many tokens as it may have."""
        cache, leaving, last = None, True, torch.tensor(ends, dtype=torch.int64, device=self._ids.device)
        longest = self._length + self._sampling.max_new_tokens
        while self._growing and (left := longest - self._ids.shape[1]) > 0:
            growth = Growth(last, self._stop, self._grow, leaving)
            try:
                output = model.generate(
                    input_ids=self._ids,
                    attention_mask=self._mask,
                    past_key_values=cache,
                    max_new_tokens=left,
                    do_sample=False,
                    synced_gpus=False,  # processes have shares of their own, and whole weights
                    logits_processor=processors(
                        self._sampling, [self._keys[row] for row in self._growing], self._length, self._ids.device
                    ),
                    stopping_criteria=StoppingCriteriaList([growth]),
                    return_dict_in_generate=True,
                )
            finally:  # an interrupt may end it
                self._keep(growth.ids)
            living = (~growth.ended).nonzero()[:, 0].cpu()  # from where all devices of a divided model take it
            self._leave(living)
            if self._growing and self._ids.shape[1] < longest:
                cache = selected(getattr(output, "past_key_values", None), living)
                leaving = cache is not None  # else all is read again, which is worth it once
            del output  # and with it what is kept of the rows that left

    def _keep(self, ids: torch.Tensor | None) -> None:
        """Take over the tokens of the rows that grow."""
        if ids is not None:
            self._ids = ids
            for row, tokens in zip(self._growing, ids[:, self._length :].tolist(), strict=True):
                self.tokens[row] = tokens

    def _leave(self, living: torch.Tensor) -> None:
        """Let all rows but these go; they have no padding behind their prompts."""
        self._growing = [self._growing[place] for place in living.tolist()]
        drawn = self._ids.shape[1] - self._mask.shape[1]
        self._ids, mask = self._ids[living], self._mask[living]
        self._mask = torch.cat([mask, mask.new_ones(len(mask), drawn)], dim=1)


class Growth(StoppingCriteria):
    """Counts a batch's tokens as they are generated, and ends the call when rows are to leave it.

    ``ids`` is the batch as it stands, ``ended`` says which rows have ended.
    """

    def __init__(self, ends: torch.Tensor, stop: StopAt | None, grow: Grow, leaving: bool) -> None:
        self._ends = ends
        self._stop = stop
        self._grow = grow
        self._leaving = leaving
        self._count = 0
        self.ids: torch.Tensor | None = None
        self.ended = torch.zeros(0, dtype=torch.bool)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: object) -> torch.Tensor:
        self.ids, newest, rows = input_ids, input_ids[:, -1], len(input_ids)
        self._grow(rows - self._count)
        now = torch.isin(newest, self._ends)
        if self._stop is not None:
            now |= self._stop.ended(input_ids)
        self.ended = now | self.ended if len(self.ended) else now
        self._count = int(self.ended.sum())
        leave = self._leaving and self._count >= LEAVE * rows
        return torch.ones_like(self.ended) if leave else self.ended


def selected(cache: object, rows: torch.Tensor) -> DynamicCache | None:
    """Return a cache with these of its rows alone; None for one of another kind, or one that stays empty."""
    if type(cache) is not DynamicCache or not all(type(layer) in WITH_ROWS for layer in cache.layers):
        return None
    if not cache.get_seq_length():
        return None
    cache.batch_select_indices(rows)
    return cache
