"""How likely a model finds texts behind a prompt: multiple choice without a word generated."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from inspect import signature
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.utils.rnn import pad_sequence

from ..types import Row
from .prompts import Continued, continuations

if TYPE_CHECKING:
    from ..types import Prompt


def log_likelihoods(model: Any, asked: Sequence[Continued]) -> list[list[float]]:
    """Return for each prompt the log-probability of each of its texts: the sum over the text's tokens, in nats.

    ``log p(text | prompt) = Σ_t log p(token_t | prompt, token_1 … token_{t-1})``. A prompt is read once: what the model
    remembers of it is laid out once per text. Texts of like length are read together, so that few tokens are padding.
    """
    device = model.device
    prompts = [torch.tensor(one.prompt, device=device) for one in asked]
    ids = pad_sequence(prompts, batch_first=True, padding_side="left")
    mask = pad_sequence([torch.ones_like(prompt) for prompt in prompts], batch_first=True, padding_side="left")
    read = model(input_ids=ids, attention_mask=mask, use_cache=True, **_known(model, mask, len(mask[0]), kept=1))
    owner = torch.tensor([place for place, one in enumerate(asked) for _ in one.texts], device=device)
    texts = [torch.tensor(text, device=device) for one in asked for text in one.texts]
    first = torch.log_softmax(read.logits[:, -1].float(), dim=-1)
    total = first[owner, torch.stack([text[0] for text in texts])]
    for places in _alike(texts):
        remembered = deepcopy(read.past_key_values)
        remembered.batch_select_indices(owner[places])
        total[places] += _rest(model, remembered, mask[owner[places]], [texts[place] for place in places])
    ends = list(accumulate(len(one.texts) for one in asked))
    return [total[end - len(one.texts) : end].tolist() for end, one in zip(ends, asked, strict=True)]


def _alike(texts: Sequence[torch.Tensor]) -> list[list[int]]:
    """Return the places of the texts of two tokens and more, in groups: the longest is at most twice the shortest."""

    def size(place: int) -> int:
        return (len(texts[place]) - 1).bit_length()

    return [list(places) for bits, places in groupby(sorted(range(len(texts)), key=size), key=size) if bits]


def _rest(model: Any, remembered: Any, mask: torch.Tensor, texts: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the log-probabilities of all but the first token of each text, summed; ``remembered`` are the prompts."""
    given = pad_sequence([text[:-1] for text in texts], batch_first=True)
    there = pad_sequence([torch.ones_like(text[1:]) for text in texts], batch_first=True)
    whole = torch.cat([mask, there], dim=1)
    logits = model(
        input_ids=given,
        attention_mask=whole,
        past_key_values=remembered,
        use_cache=True,
        **_known(model, whole, given.shape[1]),
    ).logits
    real = there.nonzero(as_tuple=True)
    wanted = torch.cat([text[1:] for text in texts])
    of_token = torch.zeros(there.shape, device=logits.device)
    of_token[real] = -torch.nn.functional.cross_entropy(logits[real].float(), wanted, reduction="none")
    return of_token.sum(dim=1)  # in one order, which index_add on a GPU has not


def _known(model: Any, mask: torch.Tensor, last: int, kept: int = 0) -> dict[str, Any]:
    """Return what some architectures take and others do not: how many of the last logits are ``kept`` (0: all), and the
    places of the ``last`` tokens, each counted in its own row without the padding before it."""
    takes = signature(getattr(model, "get_base_model", lambda: model)().forward).parameters
    places = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -last:]
    return {name: value for name, value in {"position_ids": places, "logits_to_keep": kept}.items() if name in takes}


def choice_row(prompt: Prompt, likelihoods: Sequence[float], model: str, weights: str) -> Row:
    """Return the row of a choice: the likeliest text (the first of equal ones), with the likelihood of every one.

    >>> from grpokit.evaluate.types import Prompt
    >>> row = choice_row(Prompt("1", "2+2 is", {"continuations": ["5", "4"]}), [-3.5, -0.25], "tiny", "0")
    >>> row.text[0]["content"], row.text[0]["choices"][0]
    ('4', {'text': '5', 'logprob': -3.5})
    """
    texts = continuations(prompt)
    likeliest = texts[max(range(len(texts)), key=likelihoods.__getitem__)]
    choices = [{"text": text, "logprob": value} for text, value in zip(texts, likelihoods, strict=True)]
    message = {"role": "assistant", "content": likeliest, "choices": choices}
    return Row(prompt.id, 0, [message], None, None, None, model, weights)
