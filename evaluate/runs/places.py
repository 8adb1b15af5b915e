"""Lines by where they stand in their file: whoever needs their texts reads them there, be it later or elsewhere.

What is kept of a run's lines is a few numbers per prompt, however long its texts are.
"""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from ...files import FileError, RawLine, open_file


class Stretch(NamedTuple):
    """So many lines that follow each other: the number of the first, and the bytes from ``start`` to before ``stop``.

    Blank lines among them do not count.
    """

    number: int
    lines: int
    start: int
    stop: int


def stretches(lines: Iterable[tuple[int, bytes, int]]) -> list[Stretch]:
    r"""Return where lines of one file stand; those that follow each other there are one stretch.

    >>> stretches([RawLine(1, b"{}\n", 0), RawLine(2, b"{}\n", 3), RawLine(4, b"{}\n", 7)])
    [Stretch(number=1, lines=2, start=0, stop=6), Stretch(number=4, lines=1, start=7, stop=10)]
    """
    whole: list[Stretch] = []
    first = count = begin = end = 0
    for number, text, start in lines:
        if start != end and count:
            whole.append(Stretch(first, count, begin, end))
            count = 0
        if not count:
            first, begin = number, start
        count += 1
        end = start + len(text)
    return [*whole, Stretch(first, count, begin, end)] if count else whole


def lines_at(path: Path, places: Iterable[Stretch]) -> Iterator[RawLine]:
    """Yield the lines that stand at these places, as :func:`groups_at` reads them."""
    return chain.from_iterable(groups_at(path, places))


def groups_at(path: Path, places: Iterable[Stretch]) -> Iterator[list[RawLine]]:
    """Yield the lines of each place; raise :class:`FileError` where the file no longer has them there."""
    try:
        with open_file(path) as file:
            for number, count, start, stop in places:
                file.seek(start)
                lines, at = [], start
                for place, text in enumerate(io.BytesIO(file.read(stop - start)), start=number):
                    if not text.isspace():
                        lines.append(RawLine(place, text, at))
                    at += len(text)
                if at != stop or len(lines) != count:
                    raise FileError(f"{path}: it was written while it was read; start again when nobody writes it.")
                yield lines
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}.") from None


class Places:
    """Where the lines of each prompt stand in one file, kept as a few numbers each."""

    def __init__(self, groups: Iterable[tuple[str, Stretch]]) -> None:
        self._index: dict[str, int] = {}
        self._numbers = array("q")
        self._later: dict[str, list[Stretch]] = {}  # of prompts whose lines do not all stand together
        for prompt_id, stretch in groups:
            if prompt_id in self._index:
                self._later.setdefault(prompt_id, []).append(stretch)
            else:
                self._index[prompt_id] = len(self._numbers)
                self._numbers.extend(stretch)

    def __getitem__(self, prompt_id: str) -> list[Stretch]:
        """Return where a prompt's lines stand; empty for a prompt that has none."""
        at = self._index.get(prompt_id)
        if at is None:
            return []
        return [Stretch(*self._numbers[at : at + len(Stretch._fields)]), *self._later.get(prompt_id, ())]
