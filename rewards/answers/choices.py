"""Multiple choice: an option's letter, alone ("C", "letter C") or with its text ("(D) Alina", "Alina (D)")."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from .numbers import read_quantity, same_quantity
from .qualifiers import qualifies

LETTERS = "A-J"
"""Labels of options that a text may have, as a pattern's class of characters, where no row says which there are."""

_LABEL = re.compile(r"(?<![A-Za-z])[A-J][).:]")
_LETTER = re.compile(r"(?<![A-Za-z'])(?:[B-J]|A(?! [a-z]))(?![A-Za-z'])")  # "maybe D", but not "A pound"
_DENIED = re.compile(
    r"(?:is|was|seems|looks|must be)\s(?:\w+ly\s)?(?:wrong|incorrect|false|not)\b|(?:isn|can)['’]t\b|cannot\b",
    re.IGNORECASE,
)
_TITLE = re.compile(r"[^\W\d_]+(?:[ '-][^\W\d_]+){0,3}")  # Paris, New York City
_HAS_WORD = (
    r"(?! [^()]*\\ | (?:sin|cos|tan|cot|sec|csc|log|exp|max|min|gcd|lcm|deg|det|dim)\b ) (?= [^()]* [^\W\d_]{3} )"
)


class Choice(NamedTuple):
    """An option: its letter, in capitals, and the text that stands with it ("" for the letter alone)."""

    letter: str
    text: str


@lru_cache(maxsize=8)
def _pattern(labels: str) -> re.Pattern[str]:
    """Match an option; without known labels, brackets and dashes need a word beside them: ``A (x+1)`` is a product.

    An equals sign needs a word where they are known, and else makes no option: ``A = lwh`` is an area.
    """
    word, named = (_HAS_WORD, "(?!)") if labels == LETTERS else ("", _HAS_WORD)
    return re.compile(
        rf"""
        (?: (?:option|choice|letter) \s+ )?
        (?: \(\s?(?P<bracketed>[{labels}])\s?\) | (?P<marked>[{labels}])\s?[):]
          | (?P<pointed>[{labels}])[.] (?! [ ]?[A-Z][.] | \d ) | (?P<bare>[{labels}]) (?= \Z | [ ][-(] | [ ]?= )
        )
        (?: \Z
          | (?<= [).:] ) \s* (?P<text> \S .* )                       # (C) 12, C) 12, C. Paris, but not J. K. Rowling
          | [ ] - [ ] (?P<dashed> {word} \S .* )                     # C - Paris
          | [ ]? = [ ]? (?P<equated> {named} [^\d=]+ )                # C = Paris, but not C = 12
          | [ ] \( (?P<inside> {word} [^()]+ ) \)                    # C (Paris)
        )
        | (?P<before> {word} [^()]+ ) [ ] \( (?P<behind> [{labels}] ) \)    # Paris (C)
        """,
        re.VERBOSE | re.IGNORECASE | re.DOTALL,
    )


def read_choice(plain: str, labels: str = LETTERS) -> Choice | None:
    """Return the option that a tidied text is, None for anything else and for several options.

    >>> read_choice("(D) Alina"), read_choice("option c"), read_choice("C) 5 or D) 6"), read_choice("J. K. Rowling")
    (Choice(letter='D', text='Alina'), Choice(letter='C', text=''), None, None)
    >>> read_choice("D (Alina)"), read_choice("Alina (D)"), read_choice("D (x+1)"), read_choice("D - x")
    (Choice(letter='D', text='Alina'), Choice(letter='D', text='Alina'), None, None)
    """
    option = _pattern(labels).fullmatch(plain)
    if option is None:
        return None
    letter, *_ = filter(None, option.group("bracketed", "marked", "pointed", "bare", "behind"))
    beside = option["dashed"] or option["equated"] or option["inside"] or option["before"] or ""
    if (
        option["before"]
        and labels == LETTERS
        and (not _TITLE.fullmatch(option["before"]) or qualifies(option["before"]))
    ):
        return None  # "anything except (C)"
    text = option["text"] or beside
    if _DENIED.match(text):
        return None  # "(C) is wrong"
    return None if _LABEL.search(text) or _LETTER.search(beside) else Choice(letter.upper(), text.strip())


def _is_title(text: str) -> bool:
    return _TITLE.fullmatch(text) is not None and not qualifies(text)


def same_choice(answer: str, reference: str) -> bool | None:
    """Return whether two options have the same letter; None where one of the two is no option.

    A letter alone is an option where the reference is one: a capital, or a letter with its text. Two texts in words may
    say the same of one option, two numbers do not.

    >>> same_choice("D", "(D) Alina"), same_choice("c) Paris", "C"), same_choice("x", "(D) Alina")
    (True, True, None)
    >>> same_choice("a", "b") is None, same_choice("(D) 5", "(D) 6"), same_choice("(D) 0.5", "(D) 1/2")
    (True, False, True)
    """
    wanted = read_choice(reference)
    if wanted is None or not (wanted.text or any(map(str.isupper, reference))):
        return None
    given = read_choice(answer)
    if given is None:
        return None
    said, meant = read_quantity(given.text), read_quantity(wanted.text)
    return given.letter == wanted.letter and (said is None or meant is None or same_quantity(said, meant))
