"""The plan of a run as it went: a line in ``batches.jsonl`` whenever the number of rows per batch changes.

The first line of a process is what it began with; a smaller number later is where memory ran out and the batch was
halved (or the last rows, when fewer were left). Rows do not depend on it in float32; in half precision they may.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...files import FileError, dump_line, read_lines

FILE = "batches.jsonl"


class Batches(NamedTuple):
    """From the ``row``-th row that it generated (from 0), process ``process`` generated ``rows`` rows at once."""

    process: int
    row: int
    rows: int


class BatchRecord:
    """Told of every batch, writes the changes; processes that share a run append to one file."""

    def __init__(self, folder: Path, process: int, row: int) -> None:
        self._path = folder / FILE
        self._process = process
        self._row = row
        self._rows: int | None = None

    def add(self, rows: int) -> None:
        """Note a finished batch of ``rows`` rows."""
        if rows != self._rows:
            self._append(Batches(self._process, self._row, rows))
        self._row, self._rows = self._row + rows, rows

    def _append(self, change: Batches) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as handle:
                handle.write(dump_line(change._asdict()))
        except OSError as error:
            raise FileError(f"cannot write {self._path}: {error.strerror}.") from None


def read_batches(folder: Path) -> Iterator[Batches]:
    """Yield how many rows were generated at once, change by change; nothing for completions from elsewhere."""
    if (folder / FILE).exists():
        for line in read_lines(folder / FILE):
            yield Batches(**line.value)
