"""One large JSON document read in pieces: the members of its objects and the elements of its arrays, one at a time."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ..files import LONGEST_LINE, once, too_long
from .types import EvaluationError

BLOCK = 2**20
"""Bytes read at once; a value that is longer is read in twice as many until it is whole."""

_BLANK = " \t\n\r"
_BEHIND = tuple(_BLANK + ",:]}")
"""What may stand behind a value."""


class JsonStream:
    """A reader that goes through a document from its beginning to its end, and holds one value of it at a time.

    Raises :class:`EvaluationError`, with the file and the character, where the document is broken or cut off, an object
    has a key twice, or something stands behind the document's end.

    >>> import io
    >>> stream = JsonStream(io.BytesIO(b'{"version": 2, "samples": [{"id": 1}, {"id": 2}]}'), Path("log.json"))
    >>> for name in stream.members():
    ...     print(name, list(stream.elements()) if name == "samples" else stream.value())
    version 2
    samples [{'id': 1}, {'id': 2}]
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path
        self._text, self._at, self._passed, self._ended = "", 0, 0, False
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._scan = json.JSONDecoder(object_pairs_hook=once).raw_decode
        self._begun = False

    def members(self) -> Iterator[str]:
        """Yield the names of an object's members; whoever asks reads each value before the next name."""
        whole, self._begun, names = not self._begun, True, set[str]()
        self._expect("{")
        if self._next() == "}":
            self._at += 1
            return self._end(whole)
        while True:
            self._next()
            name = self.value()
            if not isinstance(name, str):
                raise self._broken("here the name of a member is wanted")
            if name in names:
                raise self._broken(f"the key {name!r:.80} is given twice")
            names.add(name)
            self._expect(":")
            yield name
            if self._expect(",}") == "}":
                return self._end(whole)

    def elements(self) -> Iterator[Any]:
        """Yield the elements of an array."""
        whole, self._begun = not self._begun, True
        self._expect("[")
        if self._next() == "]":
            self._at += 1
            return self._end(whole)
        while True:
            yield self.value()
            if self._expect(",]") == "]":
                return self._end(whole)

    def value(self) -> Any:
        """Return the whole value that comes next."""
        self._next()
        block = BLOCK
        while True:
            try:
                value, end = self._scan(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._ended:
                    self._at = error.pos
                    raise self._broken(error.msg) from None
            except (RecursionError, ValueError) as error:  # nested too deep, a key twice, a number of 5,000 digits
                raise self._broken(str(error)) from None
            else:
                if self._ended or self._text[end : end + 1] in _BEHIND:  # else a number may go on behind the buffer
                    self._at = end
                    return value
            if len(self._text) - self._at > LONGEST_LINE:
                raise too_long(self._path, f"character {self._passed + self._at}")
            self._read(block)
            block *= 2

    def peek(self) -> str:
        """Return the next character that is no blank, "" at the end, and leave it there."""
        try:
            return self._next()
        except EvaluationError:
            return ""

    def _next(self) -> str:
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANK:
                    return self._text[self._at]
                self._at += 1
            if self._ended:
                raise self._broken("the file is cut off")
            self._read(BLOCK)

    def _end(self, whole: bool) -> None:
        """See that nothing but blanks stands behind the ``whole`` document, such as a second one."""
        while whole:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANK:
                    raise self._broken(f"{self._text[self._at]!r} stands behind its end")
                self._at += 1
            if self._ended:
                return
            self._read(BLOCK)

    def _expect(self, characters: str) -> str:
        found = self._next()
        if found not in characters:
            raise self._broken(f"{' or '.join(map(repr, characters))} is wanted, and {found!r} stands there")
        self._at += 1
        return found

    def _read(self, size: int) -> None:
        try:
            raw = self._file.read(size)
            text = self._decode(raw, not raw)
        except UnicodeDecodeError as error:
            raise EvaluationError(f"{self._path} is not in UTF-8 ({error.reason}).") from None
        except (OSError, EOFError) as error:
            raise EvaluationError(f"cannot read {self._path}: {error}.") from None
        self._ended = not raw
        self._passed += self._at
        self._text, self._at = self._text[self._at :] + text, 0

    def _broken(self, reason: str) -> EvaluationError:
        place = self._passed + self._at
        return EvaluationError(f"{self._path} is not whole JSON, at character {place}: {reason}.")
