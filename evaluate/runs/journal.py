"""The journal of a run: rows appended and flushed batch by batch, picked up again after a kill at any instant.

Beside it, ``batches.jsonl`` has a line whenever the number of rows per batch changes. The first line of a process is
what it began with; a larger number later is where there was room and use for more, a smaller one where memory ran out
or more took longer (or the last rows, when fewer were left). Rows do not depend on it in float32; in half precision
they may.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

from ...files import FileError, dump_line, raw_lines, read_lines, replacing, sync_folder, unfollowed
from ..types import EvaluationError, Prompt, Request, Row
from .lines import row_key

BATCHES = "batches.jsonl"


class Journal:
    """Appends rows to ``completions.jsonl``. Opened on a torn file, it drops the torn last line first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> Journal:
        try:
            self._file = open(self.path, "ab", opener=unfollowed)
            sync_folder(self.path.parent)
        except OSError as error:
            raise FileError(f"cannot write {self.path}: {error.strerror}.") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            try:
                self._file.close()
            except OSError as failure:  # what could not be written is tried again here
                if error is None:
                    raise self._unwritable(failure) from None

    def append(self, rows: Sequence[Row]) -> None:
        """Write the rows of a finished batch; they are on the disk when it returns."""
        assert self._file is not None, "a journal is used in a with statement"
        try:
            self._file.write("".join(dump_line(row.to_json()) for row in rows).encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> FileError:
        return FileError(f"cannot write {self.path}: {error.strerror}. Finished rows are kept; use --resume.")


def owed(path: Path, requests: Sequence[Request], weights: str) -> list[Request]:
    """Return those of ``requests`` that the journal at ``path`` does not answer yet, after dropping a torn last line.

    Raises :class:`EvaluationError` when the journal holds rows of other weights, that were not asked for, or twice.
    """
    waiting: dict[tuple[object, object], Request] = {(one.prompt.id, one.sample): one for one in requests}
    if not path.exists():
        return list(requests)
    _drop_torn_line(path)
    if path.stat().st_size == 0:
        return list(requests)
    for line in read_lines(path):
        row = line.value
        try:
            request = waiting.pop((row.get("prompt_id"), row.get("sample")), None)
        except TypeError:  # a list or an object, which no id is
            request = None
        if request is None or row.get("weights") != weights:
            raise EvaluationError(
                f"{path}, line {line.number}: not a row that this run owes; it is another run's, or there twice. "
                "Give another --out."
            )
    return list(waiting.values())


def settle(path: Path, prompts: Iterable[Prompt]) -> None:
    """Bring the rows of a journal into the order of ``prompts`` and their samples; leave one that is in it as it is.

    Only the places of the rows are held in memory. Rows that are none of a run are left to those who read them.
    """
    order = {prompt.id: place for place, prompt in enumerate(prompts)}
    keys, lines, starts = array("q"), array("q"), array("q", [0])
    try:
        for raw in raw_lines(path):
            key = row_key(path, raw)
            keys.append(order[key.prompt_id] * 2**32 + key.sample)
            lines.append(raw.number - 1)
    except (KeyError, EvaluationError):
        return
    if all(key <= following for key, following in pairwise(keys)):
        return
    settled = sorted(range(len(keys)), key=keys.__getitem__)
    with path.open("rb") as journal, replacing(path) as target:
        for text in journal:
            starts.append(starts[-1] + len(text))
        for place in settled:
            journal.seek(starts[lines[place]])
            target.write(journal.readline())


def _drop_torn_line(path: Path) -> None:
    """Cut the file after its last line end: what follows was being written when the process died."""
    try:
        with open(path, "rb+", opener=unfollowed) as handle:
            position, kept = handle.seek(0, 2), 0
            while position > 0 and not kept:
                start = max(0, position - 65536)
                handle.seek(start)
                last = handle.read(position - start).rfind(b"\n")
                kept = start + last + 1 if last >= 0 else 0
                position = start
            handle.truncate(kept)
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror}.") from None


class Batches(NamedTuple):
    """From the ``row``-th row that it generated (from 0), process ``process`` generated ``rows`` rows at once."""

    process: int
    row: int
    rows: int


class BatchRecord:
    """Writes the changes of the number of rows per batch; processes that share a run append to one file."""

    def __init__(self, folder: Path, process: int, row: int) -> None:
        self._path = folder / BATCHES
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
            with open(self._path, "a", encoding="utf-8", opener=unfollowed) as handle:
                handle.write(dump_line(change._asdict()))
        except OSError as error:
            raise FileError(f"cannot write {self._path}: {error.strerror}.") from None


def read_batches(folder: Path) -> Iterator[Batches]:
    """Yield how many rows were generated at once, change by change; nothing for completions from elsewhere."""
    if (folder / BATCHES).exists():
        for line in read_lines(folder / BATCHES):
            yield Batches(**line.value)
