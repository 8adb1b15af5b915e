"""Local tables, row by row: JSONL, CSV and Parquet."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...files import read_lines
from ..types import EvaluationError

Rows = Iterator[Mapping[str, Any]]

UNPACKED_RATIO, LEAST_LIMIT = 1000, 2**28
"""A Parquet file may unpack to so many times its size, and to so many bytes in any case."""

PARQUET_ROWS = 256
"""Rows unpacked at once: few, so that the limit is seen before the memory is full."""


def read_table(path: Path) -> Rows:
    """Yield the rows of a local JSONL, CSV or Parquet file, told apart by the file's ending.

    Raises :class:`EvaluationError` or :class:`~grpokit.files.FileError` for a file that is missing, of another
    kind, or broken (with the line).
    """
    readers: dict[str, Callable[[Path], Rows]] = {
        ".jsonl": _read_jsonl,
        ".json": _read_jsonl,
        ".csv": _read_csv,
        ".parquet": _read_parquet,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise EvaluationError(f"{path}: unknown kind of file {path.suffix!r}; give .jsonl, .csv or .parquet.")
    if not path.is_file():
        raise EvaluationError(f"no file {path}.")
    return reader(path)


def _read_jsonl(path: Path) -> Rows:
    return (line.value for line in read_lines(path))


def _read_csv(path: Path) -> Rows:
    csv.field_size_limit(sys.maxsize)  # for the whole process, whose 128 KiB are shorter than some completions
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, strict=True)  # or a quote that never closes would take all that follows
            line = 0
            try:
                _check_header(reader.fieldnames, path)
                line = reader.line_num
                for row in reader:
                    line = reader.line_num
                    if None in row or None in row.values():  # a comma out of place; DictReader says nothing
                        raise EvaluationError(
                            f"{path}, line {line}: the row has more or fewer fields than the header line."
                        )
                    yield row
            except csv.Error as error:
                raise EvaluationError(f"{path}, line {line + 1}: here a row begins that is no CSV ({error}).") from None
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not in UTF-8 ({error.reason} at byte {error.start}).") from None
    except OSError as error:
        raise EvaluationError(f"cannot read {path}: {error}.") from None


def _check_header(names: Sequence[str] | None, path: Path) -> None:
    """Of two columns with one name DictReader would keep the last."""
    if names is None:
        raise EvaluationError(f"{path} is empty; give a CSV file with a header line.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise EvaluationError(f"{path}: the header line names the column {twice!r} twice; rename one of the two.")


def _read_parquet(path: Path) -> Rows:
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
        groups = range(file.metadata.num_row_groups)
        _check_unpacked(path, sum(file.metadata.row_group(group).total_byte_size for group in groups))
        unpacked = 0  # a text that repeats is stored once, so the rows may hold far more than the file says
        for batch in file.iter_batches(batch_size=PARQUET_ROWS):
            unpacked += batch.nbytes
            _check_unpacked(path, unpacked)
            yield from batch.to_pylist()
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise EvaluationError(f"{path} is not a readable Parquet file ({str(error).splitlines()[0]}).") from None


def _check_unpacked(path: Path, size: int) -> None:
    """Refuse a file that is made to fill the memory: more than all but the smallest files unpack to."""
    if size > max(LEAST_LIMIT, UNPACKED_RATIO * path.stat().st_size):
        raise EvaluationError(
            f"{path} unpacks to {size / 1e6:,.0f} MB, more than {UNPACKED_RATIO} times its size; that is no table of "
            "prompts. If it is, write it as JSONL."
        )
