"""One answer as it grows, token by token, so that several models can answer in turns from one load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from ..rendering import prefill
from ..types import FinishReason, Prompt, Request, Sampling
from .loading import quiet
from .sampling import processors
from .transformers import TransformersEngine

UNFINISHED = "\ufffd"
"""What a tokenizer shows for a character whose bytes have not all come yet."""


class Partial(NamedTuple):
    """An answer so far; ``finish_reason`` is None while it grows."""

    text: str
    token_ids: list[int]
    finish_reason: FinishReason | None


def stream(engine: TransformersEngine, prompt: Prompt, sampling: Sampling) -> Iterator[Partial]:
    """Yield the answer after every token; the last one is sample 0 of what the engine's ``generate`` gives.

    The adapter is switched on for the time of a token, so streams of models that share a base may be read in
    turns. ``prompt.id`` keys the noise and must be another one for every text. Raises
    :class:`~grpokit.evaluate.EvaluationError` when prompt and answer do not fit the model's context.
    """
    engine.plan([prompt], sampling)
    ends = engine.base.model.generation_config.eos_token_id or []
    generated: list[int] = []
    for token in _tokens(engine, prompt, sampling):
        generated.append(token)
        text = str(engine.base.tokenizer.decode(generated, skip_special_tokens=False))
        stopped = token in ends or any(stop in text for stop in sampling.stop)
        if stopped or len(generated) == sampling.max_new_tokens:
            row = engine.row(Request(prompt, 0), generated, sampling)
            yield Partial(str(row.text), list(row.token_ids or ()), row.finish_reason)
            return
        yield Partial(prefill(prompt.text) + text.rstrip(UNFINISHED), list(generated), None)


def _tokens(engine: TransformersEngine, prompt: Prompt, sampling: Sampling) -> Iterator[int]:
    """Yield tokens one by one: ``generate`` goes on from its own cache, so each costs one forward pass."""
    ids = torch.tensor([engine.ids(prompt)], device=engine.base.device)
    steps = processors(sampling, [Request(prompt, 0).key(sampling.seed)], ids.shape[1], engine.base.device)
    cache = None
    for _ in range(sampling.max_new_tokens):
        with engine.base.active(engine.adapter) as model, torch.inference_mode(), quiet():
            output = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                past_key_values=cache,
                max_new_tokens=1,
                do_sample=False,
                logits_processor=steps,
                return_dict_in_generate=True,
            )
        ids, cache = output.sequences, output.past_key_values
        yield int(ids[0, -1])
