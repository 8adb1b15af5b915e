"""The folder that a command writes its run into: nobody else's, for as long as it writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from itertools import count
from pathlib import Path

from ..evaluate.runs.shards import Shard
from ..locks import locked
from ..names import folder_name
from .hints import WRITTEN
from .options import RUNS, UsageError


@contextmanager
def output_folder(out: Path | None, name: str) -> Iterator[Path]:
    """Give --out, or the first free ``runs/NAME-1``, ``runs/NAME-2``…, locked for the time of the block.

    A folder that is still empty then is removed. Raises :class:`UsageError` where several processes share the run: each
    would choose another folder.
    """
    shard = Shard.current()
    if out is None and shard.count > 1:
        raise UsageError(f"{shard.count} processes share this run: give its folder, --out DIR.")
    home = RUNS.exists()
    folder = _free_folder(folder_name(name)) if out is None else out
    try:
        with locked(folder) if shard.first else nullcontext():
            WRITTEN.set(folder)
            yield folder
    finally:
        if out is None:
            with suppress(OSError):  # something is in it
                folder.rmdir()
                if not home:
                    RUNS.rmdir()


def _free_folder(name: str) -> Path:
    """Make a folder that nobody else has, even one who looks for it at this moment."""
    for number in count(1):
        folder = RUNS / f"{name}-{number}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise UsageError(f"cannot write into {RUNS}: {error.strerror}.") from None
        return folder
    raise AssertionError("there is always another number")
