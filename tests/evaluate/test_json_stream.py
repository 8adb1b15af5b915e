"""A document read in pieces gives what a document read whole gives, wherever the pieces end."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate import EvaluationError, json_stream
from grpokit.evaluate.json_stream import JsonStream

DOCUMENT: dict[str, Any] = {
    "number": 12345,
    "text": 'ü "quoted" \\ \n' * 3,
    "empty": {},
    "none": [],
    "rows": [{"id": index, "text": "x" * index} for index in range(20)],
    "last": -1.5e3,
}


def read_all(part: JsonStream) -> dict[str, Any]:
    return {name: part.value() for name in part.members()}


def stream(raw: bytes) -> JsonStream:
    return JsonStream(io.BytesIO(raw), Path("log.json"))


@pytest.mark.parametrize("block", [1, 3, 64, 2**20])
@pytest.mark.parametrize("indent", [None, 2])
def test_members_and_elements_in_pieces(block: int, indent: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "BLOCK", block)
    whole = stream(json.dumps(DOCUMENT, ensure_ascii=False, indent=indent).encode())
    read = {name: list(whole.elements()) if name in ("none", "rows") else whole.value() for name in whole.members()}
    assert read == DOCUMENT


@pytest.mark.parametrize("number", [b"12", b"1.5", b"1e5", b"-2E-3"])
def test_a_number_at_the_end_of_a_piece_goes_on(number: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "BLOCK", 1)
    assert stream(number).value() == json.loads(number)


def test_wherever_a_document_is_cut_off_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "BLOCK", 3)
    raw = json.dumps(DOCUMENT).encode()
    for cut in range(len(raw)):
        part = stream(raw[:cut])
        with pytest.raises(EvaluationError, match=r"log\.json is not"):
            read_all(part)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"[1]", "log.json is not whole JSON, at character 0: '{' is wanted, and '[' stands there"),
        (b'{"a" 1}', "at character 5: ':' is wanted, and '1' stands there"),
        (b'{"a": 1; ', "',' or '}' is wanted, and ';' stands there"),
        (b"{1: 2}", "here the name of a member is wanted"),
        (b'{"a": "\xff"}', "log.json is not in UTF-8"),
        (b'{"a": 1, "b": 2, "a": 1}', "at character 20: the key 'a' is given twice"),
        (b'{"a": [{"b": 1, "b": 2}]}', "at character 6: the key 'b' is given twice"),
        (b'{"a": 1} {"a": 2}', "at character 9: '{' stands behind its end"),
        (b"{} x", "at character 3: 'x' stands behind its end"),
        (b'{"a": ' + b"9" * 5000 + b"}", "Exceeds the limit (4300 digits)"),
        (b'{"a": ' + b"[" * 200_000, "at character 6: maximum recursion depth"),
    ],
)
def test_a_broken_document_is_named_with_the_place(raw: bytes, said: str) -> None:
    part = stream(raw)
    with pytest.raises(EvaluationError) as caught:
        read_all(part)
    assert said in str(caught.value)


@pytest.mark.parametrize("block", [1, 2**20])
def test_nothing_stands_behind_an_array(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "BLOCK", block)
    assert list(stream(b"[1, 2] \n\t ").elements()) == [1, 2]
    for raw in (b"[1] [2]", b"[] [2]", b"[1]\n]"):
        with pytest.raises(EvaluationError, match="stands behind its end"):
            list(stream(raw).elements())
