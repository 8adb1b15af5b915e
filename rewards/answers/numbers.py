r"""Exact numbers from plain text, with the standard library alone: no tolerance, no rounding, nothing evaluated."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from .normalize import tidy
from .number_words import read_number_words
from .units import CURRENCIES, canonical_unit, same_unit

LARGEST_EXPONENT = 2_000
"""Powers of ten beyond this are not expanded; such a number is unreadable."""

LONGEST_NUMBER = 2_000
"""Characters of a number that are read; beyond, texts are compared as they stand."""


class Quantity(NamedTuple):
    """A number read exactly; ``percent`` says that it carried a percent sign, ``unit`` is canonical or ""."""

    value: Fraction
    percent: bool
    unit: str


_DECIMAL = r"""
    (?: [1-9]\d{0,2} (?: (?:,\d{3})+ | (?:'\d{3})+ ) (?:\.\d+)?  # 1,234.5 and 1'234.5
      | \d{1,3} (?:[ ]\d{3})+ (?:\.\d+)? (?![\d/])              # 1 234.5, but not 1 234/5
      | \d+ (?:\.\d*)?                                          # 1234. and 1234.5
      | \.\d+                                                   # .5
    )"""
_NUMBER = re.compile(
    rf"""
    (?P<sign>[+-]?) \s* (?: (?P<currency>[{CURRENCIES}]) \s* )? (?P<sign2>[+-]?) \s*
    (?:
        (?P<whole>\d+)? \s* \\frac                              # \frac{{3}}{{4}}, 2\frac{{3}}{{4}}
        \s* \{{ \s* (?P<over>-?[\d.,]+) \s* \}}
        \s* \{{ \s* (?P<under>-?[\d.,]+) \s* \}}
      | (?: (?P<whole2>\d+) (?: [ ]and[ ] | [ ] ) )?            # 3/4, 2 3/4, 2 and 3/4
        (?P<top> (?!0\d) {_DECIMAL}) \s*/\s* (?P<bottom> (?!0\d) {_DECIMAL})       # 05/06 is a date
      | (?P<decimal>{_DECIMAL})
        (?: [eE] (?P<power>[+-]?\d+)                            # 2.5e3
          | \s* (?: \\times | \\cdot | [x*] ) \s* 10 \s* \^ \s* (?:\{{\s*)? (?P<power2>[+-]?\d+) \}}?
        )?                                                      # 2.5 \times 10^{{3}}
    )
    (?P<rest>.*)
    """,
    re.VERBOSE | re.DOTALL,
)
_REPEATING = re.compile(r"(-?)(\d{0,50})\.(\d{0,50})\\overline\s*\{\s*(\d{1,50})\s*\}")  # 0.1\overline{6}
_AND_SO_ON = re.compile(
    r"(?<!\d)(\d{0,50}\.\d{0,50}?)(?:(\d)\2{2,50}|(\d{2,6})\3{1,20})\.\.\.\Z"
)  # 0.1666..., 0.1212...
_PLAIN = re.compile(r"-?\d{1,18}")
_NEGATIVE = re.compile(r"(?:negative|minus)\s+(?!negative|minus)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"([-+]?\s*[$€£]?\s*\d+),(?!\d{3}(?!\d))(\d+(?!,)(?:\D.*)?)|([-+]?0),(\d+(?!,))", re.DOTALL)
_CODE = re.compile(
    r"(?P<code>USD|EUR|GBP|JPY|INR|CAD|AUD|CHF|CNY|RMB|HKD|US|Rs)(?:(?<=US)(?=\$)|\.? ?(?=-?[\d$€£])) ?", re.IGNORECASE
)  # USD 18, US$18, Rs. 18
_PARTS = {"halves": 2, "thirds": 3, "quarters": 4, "fourths": 4, "fifths": 5, "sixths": 6, "eighths": 8, "tenths": 10}
_PART = re.compile(r"\s(halves|thirds|quarters|fourths|fifths|sixths|eighths|tenths)(?![A-Za-z])")  # 3 quarters
_AND_PART = re.compile(r"\sand (?=(?:a|one|two|three)\b)")  # 2 and a half
_SCALES = {
    "dozen": 12, "hundred": 100, "thousand": 10**3, "lakh": 10**5, "million": 10**6, "crore": 10**7, "billion": 10**9,
    "trillion": 10**12,
}  # fmt: skip
_SCALE = re.compile(rf"\s*({'|'.join(_SCALES)})s?(?![A-Za-z])", re.IGNORECASE)
_MONEY_SCALES = {"k": 10**3, "m": 10**6, "mn": 10**6, "b": 10**9, "bn": 10**9}
_MONEY_SCALE = re.compile(r"(k|mn?|bn?)(?![A-Za-z])", re.IGNORECASE)  # $5k, $2M
_PERCENT = re.compile(r"\s*(?:%|percent(?:age)?(?: points?)?|per cent|pct)(?![A-Za-z])", re.IGNORECASE)


@lru_cache(maxsize=65_536)
def read_quantity(text: str) -> Quantity | None:
    r"""Return the number that the whole text is, with percent sign and unit, or None when it is something else.

    Read are signs, thousands separators (``1,000``, ``1 000``), decimals, fractions (``3/4``, ``\frac{3}{4}``),
    mixed and vulgar numbers (``2\frac{1}{2}``, ``5½``), scientific notation, currency signs, percent and units,
    scale words (``1.5 million``), and numbers in words (``twenty-one``, ``two thirds``, ``negative five``).

    >>> read_quantity("$1,234.50").value, read_quantity(r"2\frac{1}{2}").value, read_quantity("1e3").value
    (Fraction(2469, 2), Fraction(5, 2), Fraction(1000, 1))
    >>> read_quantity("50%")
    Quantity(value=Fraction(50, 1), percent=True, unit='')
    >>> read_quantity("18 or 19"), read_quantity("1,8"), read_quantity("x + 1")
    (None, None, None)
    """
    if _PLAIN.fullmatch(text):
        return Quantity(Fraction(int(text)), False, "")
    plain = tidy(text)
    if plain.endswith("..."):
        plain = _AND_SO_ON.sub(lambda said: rf"{said[1]}\overline{{{said[2] or said[3]}}}", plain)
    if r"\overline" in plain:
        return _read_repeating(plain)
    if not plain or len(plain) > LONGEST_NUMBER:
        return None
    code = ""
    if plain[0].isalpha():
        negative = _NEGATIVE.match(plain)
        if negative:
            quantity = read_quantity(plain[negative.end() :])
            return quantity and quantity._replace(value=-quantity.value)
        words = read_number_words(plain)
        if words:
            return _with_unit(words.value, words.rest, "")
        coded = _CODE.match(plain)
        if coded is None:
            return None
        code, plain = coded["code"], plain[coded.end() :]
    number = _NUMBER.match(plain)
    value = _value(number) if number else None
    if number is None or value is None:
        return None
    if number["sign"] and number["sign2"]:
        return None  # --18
    below_zero = number["sign"] == "-" or number["sign2"] == "-"
    return _with_unit(-value if below_zero else value, number["rest"], code or number["currency"] or "")


def read_decimal_comma(plain: str, fewest: int = 1) -> Quantity | None:
    """Return the number that a comma for the decimal point makes, None where it may separate thousands or items.

    ``fewest`` digits must follow the comma: a reference ``1,5`` is the list of 1 and 5.

    >>> read_decimal_comma("1,22").value, read_decimal_comma("0,111").value, read_decimal_comma("1,222")
    (Fraction(61, 50), Fraction(111, 1000), None)
    >>> read_decimal_comma("1,5").value, read_decimal_comma("1,5", fewest=2)
    (Fraction(3, 2), None)
    """
    comma = _DECIMAL_COMMA.fullmatch(plain)
    if comma is None:
        return None
    whole, rest = (comma[1], comma[2]) if comma[1] else (comma[3], comma[4])
    return (
        None if "," in rest or not rest[:fewest].isdecimal() or len(rest) < fewest else read_quantity(f"{whole}.{rest}")
    )


def _with_unit(value: Fraction, rest: str, currency: str) -> Quantity | None:
    if not rest and not currency:
        return Quantity(value, False, "")
    scale = _SCALE.match(rest)
    if scale:
        value *= _SCALES[scale[1].lower()]
        rest = rest[scale.end() :]
    elif currency and (scale := _MONEY_SCALE.match(rest)):
        value *= _MONEY_SCALES[scale[1].lower()]
        rest = rest[scale.end() :]
    elif part := _PART.match(rest):
        value, rest = value / _PARTS[part[1]], rest[part.end() :]
    elif joined := _AND_PART.match(rest):
        words = read_number_words(rest[joined.end() :])
        if words is None or not 0 < words.value < 1:
            return None
        value, rest = value + words.value, words.rest
    percent = _PERCENT.match(rest)
    unit = canonical_unit(rest[percent.end() :] if percent else rest, currency)
    return None if unit is None else Quantity(value, percent is not None, unit)


def _value(number: re.Match[str]) -> Fraction | None:
    if number["decimal"] is None:
        if number["top"] is None:
            return _mixed(number["whole"], number["over"], number["under"])
        return _mixed(number["whole2"], number["top"], number["bottom"])
    value, power = _decimal(number["decimal"]), number["power"] or number["power2"]
    if power is None or value is None:
        return value
    if len(power) > 6 or abs(int(power)) > LARGEST_EXPONENT:
        return None
    return value * Fraction(10) ** int(power)


def _mixed(whole: str | None, top: str, bottom: str) -> Fraction | None:
    above, below = _decimal(top), _decimal(bottom)
    if above is None or not below or (whole is not None and (above < 0 or below < 0)):
        return None
    return int(whole or 0) + above / below


def _decimal(text: str) -> Fraction | None:
    whole, _, decimals = text.replace(",", "").replace("'", "").replace(" ", "").partition(".")
    try:
        return Fraction(int(whole + decimals), 10 ** len(decimals))
    except ValueError:
        return None


def _read_repeating(plain: str) -> Quantity | None:
    r"""Read ``0.1\overline{6}``: with k fixed and n repeating digits, (all - fixed digits) / (10^k (10^n - 1))."""
    number = _REPEATING.fullmatch(plain)
    if number is None:
        return None
    sign, whole, fixed, repeating = number.groups()
    head = int(whole + fixed or "0")
    value = Fraction(int(whole + fixed + repeating) - head, 10 ** len(fixed) * (10 ** len(repeating) - 1))
    return Quantity(-value if sign else value, False, "")


def same_quantity(answer: Quantity, reference: Quantity) -> bool:
    """Return whether two quantities are equal.

    Exactly, with one convention: where just one carries a percent sign it may stand for its hundredth or for
    the number as written (50% is 0.5, and answers "how many percent" with 50). Different known units differ.

    >>> read = read_quantity
    >>> same_quantity(read("50%"), read("0.5")), same_quantity(read("50%"), read("50"))
    (True, True)
    >>> same_quantity(read("0.5"), read("50")), same_quantity(read("5 km"), read("5 m"))
    (False, False)
    """
    if answer.unit != reference.unit and not same_unit(answer.unit, reference.unit):
        return False
    if answer.value == reference.value:
        return True
    if answer.percent == reference.percent:
        return False
    part = answer if answer.percent else reference
    other = reference if answer.percent else answer
    return part.value / 100 == other.value
