"""How a prompt becomes tokens: the chat template when the tokenizer has one, a plain layout when not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..rewards.types import Message, Text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def render(tokenizer: PreTrainedTokenizerBase, text: Text) -> str:
    """Return the string that the model is asked with.

    Messages go through the tokenizer's chat template with the generation prompt; without a template their
    contents are joined by blank lines. A string is left as it is.
    """
    if isinstance(text, str):
        return text
    if tokenizer.chat_template is None:
        return plain(text)
    return _templated(tokenizer, list(text))


def _templated(tokenizer: PreTrainedTokenizerBase, messages: list[Message]) -> str:
    from jinja2 import TemplateError

    try:
        return _apply(tokenizer, messages)
    except TemplateError:
        merged = without_system(messages)
        if merged == messages:
            raise
        return _apply(tokenizer, merged)


def _apply(tokenizer: PreTrainedTokenizerBase, messages: list[Message]) -> str:
    chat = [dict(message) for message in messages]
    return str(tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True))


def without_system(messages: list[Message]) -> list[Message]:
    r"""Return messages with a system message put before the first question, for templates that know no system role.

    >>> without_system([{"role": "system", "content": "Add."}, {"role": "user", "content": "2+2?"}])
    [{'role': 'user', 'content': 'Add.\n\n2+2?'}]
    """
    if len(messages) < 2 or messages[0]["role"] != "system":
        return messages
    first = f"{messages[0]['content']}\n\n{messages[1]['content']}"
    return [{**messages[1], "content": first}, *messages[2:]]


def as_asked(tokenizer: PreTrainedTokenizerBase, text: Text) -> Text:
    """Return a prompt in the form in which a trainer that applies the chat template asks what :func:`render` asks.

    Messages stay messages, without a system message where the template refuses one; where there is no template they
    become the string.
    """
    from jinja2 import TemplateError

    if isinstance(text, str) or tokenizer.chat_template is None:
        return render(tokenizer, text)
    try:
        _apply(tokenizer, list(text))
    except TemplateError:
        return without_system(list(text))
    return text


def plain(text: Text) -> str:
    r"""Return messages as plain text, for models without a chat template.

    >>> plain([{"role": "system", "content": "Add."}, {"role": "user", "content": "2+2?"}])
    'Add.\n\n2+2?\n\n'
    """
    return text if isinstance(text, str) else "".join(f"{message['content']}\n\n" for message in text)


def encode(tokenizer: PreTrainedTokenizerBase, text: Text) -> list[int]:
    """Return the prompt's token ids: one BOS at most, although many templates write their own, and no EOS."""
    rendered = render(tokenizer, text)
    templated = not isinstance(text, str) and tokenizer.chat_template is not None
    has_bos = bool(tokenizer.bos_token) and rendered.startswith(tokenizer.bos_token)
    if templated or has_bos:
        return list(tokenizer(rendered, add_special_tokens=False)["input_ids"])
    ids = list(tokenizer(rendered)["input_ids"])
    return ids[:-1] if len(ids) > 1 and ids[-1] == tokenizer.eos_token_id else ids


def tokenizer_fingerprint(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return sixteen hex digits over the vocabulary and the special tokens of a tokenizer.

    How it splits text is seen in the tokens of the prompts: :func:`tokens_fingerprint`.
    """
    content = [sorted(tokenizer.get_vocab().items()), tokenizer.all_special_ids]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def tokens_fingerprint(tokens: Mapping[str, Sequence[int]]) -> str:
    """Return sixteen hex digits over the token ids of prompts by their id, whatever the prompts' order.

    Two runs with equal fingerprints were asked with the same tokens: the same texts through the same chat template
    and tokenizer.

    >>> tokens_fingerprint({"a": [1, 2], "b": [3]}) == tokens_fingerprint({"b": [3], "a": [1, 2]})
    True
    >>> tokens_fingerprint({"a": [1, 2]}) == tokens_fingerprint({"a": [1, 2, 2]})
    False
    """
    digest = hashlib.sha256()
    for identity in sorted(tokens):
        digest.update(f"{identity!r} {list(tokens[identity])}\n".encode())
    return digest.hexdigest()[:16]
