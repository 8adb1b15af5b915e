"""A folder is written by one process at a time: who has it says so, and a second one is refused at once."""

from __future__ import annotations

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .files import FileError, clear_leftovers

LOCK = ".lock"
"""The file, in a folder that is being written, that says by whom."""


class FolderInUse(FileError):
    """Another process writes into the folder; the message names both."""


_held: dict[Path, BinaryIO] = {}
"""The folders that this process has locked, by their lock files: who holds a folder may lock it again."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep every other process from writing into ``folder``, which is made, for the time of the block.

    The lock goes with the process, however that ends. What killed processes left half-written is removed. A folder that
    was made, and into which nothing came, is removed too. Raises :class:`FolderInUse`, at once, that names the holder.
    """
    if folder.is_file():
        raise FileError(f"{folder} is a file; give a folder as --out.")
    if (own := Path(os.path.abspath(folder))) in _held:
        yield
        return
    made = [path for path in (own, *own.parents) if not path.exists()]
    try:
        own.mkdir(parents=True, exist_ok=True)
        _held[own] = _take(own / LOCK, folder)
        clear_leftovers(own)
    except OSError as error:
        raise FileError(f"cannot write into {folder}: {error.strerror}.") from None
    try:
        yield
    finally:
        if own in _held:  # as it is but in a forked process
            (own / LOCK).unlink(missing_ok=True)  # before it is let go: the next one makes its own
            _held.pop(own).close()
            with suppress(OSError):  # something is in it
                for path in made:
                    path.rmdir()


def _take(path: Path, folder: Path) -> BinaryIO:
    """Lock the file and write into it who we are, for another process to read, which may be on another machine."""
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW  # a link may lead to a file of the user's
        file = os.fdopen(os.open(path, flags, 0o666), "a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read(200).decode(errors="replace") or "another process"
            file.close()
            raise FolderInUse(f"{folder} is being written by {holder}; wait for it, or give another --out.") from None
        if path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno())):
            file.truncate(0)
            file.write(f"process {os.getpid()} on {platform.node()}".encode())
            file.flush()
            return file
        file.close()  # its last holder has just removed it


def _let_go() -> None:
    """Close the locks that a forked process inherits: they would outlive the process that holds them."""
    for file in _held.values():
        file.close()
    _held.clear()


os.register_at_fork(after_in_child=_let_go)
