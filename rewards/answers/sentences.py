"""The number that a sentence says: "Tom has 18 apples left" says 18, and "half of 18", "no 18", "18 is wrong" do not.

What may stand before the number is an allow-list: nothing, a verb that says how much (:data:`_LEADS`), or a noun of
quantity with "of". "Negative" and "minus" make it negative. What stands behind it is its unit and the rest of a
clause. No word anywhere may apply an operation to the number, judge it, or be another number.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .number_words import read_number_words
from .numbers import Quantity, read_quantity
from .qualifiers import NUMBER_WORDS, qualifies, scales, words_of
from .units import canonical_unit

_NUMBER = re.compile(
    r"""
    (?<![\w.,]) (?:-\s?)? [$€£¥]?
    \d[\d,]* (?:\.\d+)?
    (?! [\w/^] | [.,:]\d ) \s* %?                   # neither 3/4 nor 12:30
    """,
    re.VERBOSE,
)
_SPELT = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(NUMBER_WORDS, key=len, reverse=True))})(?![\w])", re.IGNORECASE)
_MATH_SIGN = re.compile(r"[=+*/^<>\\|{}\[\]]|\w\(")
_LEAD_WORDS = """
    is are was were be been equals equal gives gave yields makes make made has have had having gets get got needs need
    needed costs cost takes take took leaves leave left remains remain pays pay paid spends spend spent earns earn
    earned sells sell sold saves save saved buys buy bought uses use used eats eat ate bakes baked drives drove runs
    ran walks walked collects collected receives received owns sees reads read wrote writes works worked totals
    contains holds weighs measures lasts scores scored becomes became reaches drinks drank charges charged
    only exactly just still now then therefore thus the these his her their its precisely altogether so
"""
_LEADS = frozenset(_LEAD_WORDS.split())
"""Words that may stand right before a number: a verb that says how much, an adverb, an article."""

_LEADS_AFTER_WORDS = ("for", "at", "after", "in", "on", "with")
_QUANTITIES = re.compile(
    r"""
    (?: total | amount | distance | length | width | area | volume | cost | price | profit | speed | age | weight
      | height | average | mean | sum | number | score | value | rate | income | salary | revenue | perimeter
    ) \s of
    | (?: equal | amounts? | comes? | came | adds \s up | sums \s up ) \s to
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NEGATIVE = ("negative", "minus")
_LAST_WORDS = re.compile(r"\S+\s+\S+$")


@lru_cache(maxsize=65_536)
def lone_number(plain: str) -> Quantity | None:
    """Return the number that a tidied sentence says, None where it says several, none, or something about one.

    >>> lone_number("Tom has 18 apples left").value, lone_number("it is negative 5").value
    (Fraction(18, 1), Fraction(-5, 1))
    >>> [lone_number(text) for text in ("fewer than 18 apples", "18 apples and 3 pears", "half of 18", "no 18")]
    [None, None, None, None]
    """
    number = next(_NUMBER.finditer(plain), None) or _SPELT.search(plain)
    if number is None or len(plain) > 400:
        return None
    before, after = plain[: number.start()].rstrip(" :"), plain[number.end() :]
    if number[0][0].isalpha():
        spelt = read_number_words(plain[number.start() :])
        if spelt is None:
            return None
        after = spelt.rest
    said = plain[number.start() : len(plain) - len(after)]
    if any(map(str.isdigit, before + after)) or _MATH_SIGN.search(before) or _MATH_SIGN.search(after):
        return None
    words = words_of(before)
    negative = bool(words) and words[-1] in _NEGATIVE
    if negative:
        words, before = words[:-1], before[: before.lower().rfind(words[-1])].rstrip()
    if not _leads(before, words) or qualifies(before) or qualifies(after) or scales(after):
        return None
    unit = canonical_unit(after, "")
    quantity = read_quantity(said.strip())
    if quantity is None or (unit is None and not _is_clause(after)):
        return None
    unit = quantity.unit or unit or ""
    return quantity._replace(value=-quantity.value if negative else quantity.value, unit=unit)


def _leads(before: str, words: list[str]) -> bool:
    """Return whether these words may stand before a number that they say."""
    if not words:
        return not before.strip("($ ")
    if words[-2:] == ["to", "the"] or (words[-1] == "after" and words[-2:-1] in (["number"], ["integer"])):
        return False  # e to the 18, the number after 18
    if words[-1] in _LEADS or (len(words) > 1 and words[-1] in _LEADS_AFTER_WORDS):
        return True
    last = _LAST_WORDS.search(before)
    return last is not None and _QUANTITIES.search(last[0]) is not None


_CLAUSE = re.compile(
    r"""
    \s* (?: [A-Za-z'-]+ \s+ ){0,3}                                      # the unit
    (?: is | are | was | were | will | would | has | have | had | in | at | on | per | for | from | of | to | by | each
      | left | more | after | before | when | because | since | so | that | who | which | with | and | every | total
      | altogether | remaining | during | as
    ) \b .*
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def _is_clause(after: str) -> bool:
    """Return whether what stands behind a number is a unit of few words and the rest of a clause."""
    return not after.strip(" .,;!)") or _CLAUSE.fullmatch(after) is not None
