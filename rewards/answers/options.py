"""The options of a multiple-choice row: their labels and texts, and what a reference among them accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any, NamedTuple

from ..accepted import is_list, plain
from .choices import Choice, read_choice
from .equality import compare
from .equations import value_of
from .normalize import tidy

OPTION_COLUMNS = ("choices", "options")
"""The columns in which a row's options are looked for, in this order."""

_WRITTEN_LABEL = re.compile(r"\s*(?:\(([A-Z])\)|([A-Z])\s?[).:])\s*(?=\S)")  # "A)21", "(A) 21", "A. 21"
_LABELS = "A-Za-z0-9"
"""What a row may label its options with, as a pattern's class of characters."""


class Options(NamedTuple):
    """The labels ("A", "B", …) and texts of a row's options.

    ``values`` are the options as the row writes them. ``named`` says that the row gives the labels itself.
    """

    labels: tuple[str, ...]
    texts: tuple[str, ...]
    values: tuple[object, ...]
    named: bool

    @classmethod
    def read(cls, value: object) -> Options | None:
        """Read a row's options; None where there are none.

        They may be a list of texts, with their labels or without, of ``{"label", "text"}``, ARC's
        ``{"text": [...], "label": [...]}``, a mapping of labels to texts, or one of these as JSON.

        >>> Options.read(["A)21", "B)21.5"]).texts, Options.read({"text": ["Alina", "Bob"], "label": ["1", "2"]}).labels
        (('21', '21.5'), ('1', '2'))
        >>> Options.read("any"), Options.read([]), Options.read('["Alina", "Bob"]').labels
        (None, None, ('A', 'B'))
        """
        value = plain(decoded(value))
        if isinstance(value, Mapping):
            texts, labels = plain(value.get("text")), plain(value.get("label"))
            if is_list(texts):
                return cls._made(texts, labels if is_list(labels) and len(labels) == len(texts) else None)
            return cls._made(list(value.values()), list(value)) if all(len(str(key)) == 1 for key in value) else None
        if not is_list(value):
            return None
        objects = [option for option in value if isinstance(option, Mapping) and {"label", "text"} <= option.keys()]
        if objects and len(objects) == len(value):
            return cls._made([option["text"] for option in objects], [option["label"] for option in objects])
        return cls._made(value, None)

    @classmethod
    def _made(cls, values: Sequence[object], labels: Sequence[object] | None) -> Options | None:
        if len(values) < 2 or not all(isinstance(value, str | int | float) for value in values):
            return None
        texts = tuple(str(value).strip() for value in values)
        if labels is not None:
            return cls(tuple(str(label).strip() for label in labels), texts, tuple(values), named=True)
        letters = tuple(ascii_uppercase[: len(texts)])
        written = [_WRITTEN_LABEL.match(text) for text in texts]
        if all(found and (found[1] or found[2]) == letter for found, letter in zip(written, letters, strict=False)):
            bare = tuple(text[found.end() :] for text, found in zip(texts, written, strict=True) if found)
            if len(bare) == len(letters):
                return cls(letters, bare, tuple(values), named=True)
        return cls(letters, texts, tuple(values), named=False) if len(letters) == len(texts) else None

    def accepts(self, reference: object) -> tuple[str, ...] | None:
        """Return the answers that a reference accepts: the text of the option that it means, and its label.

        In this order it is a label that the row gives, an option as the row writes it, an option's text, a label with
        or without the text behind it, and an index from 0. One that means no option stands for itself; None for a label
        or an index that none of them has. A label that is another option's text is not accepted.

        >>> options = Options.read(["Carl", "Eve", "Bob", "Alina"])
        >>> options.accepts("(D) Alina"), options.accepts("alina"), options.accepts(3), options.accepts("E")
        (('Alina', 'D'), ('Alina', 'D'), ('Alina', 'D'), None)
        >>> options.accepts("nobody"), Options.read([1, 2, 3, 4]).accepts(3), Options.read(["B", "A"]).accepts("B")
        (('nobody',), ('3', 'C'), ('B',))
        """
        place = self.place(reference)
        if place is not None:
            others = {text.casefold() for text in self.texts[:place] + self.texts[place + 1 :]}
            label = self.labels[place]
            return (self.texts[place],) if label.casefold() in others else (self.texts[place], label)
        return None if self._is_foreign(reference) else (str(reference),)

    def place(self, reference: object) -> int | None:
        """Return which option, from 0, a reference means; None where it means none. :meth:`accepts` says how."""
        if not isinstance(reference, str):
            same = [value == reference and type(value) is type(reference) for value in self.values]
            if True in same:
                return same.index(True)
            return reference if type(reference) is int and 0 <= reference < len(self.texts) else None
        text = reference.strip()
        if self.named and text in self.labels:
            return self.labels.index(text)
        place = self._place_of_text(text)
        if place is None:
            choice = read_choice(text, _LABELS)
            place = None if choice is None else self._place_of_label(choice.letter)
        if place is None and text.isdecimal() and len(text) < 4 and int(text) < len(self.texts):
            place = int(text)
        return place

    def _place_of_text(self, text: str) -> int | None:
        if text in self.texts:
            return self.texts.index(text)
        same = [_same(text, option) for option in self.texts]
        return same.index(True) if True in same else None

    def _place_of_label(self, label: str) -> int | None:
        folded = [known.casefold() for known in self.labels]
        return folded.index(label.casefold()) if label.casefold() in folded else None

    def _is_foreign(self, reference: object) -> bool:
        """Return whether a reference that means none of the options is a label or an index."""
        if not isinstance(reference, str):
            return True
        choice = read_choice(reference.strip(), _LABELS)
        label = "" if choice is None or choice.text else choice.letter
        letters = {known.isupper() for known in self.labels if known.isalpha()}
        capital = any(map(str.isupper, reference.strip()[-2:]))
        return reference.strip().isdecimal() or (label.isalpha() and letters == {capital})

    def against(self, answer: str, accepted: tuple[str, ...]) -> tuple[str, ...]:
        r"""Return what an answer is compared with: one that is a label with the labels only, never with a text.

        >>> options = Options.read(["f(c) = a", "f(c) = b"])
        >>> options.against("(A)", ("f(c) = b", "B")), options.against(r"\textbf{b}", ("f(c) = a", "A"))
        (('B',), ('A',))
        """
        choice = self._chosen(answer)
        named = choice is not None and not choice.text
        return tuple(text for text in accepted if text in self.labels) or accepted if named else accepted

    def said(self, answer: str, accepted: tuple[str, ...]) -> str:
        """Return what an answer says: its label alone where that is accepted, else the answer as it is.

        >>> options = Options.read(["21", "22"])
        >>> options.said("A (21)", ("21", "A")), options.said("B (21)", ("21", "A"))
        ('A', 'B (21)')
        """
        choice = self._chosen(answer)
        label = None if choice is None else self.labels[self._place_of_label(choice.letter) or 0]
        return label if label in accepted else answer

    def contradicts(self, answer: str, accepted: tuple[str, ...]) -> bool:
        r"""Return whether an answer gives the label of one option and the text of another.

        >>> options = Options.read(["Carl", "Eve", "Bob", "Alina"])
        >>> answers = ["(D) Bob", r"\textbf{(D) }Bob", "(D) Alina", "(D)", "(D) since he lies", "Alina"]
        >>> [options.contradicts(answer, ("Alina", "D")) for answer in answers]
        [True, True, False, False, False, False]
        """
        choice = self._chosen(answer)
        if choice is None or not choice.text or _dense(answer) in map(_dense, accepted):
            return False
        same = [_dense(choice.text) == _dense(option) for option in self.texts]
        same = same if True in same else [_same(choice.text, option) for option in self.texts]
        return True in same and not same[self._place_of_label(choice.letter) or 0]

    def rivals(self, answer: str, accepted: tuple[str, ...]) -> tuple[str, ...]:
        r"""Return what an answer without a label must not equal too, beside an accepted text: those of other options.

        There are none for the accepted text as it is written.

        >>> options = Options.read(["1/2", "0.5", "2"])
        >>> [options.rivals(answer, ("1/2", "A")) for answer in ("(A) 0.50", "0.50", "1/2")]
        [(), ('0.5', '2'), ()]
        """
        if self._chosen(answer) is not None or _dense(answer) in map(_dense, accepted):
            return ()
        wanted = [text for place, text in enumerate(self.texts) if text in accepted or self.labels[place] in accepted]
        return tuple(text for text in self.texts if text not in wanted)

    def _chosen(self, answer: str) -> Choice | None:
        """Return the option that an answer names by its label."""
        said = tidy(answer)
        choice = read_choice(said, _LABELS) or read_choice(value_of(said, ""), _LABELS)
        return None if choice is None or self._place_of_label(choice.letter) is None else choice


def row_options(row: Mapping[str, Any]) -> Options | None:
    """Return the options that stand in the first of a row's :data:`OPTION_COLUMNS` that holds some; None without.

    >>> row_options({"question": "Who?", "choices": None, "options": ["Carl", "Eve"]}).texts
    ('Carl', 'Eve')
    """
    read = (Options.read(row[name]) for name in OPTION_COLUMNS if name in row)
    return next((options for options in read if options is not None), None)


def _same(text: str, option: str) -> bool:
    return text.strip().casefold() == option.casefold() or compare(text, option) is True


def _dense(text: str) -> str:
    return tidy(text).replace(" ", "")


def decoded(value: object) -> object:
    """Return what a text holds that is a list or an object in JSON, None for a torn one; anything else as it is.

    >>> decoded('["Alina", "Bob"]'), decoded("[1, 2"), decoded("Alina")
    (['Alina', 'Bob'], None, 'Alina')
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):  # a text that is no JSON, or nested too deep to hold options
        return None
