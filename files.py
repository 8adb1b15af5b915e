"""Reading and writing files so that nothing is lost, half-written or misread."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import starmap
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from .errors import GrpokitError

_LEFTOVER = re.compile(r"\.(.+)\.(\d+)\.tmp")

LONGEST_LINE = 2**27
"""Bytes of one line or row, which is in memory as a whole; a file that is a single endless line is refused there."""

BUFFER = 2**18
"""Bytes that are read at a time: with few of them, a thread that reads waits for the others after every read."""

_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19


class FileError(GrpokitError):
    """A file cannot be read or written; the message names the file and, for JSON Lines, the line."""


class Line(NamedTuple):
    """One object of a JSON Lines file, with its line number (from 1)."""

    number: int
    value: dict[str, Any]


class RawLine(NamedTuple):
    """One line of a JSON Lines file as it is stored, with its number (from 1), and the byte at which it starts."""

    number: int
    text: bytes
    start: int


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` at the end of the block: whole, and on the disk, or not at all.

    The bytes go to a temporary file beside it. An exception in the block leaves the old file as it was, and no other
    one; what a killed process left is removed by the next one that writes the file. A device or a pipe is written to,
    since a file in its place would be another thing. Raises :class:`FileError` when the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "report.txt") as file:
    ...         _ = file.write(b"held")
    ...     (Path(folder) / "report.txt").read_text()
    'held'
    """
    replaceable = os.path.isfile(path) or not os.path.exists(path)  # which, unlike Path's, call a bad name absent
    target = _temporary(path) if replaceable else path
    if replaceable:
        with suppress(OSError, ValueError):  # there is no such folder; what follows says so
            clear_leftovers(path.parent, path.name)
    try:
        with target.open("wb") as file:
            yield file
            if replaceable:
                file.flush()
                os.fsync(file.fileno())
        if replaceable:
            target.replace(path)
            sync_folder(path.parent)
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}.") from None
    finally:
        if replaceable:
            with suppress(OSError):  # it has its new name, or could not be made; the error to report is the first one
                target.unlink()


def check_writable(path: Path) -> None:
    """Raise :class:`FileError` when no file can be put at ``path``, as far as that can be seen without trying.

    Folders above it that are not there yet do not matter.
    """
    if os.path.isdir(path):
        raise FileError(f"cannot write {path}: it is a folder; give the name of a file.")
    try:
        os.lstat(_temporary(path))
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:  # a name that is too long, or none at all
        raise FileError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}.") from None
    replaceable = os.path.isfile(path) or not os.path.exists(path)
    place = Path(os.path.abspath(path))
    existing = next(one for one in ((place.parent, *place.parents) if replaceable else (place,)) if os.path.exists(one))
    if replaceable and not existing.is_dir():
        raise FileError(f"cannot write {path}: {existing} is no folder.")
    if not os.access(existing, os.W_OK):
        raise FileError(f"cannot write {path}: {existing} cannot be written to.")


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Make a folder that gets the name ``path`` at the end of the block: whole, and on the disk, or not at all.

    Nothing, or an empty folder, must have that name then. An exception in the block leaves no folder behind. Raises
    OSError as it comes, as whatever fills the folder does.
    """
    unfinished = _temporary(path)
    with suppress(OSError):  # there is no such folder yet
        clear_leftovers(path.parent, path.name)
    shutil.rmtree(unfinished, ignore_errors=True)  # of a killed process, whose number may come again
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        for file in unfinished.rglob("*"):
            if file.is_file():
                with file.open("rb") as written:
                    os.fsync(written.fileno())
        unfinished.replace(path)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def sync_folder(folder: Path) -> None:
    """Put a new name on the disk, where the file system can sync a folder; not all can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def clear_leftovers(folder: Path, name: str | None = None) -> None:
    """Remove the temporary files and folders of processes that are no more: all, or those in place of ``name``."""
    for path in folder.iterdir():
        left = _LEFTOVER.fullmatch(path.name)
        if left and name in (None, left[1]) and not _alive(int(left[2])):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # somebody else's
    return True


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
    return (parse_line(path, raw) for raw in raw_lines(path))


