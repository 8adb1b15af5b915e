"""Reading and writing files so that nothing is lost, half-written or misread."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .errors import GrpokitError

_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19


class FileError(GrpokitError):
    """A file cannot be read or written; the message names the file and, for JSON Lines, the line."""


class Line(NamedTuple):
    """One object of a JSON Lines file, with its line number (from 1)."""

    number: int
    value: dict[str, Any]


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` whole or not at all: a temporary file beside it, flushed to disk, then renamed."""
    temporary = path.parent / f".{path.name}.{os.getpid()}.tmp"
    try:
        with temporary.open("w", encoding="utf-8", errors="surrogatepass") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FileError(f"cannot write {path}: {error.strerror}.") from None


def dump_json(value: object, indent: int | None = None) -> str:
    r"""Return JSON that is valid UTF-8 whatever the text: a lone surrogate is escaped, and so reads back the same.

    >>> dump_json(["héllo"]), dump_json(["half \ud83d"])
    ('["héllo"]', '["half \\ud83d"]')
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text


def dump_line(value: Mapping[str, Any]) -> str:
    r"""Return ``value`` as one line of JSON Lines, its line end included.

    >>> dump_line({"text": "héllo"})
    '{"text": "héllo"}\n'
    """
    return dump_json(value) + "\n"


def write_lines(path: Path, values: Iterable[Mapping[str, Any]]) -> None:
    """Write a JSON Lines file whole or not at all, one value at a time."""
    temporary = path.parent / f".{path.name}.{os.getpid()}.tmp"
    try:
        with temporary.open("w", encoding="utf-8") as handle:
            handle.writelines(map(dump_line, values))
        temporary.replace(path)
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror}.") from None
    finally:
        temporary.unlink(missing_ok=True)


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the objects of a JSON Lines file one by one; blank lines are passed over.

    Raises :class:`FileError` for a missing file, an empty one, and, with the line's number, for a line that
    is not a JSON object.
    """
    empty = True
    for number, raw in enumerate(_open_binary(path), start=1):
        if raw.strip():
            empty = False
            yield Line(number, _parse(path, number, raw))
    if empty:
        raise FileError(f"{path} is empty; give a JSON Lines file with one object a line.")


def _open_binary(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as handle:
            yield from handle
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}.") from None


def _parse(path: Path, number: int, raw: bytes) -> dict[str, Any]:
    try:
        value = parse_json(raw)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}, line {number}: not valid JSON ({error}).") from None
    if not isinstance(value, dict):
        raise FileError(f"{path}, line {number}: a JSON object is wanted, this is {type(value).__name__}.")
    return value


def parse_json(raw: bytes) -> Any:
    r"""Return what ``json.loads`` returns, several times as fast for nearly all texts.

    Python's own parser reads what orjson does not, or not exactly: whole numbers of more than 64 bits, lone
    surrogates, NaN, and other encodings than UTF-8.

    >>> parse_json(b'[1, 12345678901234567890123, "\\ud83d"]')
    [1, 12345678901234567890123, '\ud83d']
    """
    import orjson

    if _LONG_NUMBER not in raw.translate(_DIGITS_AS_ZEROS):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass
    return json.loads(raw)
