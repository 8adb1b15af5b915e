"""Numbers written in English words."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

_VALUES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4,
    "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10,
}  # fmt: skip
_ONE_PART = re.compile(
    r"(?:an?\s+)?(?P<half>half)(?![\w-])|an?\s+(?P<part>[a-z]+)(?![\w-])", re.IGNORECASE
)  # half, a third
_AND_PART = re.compile(r"\s+and\s+(?=\S)")  # two and a half, three and two thirds
_OF_ONE = re.compile(r"\A(?:\s+of)?\s+an?(?=\s)")  # half (of) a cup
_NEXT = re.compile(r"(?P<join>\s+and\s+|[\s-]+)?(?P<word>[A-Za-z]+)")


class NumberWords(NamedTuple):
    """The number that a text begins with, and the text behind it."""

    value: Fraction
    rest: str


def read_number_words(text: str) -> NumberWords | None:
    """Return the number whose words a text begins with, or None.

    >>> read_number_words("two thousand one hundred and five eggs")
    NumberWords(value=Fraction(2105, 1), rest=' eggs')
    >>> read_number_words("two-thirds of it"), read_number_words("one and two").rest, read_number_words("seventh")
    (NumberWords(value=Fraction(2, 3), rest=' of it'), ' and two', None)
    >>> read_number_words("half a cup"), read_number_words("a quarter")
    (NumberWords(value=Fraction(1, 2), rest=' cup'), NumberWords(value=Fraction(1, 4), rest=''))
    >>> read_number_words("two and a half hours"), read_number_words("one two")
    (NumberWords(value=Fraction(5, 2), rest=' hours'), None)
    """
    one = _ONE_PART.match(text)
    part_word = (one["half"] or one["part"]).lower() if one else ""
    if one and part_word in _PARTS:
        return NumberWords(Fraction(1, _PARTS[part_word]), _OF_ONE.sub("", text[one.end() :]))
    total = part = end = 0
    room, scale = 100, 10**15  # the next word of a value and the next scale stay below these
    while next_word := _NEXT.match(text, end):
        word = next_word["word"].lower()
        joined = bool(next_word["join"]) and "and" in next_word["join"]
        if word in _VALUES and _VALUES[word] < room and (room == 100 or not joined) and (_VALUES[word] or not end):
            part += _VALUES[word]
            room = 10 if _VALUES[word] >= 20 else 0
        elif word == "hundred" and 0 < part < 100 and not joined:
            part, room = 100 * part, 100
        elif word in _SCALES and _SCALES[word] < scale and part and not joined:
            scale = _SCALES[word]
            total, part, room = total + part * scale, 0, 100
        elif word in _PARTS and end and not joined:
            return NumberWords(Fraction(total + part, _PARTS[word]), text[next_word.end() :])
        elif word in _VALUES and not joined:
            return None
        else:
            break
        end = next_word.end()
    if not end:
        return None
    joined_part = _AND_PART.match(text, end)
    fraction = read_number_words(text[joined_part.end() :]) if joined_part else None
    if fraction and 0 < fraction.value < 1:
        return NumberWords(total + part + fraction.value, fraction.rest)
    return NumberWords(Fraction(total + part), text[end:])
