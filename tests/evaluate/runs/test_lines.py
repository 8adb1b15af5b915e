"""What is read off the beginning of a line is what the line says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate.runs.lines import RowKey, prompt_id, row_key
from grpokit.evaluate.types import Prompt, Row
from grpokit.files import RawLine, dump_line
from hypothesis import given
from hypothesis import strategies as st

FILE = Path("completions.jsonl")

texts = st.text(st.characters(codec=None, categories=None), max_size=12) | st.sampled_from(['"', "\\", '\\"', "\ud83d"])


def row(identity: str, sample: int) -> Row:
    return Row(identity, sample, "18", "eos", 3, None, "model", "weights")


@given(texts, st.integers(0, 2**32 - 1))
def test_keys_are_those_that_were_written(identity: str, sample: int) -> None:
    line = dump_line(row(identity, sample).to_json()).encode()
    assert row_key(FILE, RawLine(1, line, 0)) == RowKey(identity, sample)
    asked = dump_line(Prompt(identity, "2+2?", {})._asdict()).encode()
    assert prompt_id(FILE, RawLine(1, asked, 0)) == identity


def test_lines_that_others_wrote_are_parsed() -> None:
    value = row("a", 7).to_json()
    for line in (json.dumps(value, separators=(",", ":")), json.dumps(dict(reversed(value.items())))):
        assert row_key(FILE, RawLine(1, line.encode(), 0)) == RowKey("a", 7)
    assert prompt_id(FILE, RawLine(1, b'{"columns":{},"text":"2+2?","id":"a"}', 0)) == "a"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"prompt_id": "\xff", "sample": 0, "text": "18"}', "line 3: not valid JSON"),
        (b'{"prompt_id": "\\x", "sample": 0, "text": "18"}', "line 3: not valid JSON"),
        (b'{"prompt_id": 7, "sample": 0}', "line 3: not a row of a run: its keys are prompt_id, sample"),
        (b"[1]", "line 3: a JSON object is wanted"),
    ],
)
def test_faults_are_those_of_the_line(line: bytes, message: str) -> None:
    with pytest.raises(GrpokitError, match=message):
        row_key(FILE, RawLine(3, line, 0))
