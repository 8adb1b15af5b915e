"""The journal survives a kill at any byte, and never takes another run's rows for its own."""

from pathlib import Path

import pytest
from grpokit.evaluate.runs.journal import Journal, finished
from grpokit.evaluate.types import EvaluationError, Prompt, Request, Row

REQUESTS = [Request(Prompt(str(index), "question", {}), sample) for index in range(3) for sample in range(2)]


def rows(weights: str = "w") -> list[Row]:
    return [
        Row(request.prompt.id, request.sample, "täxt\n", "eos", 2, [5, 1], "model", weights) for request in REQUESTS
    ]


def write(path: Path, count: int) -> bytes:
    with Journal(path) as journal:
        journal.append(rows()[:count])
    return path.read_bytes()


def test_no_journal_means_nothing_is_done(tmp_path: Path) -> None:
    assert finished(tmp_path / "completions.jsonl", REQUESTS, "w") == 0


def test_field_3_a_crash_at_any_byte_loses_at_most_the_torn_row(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    whole = write(path, 3)
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        done = finished(path, REQUESTS, "w")
        assert done == whole[:cut].count(b"\n")
        with Journal(path) as journal:
            journal.append(rows()[done:3])
        assert path.read_bytes() == whole


def test_a_torn_line_longer_than_a_read_block_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    whole = write(path, 1)
    path.write_bytes(whole + b'{"text": "' + b"x" * 200_000)
    assert finished(path, REQUESTS, "w") == 1
    assert path.read_bytes() == whole


def test_field_2_rows_of_other_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    write(path, 2)
    with pytest.raises(EvaluationError, match="line 1: not the row this run would have written"):
        finished(path, REQUESTS, "other weights")


def test_rows_of_another_order_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    write(path, 2)
    with pytest.raises(EvaluationError, match="another run's"):
        finished(path, REQUESTS[::-1], "w")


def test_a_row_too_many_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    write(path, 6)
    with pytest.raises(EvaluationError, match="line 6"):
        finished(path, REQUESTS[:5], "w")