def raw_lines(path: Path) -> Iterator[RawLine]:
    """Yield the lines of a JSON Lines file as they are stored; blank ones are passed over.

    Raises :class:`FileError` for a missing file and an empty one.
    """
    return starmap(RawLine, numbered_lines(path))


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes, int]]:
    """Yield what :func:`raw_lines` does as plain tuples, which are made faster."""
    empty, begin = True, 0
    try:
        with open_file(path) as file:
            for number, raw in enumerate(bounded_lines(file, path), start=1):
                start, begin = begin, begin + len(raw)
                if not raw.isspace():
                    empty = False
                    yield number, raw, start
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}.") from None
    if empty:
        raise FileError(f"{path} is empty; give a JSON Lines file with one object a line.")


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading; raise OSError for a pipe, which would be waited for, and a device, which never ends."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", BUFFER)  # a folder is refused as it is by open
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is a pipe or a device, and no file", str(path))
    return file


def unfollowed(path: str, flags: int) -> int:
    """Open a file to be written, as an ``opener``; raise OSError for a link: it may lead to any other file."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def read_whole(path: Path) -> str:
    """Return a small file's text; raise OSError as it comes, and ValueError for no UTF-8 and for a large file."""
    with open_file(path) as file:
        raw = file.read(LONGEST_LINE + 1)
    if len(raw) > LONGEST_LINE:
        raise ValueError(f"it is longer than {LONGEST_LINE:,} bytes")
    return raw.decode()


def read_json(path: Path) -> Any:
    """Return what a small JSON file says; raise OSError as it comes, and ValueError for what is no JSON."""
    try:
        return json.loads(read_whole(path))
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def bounded_lines(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """Yield the lines of a file; raise :class:`FileError` for one of more than :data:`LONGEST_LINE` bytes."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise too_long(path, f"line {number}")
        yield line


def too_long(path: Path, where: str) -> FileError:
    """Return the error for a row that is longer than any completion, and would fill the memory."""
    return FileError(f"{path}, {where}: longer than {LONGEST_LINE:,} bytes, which no row is.")


def parse_once(text: str | bytes) -> Any:
    """Return what JSON text says; raise ValueError for one in which an object has a key twice: no value is right.

    >>> parse_once('{"answer": 1, "answer": 2}')
    Traceback (most recent call last):
    ValueError: the key 'answer' is given twice
    """
    return json.loads(text, object_pairs_hook=once)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON, whose keys and values are ``pairs``; raise ValueError for a key that is there twice."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError(f"the key {Counter(name for name, _ in pairs).most_common(1)[0][0]!r:.80} is given twice")
    return value


def parse_json(raw: bytes) -> Any:
    r"""Return what ``json.loads`` returns, several times as fast for nearly all texts.

    Python's own parser reads what orjson does not, or not exactly: whole numbers of more than 64 bits, lone
    surrogates, NaN, and other encodings than UTF-8.

    >>> parse_json(b'[1, 12345678901234567890123, "\\ud83d"]')
    [1, 12345678901234567890123, '\ud83d']
    """
    return json.loads(raw) if _LONG_NUMBER in raw.translate(_DIGITS_AS_ZEROS) else parse_short(raw)


def parse_short(raw: bytes) -> Any:
    r"""Return what :func:`parse_json` does, in less time, where no whole number is right that needs more than 64 bits.

    Such a one may become a float.

    >>> parse_short(b'[1, "\ud83d"]')
    [1, '\ud83d']
    """
    import orjson

    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(raw)


def parse_line(path: Path, raw: RawLine, parse: Callable[[bytes], Any] = parse_json) -> Line:
    """Return the object that a line of ``path`` holds; raise :class:`FileError` where it holds none."""
    try:
        value = parse(raw.text)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}, line {raw.number}: not valid JSON ({error}).") from None
    if not isinstance(value, dict):
        raise FileError(f"{path}, line {raw.number}: a JSON object is wanted, this is {type(value).__name__}.")
    return Line(raw.number, value)
