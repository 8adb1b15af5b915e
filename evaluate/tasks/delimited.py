"""Tables of text whose fields are separated by a character that the file itself shows: CSV, TSV and their like."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from ...files import LONGEST_LINE, too_long
from ..types import EvaluationError
from .rows import TableRow, opened

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
"""What may separate fields."""

SAMPLE = 2**16
"""So many characters are looked at to see what separates the fields."""


def delimited_rows(path: Path) -> Iterator[TableRow]:
    """Yield the rows of a file with a header line.

    Raises :class:`EvaluationError` for a header that names a column twice, for a file that two characters could
    separate, and for a row behind which no next one can be found.
    """
    csv.field_size_limit(LONGEST_LINE)  # for the whole process, whose 128 KiB are shorter than some completions
    try:
        with opened(path) as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
            separator = _delimiter(text.read(SAMPLE), path)
            text.seek(0)
            lines = _bounded(text, path)
            reader = csv.DictReader(lines, delimiter=separator, strict=True)  # else an open quote takes all the rest
            yield from _rows(reader, path)
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not in UTF-8 ({error.reason} at byte {error.start}).") from None


def _bounded(text: TextIO, path: Path) -> Iterator[str]:
    number = 0
    while line := text.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise too_long(path, f"line {number}")
        yield line


def _rows(reader: csv.DictReader[Any], path: Path) -> Iterator[TableRow]:
    line = 0
    try:
        _check_header(reader.fieldnames, path)
        line = reader.line_num
        for row in reader:
            line = reader.line_num
            torn = None in row or None in row.values()  # a separator out of place; DictReader says nothing
            fault = "the row has more or fewer fields than the header line" if torn else None
            yield TableRow(f"line {line}", {} if torn else row, fault)
    except csv.Error as error:
        raise EvaluationError(f"{path}, line {line + 1}: here a row begins that is no CSV ({error}).") from None


def _check_header(names: Sequence[str] | None, path: Path) -> None:
    """Of two columns with one name DictReader would keep the last."""
    if names is None:
        raise EvaluationError(f"{path} is empty; give a CSV file with a header line.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise EvaluationError(f"{path}: the header line names the column {twice!r} twice; rename one of the two.")


def _delimiter(sample: str, path: Path) -> str:
    """Return what separates the fields: of the file's own kind if that gives rows of one length, or the one that does.

    The header decides where none does, so that the row that is torn can be named.
    """
    own = "\t" if ".tsv" in path.suffixes else ","
    fitting = [mark for mark in DELIMITERS if _fits(sample, mark)]
    if own in fitting:
        return own
    if len(fitting) > 1:
        words = " or ".join(DELIMITERS[mark] for mark in fitting)
        raise EvaluationError(f"{path}: its fields could be separated by {words}; write it with {DELIMITERS[own]}.")
    header = sample.partition("\n")[0]
    return fitting[0] if fitting else max((own, *DELIMITERS), key=header.count)


def _fits(sample: str, mark: str) -> bool:
    """Return whether a character cuts all rows of the sample into the same number of fields, and more than one."""
    try:
        rows = [len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=mark) if row]
    except csv.Error:
        return False
    whole = rows[:-1] if len(sample) == SAMPLE else rows  # the last one may be cut
    return len(set(whole)) == 1 and whole[0] > 1
