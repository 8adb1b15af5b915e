"""Checkpoints that are whole or not there; disks that are full: one line says what to do."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from ..types import TrainingError

ADVICE = "Earlier checkpoints are whole: make room and go on with --resume."

WRITE_ERRORS = (OSError, SafetensorError, RuntimeError)
"""What saving raises on a full disk: the system, safetensors and ``torch.save``, each its own."""

FULL = 2**20
"""With fewer bytes left than these, a disk is taken to be full."""


@contextmanager
def whole_or_gone(folder: Path) -> Iterator[None]:
    """Leave no half-written checkpoint in ``folder`` when it cannot be written, as on a full disk."""
    try:
        with saving(folder, ADVICE):
            yield
    except BaseException:  # whatever stopped it, Ctrl-C included, the rest must not be taken for a checkpoint
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def saving(target: Path, advice: str) -> Iterator[None]:
    """Turn any error of writing ``target`` into a :class:`TrainingError` of one line that ends with ``advice``."""
    try:
        yield
    except WRITE_ERRORS as error:
        raise TrainingError(f"cannot write {target}: {_reason(error, target)}. {advice}") from None


def _reason(error: Exception, target: Path) -> str:
    """``torch.save`` speaks of positions in its archive; how much room there is says more."""
    existing = next(folder for folder in (target, *target.parents) if folder.exists())
    if shutil.disk_usage(existing).free < FULL:
        return os.strerror(errno.ENOSPC)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
