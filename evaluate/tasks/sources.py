"""Rows from a generator, a hub data set or a local file, one by one."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import nearest
from ...files import read_lines
from ..types import EvaluationError

if TYPE_CHECKING:
    from .card import Source

Rows = Iterator[Mapping[str, Any]]


def rows(source: Source, split: str, data: Path | None = None) -> Rows:
    """Yield the rows of ``split`` that the source's ``where`` keeps; ``data`` replaces the source by a file."""
    for row in _all_rows(source, split, data):
        if all(_matches(row.get(column), wanted) for column, wanted in source.where.items()):
            yield row


def _matches(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, list) else bool(value == wanted)


def _all_rows(source: Source, split: str, data: Path | None) -> Rows:
    if data is not None:
        return read_table(data)
    if source.file is not None:
        return read_table(source.file)
    if split not in source.splits:
        raise EvaluationError(f"no split {split!r}. {nearest(split, list(source.splits))}")
    if source.generator is not None:
        return _generated(source.generator, split)
    return _hub_rows(source, source.splits[split])


def _generated(name: str, split: str) -> Rows:
    from ..demo.arithmetic import problems

    if name != "arithmetic":
        raise EvaluationError(f"no generator {name!r}. {nearest(name, ['arithmetic'])}")
    return (problem._asdict() for problem in problems("train" if split == "train" else "test"))


def _hub_rows(source: Source, split: str) -> Rows:
    from datasets import load_dataset

    try:
        yield from load_dataset(source.hub, source.config, split=split)
    except (OSError, ValueError) as error:  # no network, no such data set, no such config or split
        reason = str(error).splitlines()[0]
        raise EvaluationError(
            f"cannot load data set {source.hub!r} from the hub ({reason}). Feed the task from a local file with "
            "the same columns: --data FILE."
        ) from None


def read_table(path: Path) -> Rows:
    """Yield the rows of a local JSONL, CSV or Parquet file, told apart by the file's ending."""
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
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        if reader.fieldnames is None:
            raise EvaluationError(f"{path} is empty; give a CSV file with a header line.")
        yield from reader


def _read_parquet(path: Path) -> Rows:
    import pyarrow
    import pyarrow.parquet

    try:
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()
    except pyarrow.ArrowInvalid as error:
        raise EvaluationError(f"{path} is not a Parquet file ({error}).") from None
