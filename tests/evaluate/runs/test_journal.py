"""The journal survives a kill at any byte, and never takes another run's rows for its own."""

from pathlib import Path

import pytest
from grpokit.evaluate.runs.journal import Journal, finished, settle
from grpokit.evaluate.types import EvaluationError, Prompt, Request, Row
from grpokit.files import dump_line

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


PLAN = [REQUESTS[place] for place in (4, 5, 0, 1, 2, 3)]
"""The same requests in an engine's order: a prompt's samples are next to each other."""


def _lines(requests: list[Request]) -> bytes:
    """Rows of different lengths, as they are on disk."""
    rows = [
        Row(request.prompt.id, request.sample, "ä" * int(request.prompt.id), "eos", 2, [5], "model", "w")
        for request in requests
    ]
    return "".join(dump_line(row._asdict()) for row in rows).encode()


@pytest.mark.parametrize(
    ("held", "settled"),
    [
        (PLAN, REQUESTS),  # finished, in the engine's order
        (REQUESTS, REQUESTS),  # settled before
        (PLAN[:5], PLAN[:5]),  # not finished
        ([*PLAN[:2], *PLAN[4:], *PLAN[2:4]], [*PLAN[:2], *PLAN[4:], *PLAN[2:4]]),  # of neither order: another run's
    ],
)
def test_a_finished_journal_is_brought_into_the_wanted_order(
    tmp_path: Path, held: list[Request], settled: list[Request]
) -> None:
    path = tmp_path / "completions.jsonl"
    path.write_bytes(_lines(held))
    settle(path, PLAN, REQUESTS, "w")
    assert path.read_bytes() == _lines(settled)


def test_there_is_nothing_to_settle_before_the_first_row(tmp_path: Path) -> None:
    settle(tmp_path / "completions.jsonl", PLAN, REQUESTS, "w")
    assert list(tmp_path.iterdir()) == []


def test_rows_of_other_weights_are_not_settled(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    path.write_bytes(_lines(PLAN))
    settle(path, PLAN, REQUESTS, "other weights")
    assert path.read_bytes() == _lines(PLAN)
