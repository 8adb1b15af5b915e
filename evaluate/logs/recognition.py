"""Which tool wrote a log: seen in what it holds, never in its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import GrpokitError, first_line, nearest
from ..json_stream import JsonStream
from ..tasks.rows import opened
from ..tasks.tables import KINDS
from ..types import EvaluationError
from . import flat, inspect_ai, lighteval, lm_eval, promptfoo, verifiers
from .log import MALFORMED, Log, LogChoice

FIRST_LINE = 2**26
"""So many bytes a first line may have."""

HEAD = 12
"""So many members of a document are looked at."""


class _Format(NamedTuple):
    read: Callable[[Path, LogChoice], Log]
    """Opens a log of the format."""
    folder: str | None = None
    """What a folder of the format holds, as a pattern."""


FORMATS: Mapping[str, _Format] = {
    "lm-eval": _Format(lm_eval.read),
    "inspect": _Format(inspect_ai.read, "*.eval"),
    "lighteval": _Format(lighteval.read, "details_*.parquet"),
    "verifiers": _Format(verifiers.read),
    "promptfoo": _Format(promptfoo.read),
    "table": _Format(flat.read),
}


def open_log(path: Path, choice: LogChoice) -> Log:
    """Open a log of any tool, or a table whose columns the choice names.

    Raises :class:`EvaluationError` for what is no log, and for one that two formats could be meant by.
    """
    if not path.exists():
        raise EvaluationError(f"no file or folder {path}.")
    if choice.format is not None:
        if choice.format not in FORMATS:
            raise EvaluationError(f"--format {choice.format!r}. {nearest(choice.format, list(FORMATS))}")
        return _read(choice.format, path, choice)
    if choice.columns is not None or choice.scores:
        return flat.read(path, choice)
    if path.is_dir():
        return _open_folder(path, choice)
    return _read(recognised(path), path, choice)


def _read(format: str, path: Path, choice: LogChoice) -> Log:
    try:
        return FORMATS[format].read(path, choice)
    except GrpokitError:
        raise
    except (*MALFORMED, OSError) as error:
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise EvaluationError(f"{path} is no log as {format} writes it ({reason}).") from None


def _open_folder(folder: Path, choice: LogChoice) -> Log:
    if lm_eval.sample_files(folder):
        return _read("lm-eval", folder, choice)
    if (folder / "results.jsonl").is_file():
        return _read(recognised(folder / "results.jsonl"), folder, choice)
    for name, format in FORMATS.items():
        files = sorted(folder.glob(format.folder)) if format.folder else []
        if len(files) > 1:
            shown = ", ".join(file.name for file in files[:3]) + (", …" if len(files) > 3 else "")
            raise EvaluationError(f"{folder} holds {len(files)} logs ({shown}); give one of them.")
        if files:
            return _read(name, files[0], choice)
    if not any(file.name.lower().removesuffix(".gz").endswith(KINDS) for file in folder.iterdir()):
        raise EvaluationError(
            f"{folder} holds no run: there is no manifest.json in it or in its subfolders; and no log or table."
        )
    return flat.read(folder, choice)


def recognised(path: Path) -> str:
    """Return the name of the format that a file is of; anything that no tool here writes is a table."""
    with opened(path) as file:
        start = file.read(4)
    if start == inspect_ai.ZIP:
        if not inspect_ai.is_archive(path):
            raise EvaluationError(f"{path} is a zip file, and no log of inspect; unpack it.")
        return "inspect"
    if start == b"PAR1":
        import pyarrow
        import pyarrow.parquet

        try:
            names = set(pyarrow.parquet.ParquetFile(path).schema_arrow.names)
        except (pyarrow.ArrowInvalid, OSError) as error:
            raise EvaluationError(f"{path} is not a whole Parquet file ({str(error).splitlines()[0]}).") from None
        return "lighteval" if lighteval.is_schema(names) else "table"
    return _of_json(path)


def _of_json(path: Path) -> str:
    """Tell a JSON document, whose first members say what it is, from lines that each are a row."""
    with opened(path) as file:
        line = file.readline(FIRST_LINE)
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if isinstance(row, dict) and not _is_document(row):
        return _of_row(row, path)
    if not line.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return "table"
    return _of_document(row if isinstance(row, dict) else _head(path), path)


def _is_document(value: Mapping[str, Any]) -> bool:
    return inspect_ai.is_header(value) or promptfoo.is_header(value)


def _head(path: Path) -> dict[str, Any]:
    """Return the first members of a document, without what they hold."""
    names: dict[str, Any] = {}
    try:
        with opened(path) as file:
            stream = JsonStream(file, path)
            for name in stream.members():
                names[name] = None
                if len(names) == HEAD or _is_document(names):
                    break
                stream.value()
    except EvaluationError:
        pass  # what is no JSON is for the reader of tables to refuse, with the line
    return names


def _of_document(head: Mapping[str, Any], path: Path) -> str:
    if inspect_ai.is_header(head):
        return "inspect"
    return "promptfoo" if promptfoo.is_header(head) else "table"


def _of_row(row: Mapping[str, Any], path: Path) -> str:
    if lm_eval.is_row(row):
        return "lm-eval"
    if verifiers.is_row(row):
        return "verifiers"
    if row.keys() >= verifiers.KEYS:
        raise EvaluationError(
            f"{path} could be a log of verifiers or a table with the columns prompt, completion and reward; say which: "
            "--format verifiers, or --format table."
        )
    return "table"
