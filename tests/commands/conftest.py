"""The stored answers that the tests of several commands read."""

import json
from pathlib import Path

import pytest
from grpokit.tests.commands.answers import ROWS


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path
