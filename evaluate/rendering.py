"""How a prompt becomes tokens: the chat template when the tokenizer has one, a plain layout when not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from ..bounded import ProgramError, ProgramRefusal
from ..chat_template import apply_template
from ..rewards.text import Message, Text
from .template_arguments import NONE, Template
from .types import EvaluationError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


SPARE = 4
"""Tokens that a tokenizer may add to a text: marks of its beginning and end, a prefix."""


SystemRole: TypeAlias = Literal["moved", "left out"]
"""What becomes of a system message that a chat template refuses, or drops without a word.

"moved": its text is put before the first question. "left out": the tokenizer lacks characters of it.
"""


class Rendered(NamedTuple):
    """A prompt as the ``string`` that the model is asked with, and as a trainer must be given it to ask the same.

    A trainer applies the chat template by itself: ``asked`` are messages where there is a template, without a system
    message where it shows none, and the string where there is none. ``system`` is None where nothing was changed.
    """

    string: str
    asked: Text
    system: SystemRole | None = None


def rendered(tokenizer: PreTrainedTokenizerBase, text: Text, template: Template = NONE) -> Rendered:
    """Render a prompt: messages by the tokenizer's chat template with the generation prompt.

    ``template`` holds further arguments of the chat template. A last message of the assistant's is its answer's
    :func:`prefill`, which stands behind the generation prompt as it is. Without a chat template the messages' contents
    are joined by blank lines. A string is left as it is.
    """
    if isinstance(text, str) or tokenizer.chat_template is None:
        string = plain(text)
        return Rendered(string, string)
    begun = prefill(text)
    if begun:
        string = rendered(tokenizer, text[:-1], template).string + begun
        return Rendered(string, string)
    return _templated(tokenizer, list(text), template)


def render(tokenizer: PreTrainedTokenizerBase, text: Text, template: Template = NONE) -> str:
    """Return the string that the model is asked with; see :func:`rendered`."""
    return rendered(tokenizer, text, template).string


def prefill(text: Text) -> str:
    """Return how the answer begins by the prompt's own words: what a message of the assistant's behind others says.

    >>> prefill([{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>"}]), prefill("2+2?")
    ('<think>', '')
    """
    if isinstance(text, str) or len(text) < 2 or text[-1]["role"] != "assistant":
        return ""
    return str(text[-1]["content"])


def _templated(tokenizer: PreTrainedTokenizerBase, messages: list[Message], template: Template) -> Rendered:
    def apply(chosen: list[Message]) -> str:
        return apply_template(tokenizer, chosen, **{**template, "add_generation_prompt": True})

    merged = without_system(messages)
    try:
        try:
            asked, string = messages, apply(messages)
            if merged == messages or _shows_first(string, messages):
                return Rendered(string, messages)
        except ProgramRefusal:
            if merged == messages:
                raise
            asked = messages[1:]
        if _spells(tokenizer, messages[0]["content"]):
            return Rendered(apply(merged), merged, "moved")
        return Rendered(apply(asked), asked, "left out")
    except ProgramRefusal as error:
        raise EvaluationError(f"the model's chat template refuses the prompt: {error}") from None
    except ProgramError as error:
        raise EvaluationError(f"the model's chat template {error}.") from None


def _shows_first(string: str, messages: list[Message]) -> bool:
    """Return whether the first message's text is in the prompt, other than as a part of the other messages."""
    text = messages[0]["content"].strip()
    elsewhere: int = sum(message["content"].count(text) for message in messages[1:])
    return string.count(text) > elsewhere


def _spells(tokenizer: PreTrainedTokenizerBase, text: str) -> bool:
    """Return whether a tokenizer has tokens for all of a text. Those that work on bytes have."""
    ids: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return tokenizer.unk_token_id not in ids


def without_system(messages: list[Message]) -> list[Message]:
    r"""Return messages with a leading system message put before the first question, where there is one.

    >>> without_system([{"role": "system", "content": "Add."}, {"role": "user", "content": "2+2?"}])
    [{'role': 'user', 'content': 'Add.\n\n2+2?'}]
    """
    questions = [place for place, message in enumerate(messages) if message["role"] == "user"]
    if not questions or messages[0]["role"] != "system":
        return messages
    first = messages[questions[0]]
    asked = {**first, "content": f"{messages[0]['content']}\n\n{first['content']}"}
    return [*messages[1 : questions[0]], asked, *messages[questions[0] + 1 :]]


def plain(text: Text) -> str:
    r"""Return messages as plain text, for models without a chat template.

    >>> plain([{"role": "system", "content": "Add."}, {"role": "user", "content": "2+2?"}])
    'Add.\n\n2+2?\n\n'
    """
    if isinstance(text, str):
        return text
    begun = prefill(text)
    return "".join(f"{message['content']}\n\n" for message in (text[:-1] if begun else text)) + begun


def encode(tokenizer: PreTrainedTokenizerBase, text: Text, template: Template = NONE) -> list[int]:
    """Return the prompt's token ids: one BOS at most, although many templates write their own, and no EOS."""
    return encode_as(tokenizer, text, render(tokenizer, text, template))


def encode_as(tokenizer: PreTrainedTokenizerBase, text: Text, string: str) -> list[int]:
    """Return the token ids of a prompt that was rendered as ``string``; see :func:`encode`."""
    templated = not isinstance(text, str) and tokenizer.chat_template is not None
    has_bos = bool(tokenizer.bos_token) and string.startswith(tokenizer.bos_token)
    if templated or has_bos:
        return list(tokenizer(string, add_special_tokens=False, verbose=False)["input_ids"])
    ids = list(tokenizer(string, verbose=False)["input_ids"])
    return ids[:-1] if len(ids) > 1 and ids[-1] == tokenizer.eos_token_id else ids


def fits(tokenizer: PreTrainedTokenizerBase, text: Text, string: str, longest: int) -> bool:
    """Return whether a prompt, rendered as ``string``, has at most ``longest`` tokens.

    Tokens are counted only where it matters: a text in ASCII has no more of them than characters, and a few.
    """
    return (string.isascii() and len(string) + SPARE <= longest) or len(encode_as(tokenizer, text, string)) <= longest


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
