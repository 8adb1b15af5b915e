"""A row of a local table, and the file that it is read from, compressed or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from ...files import FileError, open_file

GZIP = b"\x1f\x8b"
"""What compressed files begin with."""


class TableRow(NamedTuple):
    """A row and where it is ("line 3"), or what keeps it from being read (``fault``)."""

    where: str
    value: Mapping[str, Any]
    fault: str | None = None


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, and unpack it where it is compressed by gzip; raise FileError as it cannot be read."""
    try:
        with open_file(path) as file:
            packed = file.read(2) == GZIP
            file.seek(0)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileError(f"cannot read {path}: its gzip data is broken or cut off ({error}).") from None
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}.") from None
