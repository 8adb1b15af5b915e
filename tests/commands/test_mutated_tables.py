"""Tables that somebody edited, given to the commands that read any: one line or a right table, never a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from grpokit.commands.eval import main
from grpokit.tests.commands.test_mutated_runs import mutate

MUTATIONS = 60
"""Of the table, by every command."""

ROWS = [{"id": f"q{n}", "question": f"What is {n}+2?", "answer": str(n + 2), "kind": "ab"[n % 2]} for n in range(6)]

CARD = (
    "name: own\nsource: {file: rows.jsonl}\nid: id\nuser: '{question}'\nreference: answer\n"
    "rewards: correctness\nprimary: correctness\n"
)

COMMANDS: dict[str, Sequence[str]] = {
    "audit": ["audit", "--rewards", "correctness=1,xml_format=0.5", "--data", "rows.jsonl"],
    "show": ["tasks", "show", "own.yaml", "--rows", "2"],
    "check": ["tasks", "check", "own.yaml"],
    "check data": ["tasks", "check", "--data", "rows.jsonl", "--reference-column", "answer"],
    "prepare": ["tasks", "prepare", "own.yaml", "--where", "kind=a", "--out", "made"],
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    (inside / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (inside / "own.yaml").write_text(CARD)
    return inside


@pytest.mark.parametrize("command", COMMANDS)
def test_an_edited_table_is_read_or_refused_in_one_line(
    command: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = Random(command.encode())
    text = (place / "rows.jsonl").read_text()
    assert main([*COMMANDS[command]]) in (0, 1)
    for _ in range(MUTATIONS):
        raw = mutate(text, False, random)
        (place / "rows.jsonl").write_bytes(raw)
        shutil.rmtree(place / "made", ignore_errors=True)
        capsys.readouterr()
        status = main([*COMMANDS[command]])
        said = capsys.readouterr()
        assert status in (0, 1, 2), (status, said, raw)
        assert "\x1b" not in said.out
        if status == 2:
            assert said.err.count("\n") == 1, said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inside"]
    assert {path.name for path in place.iterdir()} <= {"rows.jsonl", "own.yaml", "made"}
