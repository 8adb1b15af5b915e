"""The last expression or number of a text, with the signs and words beside it that make it another: "not 18", "−18"."""

from __future__ import annotations

import re

from ..reward import Span
from .denials import is_taken_back
from .qualifiers import NUMBER_WORDS, QUALIFIERS, SCALES
from .trailing_words import makes_another
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
_POINTS = re.compile(
    r"""
    (?: \b (?: figure | fig | table | equation | eq | theorem | lemma | corollary | proposition | example | step
             | section | chapter | appendix | footnote )
      | \b see \s (?: page | p ) )
    [.]? \s* [(\[]? \Z
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What makes of the number behind it a place: "as in figure 3"."""

_OTHER = re.compile(r"\$[^$]{1,100}\$,?\s+or\s+\Z")
_SIGNS_BEFORE = re.compile(
    r"""
    (?: (?<![\w.]) (?: \d+ /? [A-Za-z] | [A-Za-z)] (?: \^ \S{1,9} | [²³] ) ) \s? = \s?     # 2x = 18, x^2 = 18
      | [±¬≠<>≤≥∞∑∫π|!(] \s? (?<! [ ] \( )                      # ≠ 18, |18, 3(18
      | [\w.)}\]]* (?: [*^×·√/] \s? | [-+−–] )                  # 5*18, 2^18, 1/18, 16-18, √18
      | [\w.(]* [\d)] \s [-+−–*^×·/] \s | (?<=[^\n]) − \s      # 20 - 18, − 18
      | \b sqrt \s? \(? | \w \(                                 # sqrt 18, f(18
    )+ \Z
    """,
    re.VERBOSE,
)
_SIGNS_AFTER = re.compile(
    r"""
    \)* (?: [²³‰] | \^\S+ | _\S+ | \s?[*×·]\s?\d\S* | [-−–/]\d\S* | \+(?!\w)        # 18², 18 * 2, 18-20, 18+
      | (?!(?:st|nd|rd|th)\b) [A-Za-zπ]\w* | \s (?![AaI]\b) [A-Za-zπ] (?![\w'’.])       # 18x, 18ish, 18 x
      | - (?!(?:year|month|week|day|hour|minute|mile|foot|inch)\b) [A-Za-z]\S* | ['’]s\b  # 18-fold, 18's complement
    )
    """,
    re.VERBOSE,
)
_WORDS_BEFORE = re.compile(
    r"""
    (?: \S+ \s+ (?=or\s) )? (?P<first> [A-Za-z]+ (?:['’]t)? ) :? \s+
    (?P<joining> (?: (?:of|the|than|an?|to|by|be|equal|exactly|about) \s+ ){0,3} ) [$\\(\[{*]* \Z
    """,
    re.VERBOSE,
)
_WORDS_AFTER = re.compile(
    r"""
    \s* (?: (?:hundred|thousand|million|billion|trillion|dozen)s? | percent ) \b
    | \s and \s (?:a|one) \s (?:half|third|quarter) \b
    | (?P<bracket> \s? \( [^()\n]{1,40} \) )
    | \s do(?:es)? (?: n['’]t | \s not ) \b
    | \s (?: is | was | seems | would \s be | can(?:not|['’]t) \s be | isn['’]t ) \s (?: \w+ly \s )?
      (?: wrong | incorrect | false | not | impossible | too | right | correct ) \b
    | \s (?: to | through | of | vs | versus | out \s of ) \s (?P<number> [A-Za-z]+ )
    | \s (?P<next> [A-Za-z]+ ) (?: \s \w+ )?
    """,
    re.VERBOSE,
)
_NO_QUALIFIERS = ("but", "by", "if", "between", "without", "over")
"""Qualifiers that say nothing of the number beside them: "not 17 but 18", "18 if we add both"."""

_OPERATIONS = ("times", "square", "non", "unlike", "instead")
"""Words that qualify the number behind them, though they may stand beside another."""

TAIL = 2_000
"""Characters at the end of a text in which a value is looked for."""

_POINTER = 20
"""Characters before a number that say that it names a place."""

_REACH = 80
"""Characters beside a value that may belong to it."""


def find_last_value(text: str) -> Span | None:
    """Return where the last expression between math delimiters stands, or the last number if that comes later.

    A number that names a place ("in step 3") counts only where there is no other. None where what follows denies it.
    What makes another value of it belongs to it, so that it is compared with it: an operation's sign or word, a
    negation, a scale, a unit.

    >>> texts = ["so it is 18.", "so it's not 18.", "we get √18", "half of the 18", "it is 18 million", "2x = 18"]
    >>> [text[slice(*find_last_value(text))] for text in texts]
    ['18', 'not 18', '√18', 'half of the 18', '18 million', '2x = 18']
    """
    offset = max(0, len(text) - TAIL)
    values = [*_EXPRESSION.finditer(text, offset), *_NUMBER.finditer(text, offset)]
    if not values:
        return None
    spans = sorted([match.span() for match in values], key=lambda span: (-span[1], span[0]))
    named = (span for span in spans if not _POINTS.search(text, max(0, span[0] - _POINTER), span[0]))
    start, end = next(named, spans[0])
    while other := _OTHER.search(text, max(offset, start - 2 * _REACH), start):
        start = other.start()  # $x = 3$ or $x = -3$
    before, after = text[max(0, start - _REACH) : start], text[end : end + _REACH]
    signs = _SIGNS_BEFORE.search(before)
    start -= len(signs[0]) if signs else _words_before(before)
    if is_taken_back(text, end):
        return None
    signs = _SIGNS_AFTER.match(after)
    return Span(start, end + (signs.end() if signs else _words_after(after) or starts_with_unit(after)))


def _words_before(before: str) -> int:
    """Return how many characters before a value qualify it."""
    words = _WORDS_BEFORE.search(before)
    if words is None:
        return 0
    first = words["first"].lower().replace("’", "'")
    return len(words[0]) if first in _OPERATIONS or _qualifies(first) or "than " in words["joining"] else 0


def _words_after(after: str) -> int:
    """Return how many characters behind a value qualify it."""
    words = _WORDS_AFTER.match(after)
    if words is None or (words["bracket"] and not makes_another(words["bracket"])):
        return 0
    if words["number"] and words["number"] not in NUMBER_WORDS:
        return 0
    if words["next"] and not (_qualifies(words["next"]) or words["next"].lower() in SCALES):
        return 0
    return words.end()


def _qualifies(word: str) -> bool:
    return word in QUALIFIERS and word not in _NO_QUALIFIERS
