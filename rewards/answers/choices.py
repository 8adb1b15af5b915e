"""Multiple choice: an option's letter, alone ("C", "(C)", "option C") or with its text ("(D) Alina", "C. Paris")."""

from __future__ import annotations

import re
from typing import NamedTuple

_LETTER = re.compile(r"(?:option |choice )?\(?([A-J])\)?", re.IGNORECASE)  # "(C)", "option c"
_LABELLED = re.compile(
    r"""
    (?: option[ ] | choice[ ] )?
    (?: \(([A-J])\) | ([A-J])[):] | ([A-J])[.][ ] (?! [A-Z][. ] ) ) \s* (.+)    # "(C) 12", "C) 12", "C. Paris"
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_LABEL = re.compile(r"(?<![A-Za-z])[A-J][).:]")


class Choice(NamedTuple):
    """An option: its letter, in capitals, and the text that stands behind it ("" for the letter alone)."""

    letter: str
    text: str


def read_choice(plain: str) -> Choice | None:
    """Return the option that a tidied text is, None for anything else and for several options.

    >>> read_choice("(D) Alina"), read_choice("option c"), read_choice("C) 5 or D) 6"), read_choice("J. K. Rowling")
    (Choice(letter='D', text='Alina'), Choice(letter='C', text=''), None, None)
    """
    letter = _LETTER.fullmatch(plain)
    if letter:
        return Choice(letter[1].upper(), "")
    labelled = _LABELLED.fullmatch(plain)
    if labelled is None or _LABEL.search(labelled[4]):
        return None
    return Choice((labelled[1] or labelled[2] or labelled[3]).upper(), labelled[4].strip())


def same_choice(answer: str, reference: str) -> bool | None:
    """Return whether two options have the same letter; None where one of the two is no option.

    A letter alone is an option where the reference is one: a capital, or a letter with its text.

    >>> same_choice("D", "(D) Alina"), same_choice("c) Paris", "C"), same_choice("x", "(D) Alina")
    (True, True, None)
    >>> same_choice("a", "b") is None
    True
    """
    wanted = read_choice(reference)
    if wanted is None or not (wanted.text or any(map(str.isupper, reference))):
        return None
    given = read_choice(answer)
    if given is None:
        return None
    return given.letter == wanted.letter
