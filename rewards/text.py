"""What a completion is, and its one normaliser: from whatever a trainer hands over to text, reasoning and final part.

Everything here is linear in the text: fixed strings are searched, and the one pattern is anchored and possessive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import GrpokitError
from .layout import DEFAULT_LAYOUT, Layout

Message = Mapping[str, Any]
"""A chat message: ``role``, ``content`` and, for some models, ``reasoning_content`` or ``tool_calls``."""

Text = str | Sequence[Message]
"""A prompt or a completion: a plain string, or chat messages."""

EOS_MARKERS = (
    "<|im_end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|return|>",
    "<end_of_turn>",
    "<turn|>",
    "<｜end▁of▁sentence｜>",
    "</s>",
    "<eos>",
    "<pad>",
    "<|pad|>",
    "[EOS]",
)
"""Special tokens that decoding may leave at the end of a completion."""

_LAST_OF_EOS = ">] \t\r\n"
_REVERSED_TAIL = re.compile(r"(?:\s*+(?:" + "|".join(re.escape(marker[::-1]) for marker in EOS_MARKERS) + r"))++")


class RewardError(GrpokitError):
    """A reward was built or called with something it cannot use."""


class UnusableReward(RewardError):
    """A reward cannot be called at all, whatever the completions: the work ends at once."""


class NoReferenceError(RewardError):
    """A reward was called without the reference that it compares with."""


class Completion(NamedTuple):
    """A completion after normalisation: what the model wrote, and where its reasoning ends.

    ``reasoning`` is the text of the reasoning block ("" without one), ``final`` what follows it (the whole
    text without one), None when a reasoning block never closes. ``final_start`` is the offset of ``final``
    in ``text``. ``prefilled`` says that the text starts inside a block that the prompt opened.
    """

    text: str
    reasoning: str
    final: str | None
    final_start: int
    prefilled: bool


def normalise(raw: Text, prompt: Text | None = None, layout: Layout = DEFAULT_LAYOUT) -> Completion:
    r"""Return the completion's text, its reasoning and its final part.

    ``raw`` is a string or chat messages. Of messages the last assistant turn counts (a message without a role
    is the assistant's), never a tool's output; ``content`` may be a string, a list of parts of which the text
    ones are joined, or None beside tool calls; ``reasoning_content`` (or ``reasoning``) is rendered as a
    ``<think>`` block before it. End-of-sequence markers left at the end are dropped.

    ``layout`` says which tags hold reasoning. ``final`` is what follows the last closing one, None when a block opens
    after it and never closes. A text that closes a block it did not open starts inside one that the prompt opened
    (``prefilled``); so does a text whose ``prompt`` is a string that ends with an opening tag, even when it is cut
    before it closes the block.

    Raises :class:`RewardError` for anything that is no text.

    >>> normalise("<think>6*3</think>\n18<|im_end|>")
    Completion(text='<think>6*3</think>\n18', reasoning='6*3', final='\n18', final_start=18, prefilled=False)
    >>> normalise("6*3</think>18").prefilled
    True
    >>> normalise([{"role": "assistant", "reasoning_content": "6*3", "content": "18"}]).final
    '\n18'
    >>> normalise("<think>6*3, and then").final is None
    True
    >>> normalise("6*3, and then", prompt="What is 6*3? <think>\n").final is None
    True
    >>> normalise(18)
    Traceback (most recent call last):
    grpokit.rewards.text.RewardError: a completion must be a string or a list of messages; got int 18.
    """
    text = raw if isinstance(raw, str) else _assistant_text(raw)
    text = strip_eos(text)
    split = _split(text, layout) if "<" in text else None
    if split is not None:
        return split
    if isinstance(prompt, str) and prompt.rstrip().endswith(layout.openings):
        return Completion(text, text, None, len(text), True)
    return Completion(text, "", text, 0, False)


def strip_eos(text: str) -> str:
    """Return the text without the end-of-sequence markers at its end.

    >>> strip_eos("18</s> <|im_end|>")
    '18'
    """
    if text[-1:] not in _LAST_OF_EOS or not text.rstrip().endswith(EOS_MARKERS):
        return text
    tail = _REVERSED_TAIL.match(text[::-1])
    return text[: -tail.end()] if tail else text


def in_trl_form(raw: Text, prompt: Text) -> Text:
    """Return a completion as TRL hands it to a reward function: messages where its prompt is messages, else a string.

    >>> in_trl_form("18", [{"role": "user", "content": "9+9?"}])
    [{'role': 'assistant', 'content': '18'}]
    >>> in_trl_form([{"role": "assistant", "content": "18"}], "9+9?")
    '18'
    """
    if isinstance(raw, str) == isinstance(prompt, str):
        return raw
    return [{"role": "assistant", "content": raw}] if isinstance(raw, str) else _assistant_text(raw)


def _split(text: str, layout: Layout) -> Completion | None:
    """Return the parts of a text by its reasoning tags, None where it has none."""
    first = layout.reasoning_mark.search(text)
    if first is None:
        return None
    close, opened = first, None  # the last tag that closes, and the first that opens after that one
    for tag in layout.reasoning_mark.finditer(text, first.start()):
        if tag[0].startswith("</"):
            close, opened = tag, None
        else:
            opened = opened or tag
    if opened:
        return Completion(text, text[opened.end() :], None, len(text), False)
    prefilled = first[0].startswith("</")
    start = 0 if prefilled else first.end()
    return Completion(text, text[start : close.start()], text[close.end() :], close.end(), prefilled)


def _assistant_text(messages: Sequence[Message]) -> str:
    if not isinstance(messages, Sequence) or isinstance(messages, bytes):
        raise _not_text(messages)
    for message in reversed(messages):
        if not isinstance(message, Mapping):
            raise _not_text(message)
        if message.get("role", "assistant") == "assistant":
            content = _content_text(message.get("content"))
            reasoning = message.get("reasoning_content") or message.get("reasoning")
            if not reasoning:
                return content
            return f"<think>\n{_content_text(reasoning)}\n</think>\n{content}"
    return ""


def _content_text(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence) and not isinstance(content, bytes):
        return "".join(_part_text(part) for part in content)
    raise _not_text(content)


def _part_text(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        raise _not_text(part)
    if part.get("type", "text") != "text":
        return ""
    return _content_text(part.get("text"))


def _not_text(value: object) -> RewardError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return RewardError(f"a completion must be a string or a list of messages; got {type(value).__name__} {shown}.")
