"""The four tags of a reasoning block and an answer block, found in one completion in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from ..layout import Layout
from ..reward import Batch, Span
from ..text import Completion, RewardError, Text

_RENDERED = "think"
"""The tag in which the normaliser renders a message's separate reasoning."""


@dataclass(frozen=True)
class Tags:
    """The tags of one completion's two blocks; ``prefilled``: the prompt already opened the reasoning block."""

    reasoning: str
    answer: str
    prefilled: bool

    @property
    def expected(self) -> tuple[str, str, str, str]:
        """The four tags in their right order."""
        return f"<{self.reasoning}>", f"</{self.reasoning}>", f"<{self.answer}>", f"</{self.answer}>"


class Block(NamedTuple):
    """A block: its content is ``start`` to ``end``; ``after`` is the first character behind its closing tag."""

    start: int
    end: int
    after: int


class TagCall(NamedTuple):
    """One completion with the tags that are expected in it."""

    completion: Completion
    tags: Tags


def check_prefilled(reward: str, value: object) -> None:
    """Raise :class:`RewardError` unless ``value`` says whether the prompt opens the block, or leaves it open (None).

    >>> check_prefilled("xml_format", "yes")
    Traceback (most recent call last):
    grpokit.rewards.text.RewardError: xml_format: think_prefilled='yes'; write True, False, or None (per completion).
    """
    if value not in (True, False, None):
        raise RewardError(f"{reward}: think_prefilled={value!r}; write True, False, or None (per completion).")


def tag_calls(batch: Batch, layout: Layout, prefilled: bool | None) -> Iterator[TagCall]:
    """Yield each completion with its tags.

    A message's separate reasoning counts as the block, whatever the tag's name. Else ``prefilled`` decides
    where it is given; else a string prompt does, by ending with the opening tag; else the text does, by
    closing a block that it never opens.
    """
    opening, closing = f"<{layout.reasoning_tag}>", f"</{layout.reasoning_tag}>"
    for index, completion in enumerate(batch.read(layout)):
        if _separate_reasoning(batch.raw[index]):
            yield TagCall(completion, Tags(_RENDERED, layout.answer_tag, False))
            continue
        prompt = batch.prompts[index] if batch.prompts is not None else None
        if prefilled is not None:
            inside = prefilled
        elif isinstance(prompt, str):
            inside = prompt.rstrip().endswith(opening)
        else:
            inside = opening not in completion.text and closing in completion.text
        yield TagCall(completion, Tags(layout.reasoning_tag, layout.answer_tag, inside))


def _separate_reasoning(raw: Text) -> bool:
    if isinstance(raw, str):
        return False
    for message in reversed(raw):
        if message.get("role", "assistant") == "assistant":
            return bool(message.get("reasoning_content") or message.get("reasoning"))
    return False


@cache
def _lookalike(reasoning: str, answer: str) -> re.Pattern[str]:
    names = f"{re.escape(reasoning)}|{re.escape(answer)}"
    # Possessive, and stopped by the next "<": no text makes it read a character twice.
    return re.compile(rf"</?(?:{names})(?:\s[^<>]*+)?/?>", re.IGNORECASE)


def lookalikes(text: str, tags: Tags) -> list[Span]:
    """Return every tag of the two names, also with attributes, self-closed or in capitals, in order.

    >>> [tuple(span) for span in lookalikes("<Think>a</think><answer id='1'>", Tags("think", "answer", False))]
    [(0, 7), (8, 16), (16, 31)]
    """
    return [Span(*match.span()) for match in _lookalike(tags.reasoning, tags.answer).finditer(text)]


def find_block(text: str, opening: str, closing: str, start: int) -> Block | None:
    """Return the first block from ``start`` on, up to the first closing tag behind its opening one."""
    at = text.find(opening, start)
    end = text.find(closing, at + len(opening)) if at >= 0 else -1
    return None if end < 0 else Block(at + len(opening), end, end + len(closing))


def is_blank(text: str) -> bool:
    """Return whether there is nothing to see: white space, control and zero-width characters alone.

    >>> is_blank(" \\n\u200b"), is_blank(" . ")
    (True, False)
    """
    return not any(sign.isprintable() and not sign.isspace() for sign in text)


def trimmed(text: str, start: int, end: int) -> Span:
    """Return the span without white space at its ends; empty when there is nothing else.

    >>> trimmed(" 18 ", 0, 4)
    Span(start=1, end=3)
    """
    inner = text[start:end]
    left = len(inner) - len(inner.lstrip())
    return Span(start + left, max(start + left, start + len(inner.rstrip())))
