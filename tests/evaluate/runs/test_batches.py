"""How many rows were generated at once is kept beside the run, change by change."""

from pathlib import Path

from grpokit.evaluate.runs.batches import Batches, BatchRecord, read_batches


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
