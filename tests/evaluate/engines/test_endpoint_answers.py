"""The table of answers: what each status, header and code means."""

import json
import math
import time
from email.utils import formatdate
from typing import Any

import pytest
from grpokit.evaluate.engines.endpoint_answers import Answer, BadRequest, Denial, Refusal, Reply, Retry, read_reply

TEXT = b'{"choices": [{"text": "4", "finish_reason": "stop"}]}'


def read(status: int, body: bytes = b"", **headers: str) -> Any:
    return read_reply(
        Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body), stop=False
    )


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ((200, 201), Answer),
        (
            (408, 409, 425, 429, 500, 501, 502, 503, 504, 529),
            Retry,
        ),  # not now
        ((400, 413, 422), BadRequest),  # not so: too long, of values that the server does not take
        ((301, 302, 303, 307, 308, 401, 402, 403, 404, 405, 410, 451), Denial),  # not here, not you
    ],
)
def test_each_status_has_its_meaning(statuses: tuple[int, ...], kind: type) -> None:
    assert [type(read(status, TEXT)) for status in statuses] == [kind] * len(statuses)


def test_only_429_is_a_limit() -> None:
    assert [read(status).limited for status in (408, 429, 503)] == [False, True, False]


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("7", 7, 7),
        ("0.25", 0.25, 0.25),
        ("-3", 0, 0),
        ("9" * 400, math.inf, math.inf),
        ("nan", None, None),
        ("soon", None, None),
        ("Wed, 99 Foo 2026", None, None),
    ],
)
def test_how_long_to_wait(said: str, least: float | None, most: float | None) -> None:
    wait = read(503, retry_after=said).wait_s
    assert wait is None if least is None else least <= wait <= most


@pytest.mark.parametrize(("from_now", "least", "most"), [(1000, 900, 1000), (-1000, 0, 0)])
def test_a_date_says_how_long_to_wait(from_now: int, least: float, most: float) -> None:
    wait = read(503, retry_after=formatdate(time.time() + from_now, usegmt=True)).wait_s
    assert wait is not None
    assert least <= wait <= most


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "content_filter"}, Refusal),  # Azure
        ({"code": "content_policy_violation"}, Refusal),  # OpenAI
        ({"type": "content_filter"}, Refusal),
        ({"code": "bad", "innererror": {"code": "ResponsibleAIPolicyViolation"}}, Refusal),
        ({"code": "bad", "innererror": "ResponsibleAIPolicyViolation"}, BadRequest),
        ({"code": 400, "message": "the prompt 'content_filter' is too long"}, BadRequest),  # it quotes the prompt
        ("content_filter", BadRequest),
    ],
)
def test_a_content_filter_is_known_by_its_codes(error: object, kind: type) -> None:
    assert isinstance(read(400, json.dumps({"error": error}).encode()), kind)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "too\\n long\\u001b[31m"}}', "status 400: too long [31m"),
        (b'{"error": "too long"}', "status 400: too long"),
        (b'{"detail": "too long"}', 'status 400: {"detail": "too long"}'),
        (b"\xff\x00plain", "status 400: \N{REPLACEMENT CHARACTER} plain"),
        (b"", "status 400: an empty body"),
        (b"x" * 10_000, "status 400: " + "x" * 200),
    ],
)
def test_the_reason_is_one_short_line(body: bytes, said: str) -> None:
    assert read(400, body).reason == said
