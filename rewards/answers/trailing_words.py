"""What a sentence says beside its value: what it is not ("18, not 17"), and words without a value ("72, in total")."""

from __future__ import annotations

import re

from .choices import read_choice
from .normalize import tidy
from .numbers import read_quantity

_REJECTED = re.compile(
    r"""
    (?: (?P<aside> \s*+ [,;(] \s*+ ) | \s++ )   # "18, …", "18 (…" or "18 …"
    (?: (?:but|and) \s++ (?=not\s) )?
    (?: (?: (?:it|this|that|which) \s (?:is\s|was\s)? )? not (?!\s(?:exactly|quite|sure|certain|really))
      | rather[ ]than | instead[ ]of | as[ ]opposed[ ]to
      | (?:it|this|that) \s (?: can(?:not|'t|’t)[ ]be | isn['’]t )
    ) \s
    [^()]*+ \)?$
    | (?P<cjk> 而?不是 | 而非 ) .* $             # "B不是 A"
    """,
    re.VERBOSE | re.DOTALL,
)
_ASIDE = re.compile(
    r"""
    , \s++ (?P<words>
        (?: in | on | at | for | after | before | as | so | since | because | which | where | when | with | this | that
          | these | it | he | she | they | we | you | there | the | an? | to | of | per | each | total | altogether | if
          | given | assuming | rounded | using | by | thus | therefore | making | leaving | meaning | i\.e\. )
        \b .*
    )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_CHOSEN = re.compile(r"(?:\([A-J]\)|[A-J])(?=\.?\s(?:because|since)\s)")  # C because it fits
_OTHER_VALUE = re.compile(r"\d|\\|\b(?:or|not|maybe|perhaps|could|might|wrong|but|(?-i:[A-J]))\b(?!')", re.IGNORECASE)
"""What makes of words behind a comma another answer, or a doubt."""

_OTHER_NUMBER = re.compile(
    r"""
    \b (?: (?:hundred|thousand|lakh|million|crore|billion|trillion|dozen)s? | negative | minus
      | square (?:d|[ ](?:of|root)) | cubed? | root | reciprocal | inverse | factorial | percent
      | basis[ ]points? | bps | ppm | per[ ]?mille
      | (?: it | which | this | that ) [ ] (?: is | was ) [ ] (?: \w+ly [ ] )? (?: wrong | incorrect | false )
    ) \b
    | \b so [ ] (?: double | triple | halve ) \b
    | \A \W* (?: wrong | incorrect | false | not? | x\d ) \b
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What makes of them another number: "18, in millions" is not 18."""


def makes_another(words: str) -> bool:
    """Return whether the words of an aside make another number of the one before them, or deny it.

    >>> makes_another("in millions"), makes_another("(squared)"), makes_another("(wrong)"), makes_another("as above")
    (True, True, True, False)
    """
    return _OTHER_NUMBER.search(words) is not None


def end_of_value(text: str) -> int:
    """Return how many characters of an answer are its value; the rest says what it is not, or no value.

    A list needs values on both sides of its comma; words behind one that hold no other value are an aside.

    >>> texts = ["18 (rather than 17)", "72, in total", "18, not 17", "D, it can't be A"]
    >>> [text[: end_of_value(text)] for text in texts]
    ['18', '72', '18', 'D']
    >>> texts = ["18, or 17", "Paris, the capital", "does not exist"]
    >>> [text[: end_of_value(text)] for text in texts]
    ['18, or 17', 'Paris, the capital', 'does not exist']
    """
    if " " not in text and text.isascii():  # words stand between blanks, but for those in Chinese
        return len(text)
    chosen = _CHOSEN.match(text)
    if chosen:
        return chosen.end()
    end = _before_rejected(text)
    return _before_aside(text[:end]) if ", " in text[:end] else end


def _before_rejected(text: str) -> int:
    rejected = _REJECTED.search(text)
    if rejected is None:
        return len(text)
    marked = rejected["aside"] or rejected["cjk"]
    if not marked and read_quantity(text[: rejected.start()]) is None:
        return len(text)  # without a comma or bracket only a number is cut: "does not exist" is an answer
    return rejected.start()


def _before_aside(text: str) -> int:
    for aside in _ASIDE.finditer(text):
        plain = tidy(text[: aside.start()])
        if (read_quantity(plain) or read_choice(plain)) and not (
            _OTHER_VALUE.search(aside["words"]) or makes_another(aside["words"])
        ):
            return aside.start()
    return len(text)
