"""The last expression or number of a text, with the signs and words beside it that make it another: "not 18", "−18"."""

from __future__ import annotations

import re

from ..reward import Span
from .denials import is_taken_back
from .qualifiers import QUALIFIERS
from .units import starts_with_unit

_EXPRESSION = re.compile(
    r"""
    \$\$? [^$]{1,300} \$\$?                     # $x = 5$
    | \\\( .{1,300}? \\\)                       # \(x = 5\)
    | \\\[ .{1,300}? \\\]                       # \[x = 5\]
    """,
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(
    r"""
    (?<![\w.]) -? [$€£]?
    (?: \d[\d,]* (?:\.\d+)?                     # 1,200.50
        (?:/\d+ | \s?[½⅓⅔¼¾⅛⅜⅝⅞⅕⅖⅗⅘⅙⅚])? %?   # 3/4, 2½, 50%
      | [½⅓⅔¼¾⅛⅜⅝⅞⅕⅖⅗⅘⅙⅚] )
    """,
    re.VERBOSE,
)
_OTHER = re.compile(r"\$[^$]{1,100}\$,?\s+or\s+\Z")
_SIGNS_BEFORE = re.compile(
    r"""
    (?: (?<![\w.]) \d+ [A-Za-z] \s? = \s?                       # 2x = 18
      | [A-Za-z)] \^ \S{1,9} \s? = \s?                          # x^2 = 18
      | [\w.)}\]]* (?: [*^×·√/] \s? | [-+−–] )                  # 5*18, 2^18, 1/18, 16-18, √18
      | [\w.(]* [\d)] \s [-+−–*^×·/] \s | (?<=[^\n]) − \s      # 20 - 18, − 18
      | \b sqrt \s? \(? | \w \(                                 # sqrt 18, f(18
    )+ \Z
    """,
    re.VERBOSE,
)
_SIGNS_AFTER = re.compile(
    r"\)*(?:[²³]|\^\S+|\s?[*×·]\s?\d\S*|[-−–/]\d\S*|(?!(?:st|nd|rd|th)\b)[A-Za-z]\b)"
)  # 18², 18 * 2, 18-20, 18x
_WORDS_BEFORE = re.compile(
    r"(?:\S+\s+(?=or\s))?(?P<first>[A-Za-z]+(?:['’]t)?)\s+(?P<joining>(?:(?:of|the|than|an?|to|by|be|equal|exactly|about)\s+){0,3})[$\\([{*]*\Z"
)
_WORDS_AFTER = re.compile(
    r"""
    \s* (?: (?:hundred|thousand|million|billion|trillion|dozen)s? | squared | cubed | factorial | percent ) \b
    | \s (?: is | was | seems | would \s be | can(?:not|['’]t) \s be | isn['’]t ) \s (?: \w+ly \s )?
      (?: wrong | incorrect | false | not | impossible | too | right | correct ) \b
    | \s (?: too | or ) \s \w+
    """,
    re.VERBOSE,
)
_NO_QUALIFIERS = ("but", "by", "if")
"""Qualifiers that say nothing of the number behind them: "not 17 but 18"."""

TAIL = 2_000
"""Characters at the end of a text in which a value is looked for."""

_REACH = 80
"""Characters beside a value that may belong to it."""


def find_last_value(text: str) -> Span | None:
    """Return where the last expression between math delimiters stands, or the last number if that comes later.

    None where what follows denies it. What makes another value of it belongs to it, so that it is compared with it: an
    operation's sign or word, a negation, a scale, a unit.

    >>> texts = ["so it is 18.", "so it's not 18.", "we get √18", "half of the 18", "it is 18 million", "2x = 18"]
    >>> [text[slice(*find_last_value(text))] for text in texts]
    ['18', 'not 18', '√18', 'half of the 18', '18 million', '2x = 18']
    """
    offset = max(0, len(text) - TAIL)
    values = [*_EXPRESSION.finditer(text, offset), *_NUMBER.finditer(text, offset)]
    if not values:
        return None
    start, end = max((match.span() for match in values), key=lambda span: (span[1], -span[0]))
    while other := _OTHER.search(text, max(offset, start - 2 * _REACH), start):
        start = other.start()  # $x = 3$ or $x = -3$
    before, after = text[max(0, start - _REACH) : start], text[end : end + _REACH]
    signs = _SIGNS_BEFORE.search(before)
    start -= len(signs[0]) if signs else _words_before(before)
    if is_taken_back(text, end):
        return None
    behind = _SIGNS_AFTER.match(after) or _WORDS_AFTER.match(after)
    return Span(start, end + (behind.end() if behind else starts_with_unit(after)))


def _words_before(before: str) -> int:
    """Return how many characters before a value qualify it."""
    words = _WORDS_BEFORE.search(before)
    if words is None:
        return 0
    first = words["first"].lower().replace("’", "'")
    qualifies = first == "times" or (first in QUALIFIERS and first not in _NO_QUALIFIERS) or "than " in words["joining"]
    return len(words[0]) if qualifies else 0
