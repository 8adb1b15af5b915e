"""Where a command writes: every place is looked at before any work, and ``-`` is standard output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ..files import check_writable, dump_json, write_atomically
from .options import STDOUT, UsageError

Target = str | Path
"""A file, or ``-``."""


def check_outputs(
    outputs: Mapping[str, Target | None], folder: Path | None = None, inputs: Mapping[str, Path | None] | None = None
) -> None:
    """Refuse outputs, by their options, that cannot be written or take the place of each other or of an input.

    ``folder`` is one that the command makes, with what it lies in. Raises :class:`UsageError` or FileError.
    """
    owners = {os.path.realpath(path): name for name, path in (inputs or {}).items() if path is not None}
    if folder is not None:
        owners[os.path.realpath(folder)] = "--out"
        check_folder(folder)
    for option, target in outputs.items():
        if target is None:
            continue
        place = STDOUT if str(target) == STDOUT else os.path.realpath(target)
        if place in owners:
            raise UsageError(f"{option} {target} is the place of {owners[place]} too; give each a name of its own.")
        if place != STDOUT:
            _check_file(option, Path(target), folder)
        if place == STDOUT or os.path.isfile(place) or not os.path.exists(place):  # a device takes all that comes
            owners[place] = option


def _check_file(option: str, target: Path, folder: Path | None) -> None:
    parent = Path(os.path.abspath(target)).parent
    if not os.path.isdir(parent):
        made = None if folder is None else Path(os.path.abspath(folder))
        if made is None or not (parent.is_relative_to(made) or made.is_relative_to(parent)):
            raise UsageError(
                f"{option}: cannot write {target}: there is no folder {target.parent}; make it, or give another place."
            )
    check_writable(target)


def check_folder(folder: Path) -> None:
    """Refuse a folder that is a file, or that cannot be made or written into."""
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise UsageError(f"{folder} is a file; give a folder as --out.")
    check_writable(folder / "manifest.json")


def json_text(value: object, target: str) -> str:
    """Return a value as JSON; on standard output, which may have any encoding, in ASCII."""
    return (json.dumps(value, indent=2) if target == STDOUT else dump_json(value, indent=2)) + "\n"


def write_output(text: str, target: Target, what: str) -> None:
    """Write a text to a file, and say so on standard error; or to standard output."""
    if str(target) == STDOUT:
        print(text, end="")
        return
    write_atomically(Path(target), text)
    print(f"{what}: {target}", file=sys.stderr)
