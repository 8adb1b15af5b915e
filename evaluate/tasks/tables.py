"""Local tables, row by row: JSON Lines and arrays, CSV and TSV, Parquet; compressed by gzip, or a folder of shards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import first_line
from ...files import FileError, bounded_lines, parse_json, parse_once
from ..json_stream import JsonStream
from ..types import EvaluationError
from .delimited import delimited_rows
from .rows import TableRow, opened

if TYPE_CHECKING:
    from pyarrow import DataType, RecordBatch

Rows = Iterator[Mapping[str, Any]]

UNPACKED_RATIO, LEAST_LIMIT = 1000, 2**28
"""A Parquet file may unpack to so many times its size, and to so many bytes in any case."""

PARQUET_ROWS = 256
"""Rows unpacked at once: few, so that the limit is seen before the memory is full."""

KINDS = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
"""The endings of tables; all but the last may be followed by ``.gz``."""


def read_table(path: Path) -> Rows:
    """Yield the rows of a local table, whose kind its ending says; of a folder, those of all its files by name.

    Raises :class:`EvaluationError` or :class:`~grpokit.files.FileError` for a file that is missing, of another
    kind, or broken (with the line).
    """
    return (_whole(row, file) for file in table_files(path) for row in table_rows(file))


def _whole(row: TableRow, file: Path) -> Mapping[str, Any]:
    if row.fault is not None:
        raise EvaluationError(f"{file}, {row.where}: {row.fault}.")
    return row.value


def table_files(path: Path) -> list[Path]:
    """Return the files of a table: itself, or the shards that a folder holds, which are all of one kind."""
    if not path.is_dir():
        if not path.is_file():
            raise EvaluationError(f"no file {path}.")
        _kind(path)
        return [path]
    shards = sorted(file for file in path.iterdir() if file.is_file() and _ending(file) in KINDS)
    kinds = sorted({_ending(file) for file in shards})
    if len(kinds) != 1:
        held = f"files of several kinds ({', '.join(kinds)})" if kinds else f"no table ({', '.join(KINDS)})"
        raise EvaluationError(f"{path} holds {held}; give the folder of the shards of one table, or one file.")
    return shards


def table_rows(path: Path) -> Iterator[TableRow]:
    """Yield the rows of one file, those too that cannot be read, where the next one can be."""
    readers: dict[str, Callable[[Path], Iterator[TableRow]]] = {
        ".jsonl": json_lines,
        ".json": _json_rows,
        ".csv": delimited_rows,
        ".tsv": delimited_rows,
        ".parquet": parquet_rows,
    }
    return readers[_kind(path)](path)


def _ending(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def _kind(path: Path) -> str:
    if (ending := _ending(path)) not in KINDS:
        raise EvaluationError(f"{path}: unknown kind of file {ending!r}; give .jsonl, .csv or .parquet.")
    return ending


def json_lines(path: Path) -> Iterator[TableRow]:
    """Yield the objects of a JSON Lines file; blank lines are passed over."""
    empty = True
    with opened(path) as file:
        for number, raw in enumerate(bounded_lines(file, path), start=1):
            if raw.strip():
                empty = False
                yield _json_line(number, raw)
    if empty:
        raise FileError(f"{path} is empty; give a JSON Lines file with one object a line.")


def _json_line(number: int, raw: bytes) -> TableRow:
    where = f"line {number}"
    try:
        value = parse_json(raw)
        if isinstance(value, dict) and raw.count(b'":') != _keys(value):  # some text looks like a key, or a key is lost
            parse_once(raw)
    except (ValueError, RecursionError) as error:
        return TableRow(where, {}, f"not valid JSON ({error})")
    return _json_row(where, value)


def _json_row(where: str, value: object) -> TableRow:
    """Return an object as a row; a bare string, as lists of prompts are kept, is a row with the column ``text``."""
    if isinstance(value, str):
        value = {"text": value}
    if not isinstance(value, dict):
        return TableRow(where, {}, f"a JSON object is wanted, this is {type(value).__name__}")
    return TableRow(where, value)


def _keys(value: object) -> int:
    """Return how many keys a value has, with those of the objects in it."""
    if isinstance(value, dict):
        return len(value) + sum(map(_keys, value.values()))
    return sum(map(_keys, value)) if isinstance(value, list) else 0


def _json_rows(path: Path) -> Iterator[TableRow]:
    """Yield the rows of an array of objects, or of JSON Lines in a file that is called .json."""
    with opened(path) as file:
        stream = JsonStream(file, path)
        if stream.peek() == "[":
            for number, value in enumerate(stream.elements(), start=1):
                yield _json_row(f"row {number}", value)
            return
    yield from json_lines(path)


def parquet_rows(path: Path) -> Iterator[TableRow]:
    """Yield the rows of a Parquet file; columns may be nested.

    A file may hold what Python has no value for, such as a date beyond the year 9999, or a text that is not in UTF-8.
    """
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        file = pyarrow.parquet.ParquetFile(path)
        _check_columns(path, file.schema_arrow.names)
        groups = range(file.metadata.num_row_groups)
        _check_unpacked(path, sum(file.metadata.row_group(group).total_byte_size for group in groups))
        unpacked = 0  # a text that repeats is stored once, so the rows may hold far more than the file says
        for batch in file.iter_batches(batch_size=PARQUET_ROWS):
            unpacked += batch.nbytes
            _check_unpacked(path, unpacked)
            for value in _as_written(batch).to_pylist():
                number += 1
                yield TableRow(f"row {number}", value)
    except EvaluationError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, LookupError) as error:
        reason = f"behind row {number}: {first_line(error)}" if number else first_line(error)
        raise EvaluationError(f"{path} is not a readable Parquet file ({reason}).") from None


def _as_written(batch: RecordBatch) -> RecordBatch:
    """Return rows whose numbers of 32 bits are the decimals that were meant: 0.1, and not 0.10000000149011612."""
    import pyarrow

    for place, field in enumerate(batch.schema):
        numbers = _retyped(field.type, pyarrow.float64())
        if numbers != field.type:
            column = batch.column(place).cast(_retyped(field.type, pyarrow.string())).cast(numbers)
            batch = batch.set_column(place, field.name, column)
    return batch


def _retyped(kind: DataType, wanted: DataType) -> DataType:
    """Return a type with another one in the place of numbers of 32 bits, within lists and structs too."""
    import pyarrow

    if pyarrow.types.is_float32(kind):
        return wanted
    if pyarrow.types.is_list(kind):
        return pyarrow.list_(kind.value_field.with_type(_retyped(kind.value_type, wanted)))
    if pyarrow.types.is_struct(kind):
        return pyarrow.struct([field.with_type(_retyped(field.type, wanted)) for field in kind])
    return kind


def _check_columns(path: Path, names: Sequence[str]) -> None:
    """Of two columns with one name a row as a mapping would keep the last."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise EvaluationError(f"{path} has the column {twice!r:.80} twice; rename one of the two.")


def _check_unpacked(path: Path, size: int) -> None:
    """Refuse a file that is made to fill the memory: more than all but the smallest files unpack to."""
    if size > max(LEAST_LIMIT, UNPACKED_RATIO * path.stat().st_size):
        raise EvaluationError(
            f"{path} unpacks to {size / 1e6:,.0f} MB, more than {UNPACKED_RATIO} times its size; that is no table of "
            "prompts. If it is, write it as JSONL."
        )
