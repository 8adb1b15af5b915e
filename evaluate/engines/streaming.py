"""One answer as it grows, token by token, so that several models can answer in turns from one load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from ..rendering import encode
from ..types import FinishReason, Prompt, Sampling
from .keys import row_key
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
    token_ids: list[int] = []
    for token in _tokens(engine, prompt, sampling):
        token_ids.append(token)
        ended = token in ends
        text = str(engine.base.tokenizer.decode(token_ids[:-1] if ended else token_ids, skip_special_tokens=False))
        stops = [place for stop in sampling.stop if (place := text.find(stop)) >= 0]
        if ended or stops:
            yield Partial(text[: min(stops)] if stops else text, token_ids, "stop" if stops else "eos")
            return
        last = len(token_ids) == sampling.max_new_tokens
        yield Partial(text if last else text.rstrip(UNFINISHED), list(token_ids), "length" if last else None)


def _tokens(engine: TransformersEngine, prompt: Prompt, sampling: Sampling) -> Iterator[int]:
    """Yield tokens one by one: ``generate`` goes on from its own cache, so each costs one forward pass."""
    ids = torch.tensor([encode(engine.base.tokenizer, prompt.text)], device=engine.base.device)
    steps = processors(sampling, [row_key(sampling.seed, prompt.id, 0)], ids.shape[1], engine.base.device)
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
