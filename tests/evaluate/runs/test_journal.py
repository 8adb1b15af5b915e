"""The journal survives a kill at any byte and never takes another run's rows for its own; batches are noted."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from grpokit.evaluate.runs.journal import Batches, BatchRecord, Journal, owed, read_batches, settle
from grpokit.evaluate.types import EvaluationError, Prompt, Request, Row
from grpokit.files import FileError, dump_line

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
    assert owed(tmp_path / "completions.jsonl", REQUESTS, "w") == REQUESTS


def test_field_3_a_crash_at_any_byte_loses_at_most_the_torn_row(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    whole = write(path, 3)
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        left = owed(path, REQUESTS, "w")
        done = whole[:cut].count(b"\n")
        assert left == REQUESTS[done:]
        with Journal(path) as journal:
            journal.append(rows()[done:3])
        assert path.read_bytes() == whole


def test_finished_rows_are_in_the_file_before_the_journal_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    with Journal(path) as journal:
        journal.append(rows()[:2])
        assert path.read_bytes().count(b"\n") == 2


def test_a_torn_line_longer_than_a_read_block_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    whole = write(path, 1)
    path.write_bytes(whole + b'{"text": "' + b"x" * 200_000)
    assert owed(path, REQUESTS, "w") == REQUESTS[1:]
    assert path.read_bytes() == whole


def test_field_2_rows_of_other_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    write(path, 2)
    with pytest.raises(EvaluationError, match="line 1: not a row that this run owes"):
        owed(path, REQUESTS, "other weights")


@pytest.mark.parametrize("place", range(6))
def test_rows_may_come_in_any_order(tmp_path: Path, place: int) -> None:
    path = tmp_path / "completions.jsonl"
    with Journal(path) as journal:
        journal.append([rows()[place], rows()[place - 1]])
    assert owed(path, REQUESTS, "w") == [one for one in REQUESTS if one not in (REQUESTS[place], REQUESTS[place - 1])]


def test_a_row_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    path.write_bytes(2 * write(path, 1))
    with pytest.raises(EvaluationError, match=r"line 2: .* there twice"):
        owed(path, REQUESTS, "w")


@pytest.mark.parametrize(
    "row", [{}, {"prompt_id": ["0"], "sample": 0}, {"prompt_id": "0", "sample": {}, "weights": "w"}]
)
def test_what_is_no_row_is_refused(tmp_path: Path, row: dict[str, object]) -> None:
    path = tmp_path / "completions.jsonl"
    path.write_text(dump_line(row))
    with pytest.raises(EvaluationError, match="line 1"):
        owed(path, REQUESTS, "w")


def test_a_row_too_many_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    write(path, 6)
    with pytest.raises(EvaluationError, match="line 6"):
        owed(path, REQUESTS[:5], "w")


PROMPTS = list(dict.fromkeys(request.prompt.id for request in REQUESTS))


def _lines(places: Sequence[int]) -> bytes:
    """Rows of different lengths, as they are on disk."""
    texts = [row._replace(text="ä" * place) for place, row in enumerate(rows())]
    return "".join(dump_line(texts[place]._asdict()) for place in places).encode()


@pytest.mark.parametrize(
    ("held", "settled"),
    [
        ((4, 5, 0, 1, 2, 3), (0, 1, 2, 3, 4, 5)),  # by prompts, as an engine plans
        ((5, 0, 3, 1, 4, 2), (0, 1, 2, 3, 4, 5)),  # as a server answers
        ((0, 1, 2, 3, 4, 5), (0, 1, 2, 3, 4, 5)),
        ((5, 0, 4), (0, 4, 5)),  # not finished
        ((3,), (3,)),
    ],
)
def test_a_journal_is_brought_into_the_order_of_its_prompts(
    tmp_path: Path, held: Sequence[int], settled: Sequence[int]
) -> None:
    path = tmp_path / "completions.jsonl"
    path.write_bytes(_lines(held))
    node = path.stat().st_ino
    settle(path, [Prompt(id, "question", {}) for id in PROMPTS])
    assert path.read_bytes() == _lines(settled)
    assert (path.stat().st_ino == node) == (held == settled)  # what is in order is not written again


def test_blank_lines_do_not_shift_what_is_settled(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl"
    path.write_bytes(b"\n" + _lines((4,)) + b"\n" + _lines((0, 2)))
    settle(path, [Prompt(id, "question", {}) for id in PROMPTS])
    assert path.read_bytes() == _lines((0, 2, 4))


@pytest.mark.parametrize(
    "row", [{}, {"prompt_id": "x", "sample": 0}, {"prompt_id": "0", "sample": "1"}, {"prompt_id": []}]
)
def test_what_is_no_row_is_left_where_it_is(tmp_path: Path, row: dict[str, object]) -> None:
    path = tmp_path / "completions.jsonl"
    path.write_bytes(before := _lines((5, 0)) + dump_line(row).encode())
    settle(path, [Prompt(id, "question", {}) for id in PROMPTS])
    assert path.read_bytes() == before


def test_only_changes_are_written(tmp_path: Path) -> None:
    record = BatchRecord(tmp_path, process=0, row=10)  # ten rows stood before a resume
    for rows in (8, 8, 4, 4, 4, 1):
        record.add(rows)
    assert list(read_batches(tmp_path)) == [Batches(0, 10, 8), Batches(0, 26, 4), Batches(0, 38, 1)]


def test_processes_share_the_file(tmp_path: Path) -> None:
    for process in (0, 1):
        BatchRecord(tmp_path, process, 0).add(8)
    assert list(read_batches(tmp_path)) == [Batches(0, 0, 8), Batches(1, 0, 8)]


def test_completions_from_elsewhere_have_no_batches(tmp_path: Path) -> None:
    assert list(read_batches(tmp_path)) == []


@pytest.mark.parametrize("name", ["completions.jsonl", "batches.jsonl"])
def test_a_link_in_a_run_of_others_does_not_lead_writing_out_of_it(tmp_path: Path, name: str) -> None:
    """Resuming appends to these files, and cuts the first one after its last whole line."""
    precious = tmp_path / "precious.txt"
    precious.write_text("first line\nno end")
    run = tmp_path / "run"
    run.mkdir()
    (run / name).symlink_to(precious)
    with pytest.raises(FileError, match=f"cannot write .*{name}"):
        BatchRecord(run, 0, 0).add(4) if name == "batches.jsonl" else owed(run / name, REQUESTS, "w")
    with pytest.raises(FileError, match=f"cannot write .*{name}"), Journal(run / name):
        pass
    assert precious.read_text() == "first line\nno end"
