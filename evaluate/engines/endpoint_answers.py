"""The table of answers: what each kind of reply of an OpenAI-compatible server means for the row that was asked.

====================================  =============================================================================
200 with text                         the row's completion
200 without usable text               asked again: no JSON, no choice, no text, an ``error``, a body beyond the limit
200 or 400 of a content filter        the row is refused, at once
400, 413, 422                         the row is refused where the server answers others, else the run ends
408, 409, 425, 429, 5xx               asked again, after what ``Retry-After`` says
401, 403, 404, redirects, all others  the run ends
====================================  =============================================================================
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from ...files import parse_json
from ...rewards.text import Text
from ..redaction import without_secrets
from ..types import FinishReason

TRY_AGAIN = (408, 409, 425, 429)
RATE_LIMIT = 429
OF_THE_REQUEST = (400, 413, 422)
CONTENT_FILTERS = ("content_filter", "content_policy_violation", "responsibleaipolicyviolation")
EXCERPT = 200


class Reply(NamedTuple):
    """A server's whole reply; ``headers`` by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """A completion; ``finish_reason`` and ``tokens`` are None where the server does not say."""

    text: Text
    finish_reason: FinishReason | None
    tokens: int | None


class Retry(NamedTuple):
    """Worth another try, after ``wait_s`` seconds where the server says so; ``limited`` by how much is asked."""

    reason: str
    wait_s: float | None = None
    limited: bool = False


class Refusal(NamedTuple):
    """This row gets no answer, others do."""

    reason: str


class BadRequest(NamedTuple):
    """Something in the request is not accepted: in this row alone, or in all of them."""

    reason: str


class Denial(NamedTuple):
    """No request will be answered."""

    reason: str


Outcome = Answer | Retry | Refusal | BadRequest | Denial


def read_reply(reply: Reply, *, stop: bool) -> Outcome:
    """Return what a reply means; ``stop``: the request had stop strings.

    >>> read_reply(Reply(200, {}, b'{"choices": [{"text": "4", "finish_reason": "stop"}]}'), stop=False)
    Answer(text='4', finish_reason='eos', tokens=None)
    >>> read_reply(Reply(503, {"retry-after": "2"}, b"busy"), stop=False)
    Retry(reason='status 503: busy', wait_s=2.0, limited=False)
    """
    value = _json(reply.body)
    if 200 <= reply.status < 300:
        return _read_completion(value, reply, stop)
    said = f"status {reply.status}: {_excerpt(reply, value)}"
    if reply.status >= 500 or reply.status in TRY_AGAIN:
        return Retry(said, _retry_after(reply.headers), reply.status == RATE_LIMIT)
    if reply.status in OF_THE_REQUEST:
        return Refusal(said) if _is_content_filter(value) else BadRequest(said)
    if location := reply.headers.get("location"):
        return Denial(f"status {reply.status}: redirected to {_one_line(without_secrets(location))}")
    return Denial(said)


def _read_completion(value: Any, reply: Reply, stop: bool) -> Outcome:
    choices = value.get("choices") if isinstance(value, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    if choice.get("finish_reason") == "content_filter":
        return Refusal("a content filter stopped the completion")
    message = choice.get("message")
    text = choice.get("text") if message is None else _message_text(message)
    if isinstance(text, str | list):
        return Answer(text, _finish_reason(choice.get("finish_reason"), stop), _tokens(value.get("usage")))
    if isinstance(message, dict) and isinstance(message.get("refusal"), str) and message["refusal"]:
        return Refusal(f"the model refused: {_one_line(message['refusal'])}")
    return Retry(f"status {reply.status} without text: {_excerpt(reply, value)}")


def _message_text(message: Any) -> Text | None:
    """Return the message's content, with the reasoning that some servers send apart from it; None for no text."""
    if not isinstance(message, dict):
        return None
    content = message.get("content")
    if isinstance(content, list):  # of parts
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        texts = [text for text in parts if isinstance(text, str)]
        content = "".join(texts) if texts else None
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(reasoning, str) and reasoning and (content is None or isinstance(content, str)):
        return [{"role": "assistant", "reasoning_content": reasoning, "content": content or ""}]
    return content if isinstance(content, str) else None


def _finish_reason(said: object, stop: bool) -> FinishReason | None:
    """Servers say "stop" for an end token and a stop string alike."""
    if said == "length":
        return "length"
    if said == "stop":
        return "stop" if stop else "eos"
    return None


def _tokens(usage: object) -> int | None:
    count = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None


def _is_content_filter(value: Any) -> bool:
    """True where the error's own codes say so; its message may quote the prompt."""
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return False
    inner = error.get("innererror")
    codes = [error.get("code"), error.get("type"), inner.get("code") if isinstance(inner, dict) else None]
    return any(isinstance(code, str) and code.lower() in CONTENT_FILTERS for code in codes)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait by ``Retry-After`` (seconds or a date, RFC 9110 10.2.3), None where it says none."""
    said = headers.get("retry-after", "")
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(said).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return None if math.isnan(seconds) else max(seconds, 0.0)


def _json(body: bytes) -> Any:
    try:
        return parse_json(body)
    except (ValueError, RecursionError):
        return None


def _excerpt(reply: Reply, value: Any) -> str:
    """Return the error that the reply names, else how its body begins, in one line."""
    error = value.get("error") if isinstance(value, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    if not isinstance(message, str):
        message = reply.body[: 4 * EXCERPT].decode(errors="replace")
    return _one_line(message) or "an empty body"


def _one_line(text: str) -> str:
    shown = "".join(character if character.isprintable() else " " for character in text[: 4 * EXCERPT])
    return " ".join(shown.split())[:EXCERPT]
