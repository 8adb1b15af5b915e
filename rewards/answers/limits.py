"""Which expressions are too large to evaluate: checked on their text, before any algebra sees them."""

from __future__ import annotations

import math
import re

LONGEST_EXPRESSION = 600
"""Characters of an expression that algebra is asked about."""

DEEPEST_POWER = 2
"""Exponents within exponents that are evaluated."""

DEEPEST_NESTING = 24
"""Brackets within brackets that are evaluated."""

MOST_DIGITS = 4
"""Digits of an exponent, or of a factorial's argument less one, that are evaluated."""

_HUGE = re.compile(r"\^\s*\{?\s*[-+(]*\s*\d[\d,. ]{4,}|\d{4,}\s*!|!\s*\)*\s*!|\\binom\s*\{\d{5,}|\d{60,}")
_TOWER = re.compile(r"\^\s*[{( ]*(\d{1,4})\s*\^\s*[{( ]*(\d{1,4})")
_CHAIN = re.compile(r"\^\s*\w+\s*\^\s*\w+\s*\^")
_TOKEN = re.compile(r"[(){}\[\]^]|\\?[A-Za-z0-9]+")


def is_too_large(plain: str) -> bool:
    r"""Return whether evaluating an expression could explode: power towers, huge exponents or factorials,
    brackets that nest deep or never close.

    >>> is_too_large("5^{5^{5^5}}"), is_too_large("9^{99999}"), is_too_large("2^{10}"), is_too_large("e^{x^2}")
    (True, True, False, False)
    """
    if len(plain) > LONGEST_EXPRESSION or _HUGE.search(plain) or _CHAIN.search(plain):
        return True
    return _is_deep(plain) or any(_digits(tower) > MOST_DIGITS for tower in _TOWER.finditer(plain))


def _digits(tower: re.Match[str]) -> float:
    base, power = int(tower[1]), int(tower[2])
    return power * math.log10(base) if base > 1 else 0.0


def _is_deep(plain: str) -> bool:
    raised = [False]
    power = False
    for token in _TOKEN.findall(plain):
        if token in "({[":
            raised.append(power)
        elif token in ")}]":
            raised.pop() if len(raised) > 1 else None
        power = token == "^"
        if (power and sum(raised) >= DEEPEST_POWER) or len(raised) > DEEPEST_NESTING:
            return True
    return len(raised) > 1  # a parser may take for ever to find that a bracket never closes
