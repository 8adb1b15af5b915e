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


WIDTH = len(Stretch._fields)


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
                for text in io.BytesIO(file.read(stop - start)):
                    if not text.isspace():
                        lines.append(RawLine(number, text, at))
                    number += 1
                    at += len(text)
                if at != stop or len(lines) != count:
                    raise FileError(f"{path}: it was written while it was read; start again when nobody writes it.")
                yield lines
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}.") from None


class ScoredPlaces(NamedTuple):
    """Where lines of scores stand, and those of their completions."""

    scores: list[Stretch]
    rows: list[Stretch]

    def extend(self, scores: Iterable[Stretch], rows: Iterable[Stretch]) -> None:
        """Add places; those that follow the last ones become one with them."""
        for places, more in ((self.scores, scores), (self.rows, rows)):
            for place in more:
                if places and places[-1].stop == place.start:
                    last = places.pop()
                    place = Stretch(last.number, last.lines + place.lines, last.start, place.stop)
                places.append(place)


class Places:
    """Where the scores and completions of each prompt stand in the files of a run, kept as a few numbers each."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}
        self._numbers = array("q")
        self._others: dict[str, ScoredPlaces] = {}  # of prompts whose lines do not all stand together

    def add(self, prompt_id: str, scores: list[Stretch], rows: Stretch) -> None:
        """Note where some lines of a prompt stand."""
        if len(scores) > 1 or prompt_id in self._index or prompt_id in self._others:
            self._others.setdefault(prompt_id, ScoredPlaces([], [])).extend(scores, [rows])
        else:
            self._index[prompt_id] = len(self._numbers)
            self._numbers.extend(scores[0])
            self._numbers.extend(rows)

    def __getitem__(self, prompt_id: str) -> ScoredPlaces:
        """Return where a prompt's lines stand; none for a prompt that has none."""
        places, at = ScoredPlaces([], []), self._index.get(prompt_id)
        if at is not None:
            first = self._numbers[at : at + 2 * WIDTH]
            places.extend([Stretch(*first[:WIDTH])], [Stretch(*first[WIDTH:])])
        if prompt_id in self._others:
            places.extend(*self._others[prompt_id])
        return places
