"""Reading and writing files so that nothing is lost, half-written or misread."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from .errors import GrpokitError

_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19


class FileError(GrpokitError):
    """A file cannot be read or written; the message names the file and, for JSON Lines, the line."""


class Line(NamedTuple):
    """One object of a JSON Lines file, with its line number (from 1)."""

    number: int
    value: dict[str, Any]


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` at the end of the block: whole, and on the disk, or not at all.

    The bytes go to a temporary file beside it. An exception in the block leaves the old file as it was, and no other
    one. A device or a pipe is written to, since a file in its place would be another thing. Raises
    :class:`FileError` when the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "report.txt") as file:
    ...         _ = file.write(b"held")
    ...     (Path(folder) / "report.txt").read_text()
    'held'
    """
    replaceable = os.path.isfile(path) or not os.path.exists(path)  # which, unlike Path's, call a bad name absent
    target = _temporary(path) if replaceable else path
    try:
        with target.open("wb") as file:
            yield file
            if replaceable:
                file.flush()
                os.fsync(file.fileno())
        if replaceable:
            target.replace(path)
            _sync_folder(path.parent)
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}.") from None
    finally:
        if replaceable:
            with suppress(OSError):  # it has its new name, or could not be made; the error to report is the first one
                target.unlink()


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Make a folder that gets the name ``path`` at the end of the block: whole, and on the disk, or not at all.

    Nothing, or an empty folder, must have that name then. An exception in the block leaves no folder behind. Raises
    OSError as it comes, as whatever fills the folder does.
    """
    unfinished = _temporary(path)
    shutil.rmtree(unfinished, ignore_errors=True)  # of a killed process, whose number may come again
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        for file in unfinished.rglob("*"):
            if file.is_file():
                with file.open("rb") as written:
                    os.fsync(written.fileno())
        unfinished.replace(path)
        _sync_folder(path.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _sync_folder(folder: Path) -> None:
    """Put a new name on the disk, where the file system can sync a folder; not all can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` in UTF-8, whole or not at all."""
    with replacing(path) as file:
        file.write(text.encode("utf-8", "surrogatepass"))


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
    with replacing(path) as file:
        file.writelines(dump_line(value).encode() for value in values)


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
