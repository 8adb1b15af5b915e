"""OpenAssistant's exports hold a conversation tree per line; its hub data set, and so the card, a message per row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .tables import Rows


def flattened(rows: Iterable[Mapping[str, Any]]) -> Rows:
    """Yield each message of a conversation tree as a row of its own; rows that are no trees stay as they are.

    A message has its tree's ``message_tree_id`` and ``tree_state``; that of a first question has no ``parent_id``.

    >>> reply = {"message_id": "b", "parent_id": "a", "text": "4", "replies": []}
    >>> tree = {"message_tree_id": "a", "prompt": {"message_id": "a", "text": "2+2?", "replies": [reply]}}
    >>> [(row["message_id"], row["parent_id"], row["text"]) for row in flattened([tree])]
    [('a', None, '2+2?'), ('b', 'a', '4')]
    """
    for row in rows:
        prompt = row.get("prompt")
        if "message_tree_id" in row and isinstance(prompt, Mapping) and "message_id" in prompt:
            shared = {name: value for name, value in row.items() if name != "prompt"}
            yield from _messages(prompt, shared)
        else:
            yield row


def _messages(first: Mapping[str, Any], shared: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the messages depth first, without recursion: trees are as deep as people have talked."""
    waiting = [first]
    while waiting:
        message = waiting.pop()
        own = {name: value for name, value in message.items() if name != "replies"}
        yield {"parent_id": None, **shared, **own}
        waiting += reversed(message.get("replies") or [])
