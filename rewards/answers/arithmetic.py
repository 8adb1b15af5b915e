r"""Exact values of sums, products, fractions, powers and factorials of plain numbers, and which expressions are too
large to evaluate: that is decided on their text, before anything is calculated or any algebra sees them.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache

LONGEST_EXPRESSION = 600
"""Characters of an expression that is calculated, or that algebra is asked about."""

DEEPEST_NESTING = 24
"""Brackets or signs within each other that are evaluated."""

DEEPEST_POWER = 2
"""Exponents within exponents that algebra evaluates."""

MOST_DIGITS = 4
"""Digits of an exponent, or of a factorial's argument less one, that algebra evaluates."""

MOST_BITS = 16_384
"""Size of a numerator or denominator that is calculated: some 4,900 digits."""

_LARGEST_FACTORIAL = 1_000
_TOKEN = re.compile(r"\d+(?:\.\d+)?|\\frac|\\times|\\cdot|\\div|[-+*/^!(){}]")
_NEIGHBOURS = re.compile(r"[\d)}] +[\d(]")
_TIMES = ("*", r"\times", r"\cdot")
_OVER = ("/", r"\div")
_CLOSING = {"(": ")", "{": "}"}


@lru_cache(maxsize=65_536)
def calculate(plain: str) -> Fraction | None:
    r"""Return the exact value of a tidied expression in numbers alone, None for anything else or anything huge.

    >>> calculate(r"3 \cdot 2^{10} - 5!"), calculate(r"-\frac{1+2}{6}"), calculate("2x")
    (Fraction(2952, 1), Fraction(-1, 2), None)
    >>> calculate("10^{100}") == 10**100, calculate("9^{9^{9}}"), calculate("1/0")
    (True, None, None)
    """
    if len(plain) > LONGEST_EXPRESSION:
        return None
    tokens = _TOKEN.findall(plain)
    if "".join(tokens) != plain.replace(" ", "") or _NEIGHBOURS.search(plain):
        return None
    reader = _Reader(tokens)
    try:
        value = reader.sum()
    except _NotArithmetic:
        return None
    return None if reader.tokens else value


class _NotArithmetic(Exception):
    """The tokens are no expression of numbers, or one too large to calculate."""


class _Reader:
    """Reads tokens from the front: a sum of products of signed powers of operands."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens[::-1]
        self._depth = 0

    def _next_in(self, *wanted: str) -> str | None:
        return self.tokens.pop() if self.tokens and self.tokens[-1] in wanted else None

    def sum(self) -> Fraction:
        total = self._product()
        while sign := self._next_in("+", "-"):
            total = _bounded(total + self._product() if sign == "+" else total - self._product())
        return total

    def _product(self) -> Fraction:
        value = self._signed()
        while sign := self._next_in(*_TIMES, *_OVER):
            factor = self._signed()
            if sign in _OVER and not factor:
                raise _NotArithmetic
            value = _bounded(value * factor if sign in _TIMES else value / factor)
        return value

    def _signed(self) -> Fraction:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise _NotArithmetic
        sign = self._next_in("-", "+")
        value = self._signed() if sign else self._power()
        self._depth -= 1
        return -value if sign == "-" else value

    def _power(self) -> Fraction:
        base = self._operand()
        while self._next_in("!"):
            base = _factorial(base)
        return _raised(base, self._signed()) if self._next_in("^") else base

    def _operand(self) -> Fraction:
        if self._next_in(r"\frac"):
            above, below = self._group("{"), self._group("{")
            if not below:
                raise _NotArithmetic
            return above / below
        opening = self._next_in("(", "{")
        if opening:
            self.tokens.append(opening)
            return self._group(opening)
        if not self.tokens or not self.tokens[-1][0].isdigit():
            raise _NotArithmetic
        return _bounded(Fraction(self.tokens.pop()))

    def _group(self, opening: str) -> Fraction:
        if not self._next_in(opening):
            raise _NotArithmetic
        value = self.sum()
        if not self._next_in(_CLOSING[opening]):
            raise _NotArithmetic
        return value


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
        raise _NotArithmetic
    return value


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or not 0 <= value <= _LARGEST_FACTORIAL:
        raise _NotArithmetic
    return Fraction(math.factorial(int(value)))


def _raised(base: Fraction, power: Fraction) -> Fraction:
    """Return ``base`` to a whole power, once its size is known to be bounded."""
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if power.denominator != 1 or bits * abs(power) > MOST_BITS or (not base and power <= 0):
        raise _NotArithmetic
    return base ** int(power)


_HUGE = re.compile(
    r"""
    \^ \s* \{? \s* [-+(]* \s* \d [\d,.\ ]{4,}       # x^{12345}
    | \d{4,} \s* !                                  # 1000!
    | ! \s* [)}]* \s* [!^]                           # 3!!, (3!)!, (9!)^{9}
    | [)}] \s* !                                     # (9^9)!, \binom{9}{3}!
    | \\[dt]?binom \s* \{ [^{}]* (?: \d{5} | [\^!\\] )   # \binom{10000}{5}, \binom{9^{9}}{5}
    | \\(?:Gamma|zeta|psi) \s* [({] [^(){}]* (?: \d{4} | [\^!\\] )     # \Gamma(10000), \Gamma(9!)
    | \\(?:sum|prod)(?![A-Za-z]) .* \\(?:sum|prod)(?![A-Za-z]) .* \\(?:sum|prod)    # sums of sums of sums
    | \^ \s* \{? \s* \d{4,} .* \^ \s* \{? \s* \d{4,}    # two such powers
    | \d{60,}
    """,
    re.VERBOSE,
)
_MATRIX = re.compile(r"\\begin\s*\{[a-zA-Z]?matrix\}|\\\\")
MOST_ROWS = 5
"""Rows of matrices, all together, that algebra is asked about, less one."""

MOST_TERMS = 2_000
"""Terms of an expression when its powers and products of sums are written out."""

_TERM_TOKEN = re.compile(r"\^\s*\{?\s*(\d{1,4})(?!\d)|\\[A-Za-z]+|[A-Za-z]|\d+|[-+(){}\[\]=,<>&]")
_TOWER = re.compile(r"\^\s*[{( ]*(\d{1,4})\s*\^\s*[{( ]*(\d{1,4})")  # x^{9^{9}}
_CHAIN = re.compile(r"\^\s*\w+\s*\^\s*\w+\s*\^")  # x^y^z^…
_NESTING = re.compile(r"[(){}\[\]^]|\\?[A-Za-z0-9]+")


def is_too_large(plain: str) -> bool:
    r"""Return whether evaluating an expression could explode: power towers, huge exponents or factorials,
    brackets that nest deep or never close.

    >>> is_too_large("5^{5^{5^5}}"), is_too_large("9^{99999}"), is_too_large("2^{10}"), is_too_large("e^{x^2}")
    (True, True, False, False)
    """
    if len(plain) > LONGEST_EXPRESSION or _HUGE.search(plain) or _CHAIN.search(plain):
        return True
    for tower in _TOWER.finditer(plain):
        base, power = int(tower[1]), int(tower[2])
        if base > 1 and power * math.log10(base) > MOST_DIGITS:
            return True
    return _is_deep(plain) or len(_MATRIX.findall(plain)) > 4 * MOST_ROWS or written_out(plain) > MOST_TERMS


def written_out(plain: str) -> int:
    r"""Return an upper bound of the terms that powers and products of sums have when they are written out.

    ``(k terms)^n`` has ``C(n + k - 1, k - 1)`` terms, and a product the product of its factors'.

    >>> written_out("(a+b)^{2}"), written_out("(a+b)(c+d)+e"), written_out("(a+b+c+d+e+f)^{99}") > MOST_TERMS
    (3, 5, True)
    """
    open_sums = [_Terms()]
    for token in _TERM_TOKEN.finditer(plain):
        sign, terms = token[0], open_sums[-1]
        if token[1]:
            terms.raised(int(token[1]))
            if "{" in sign:
                open_sums.append(_Terms())  # the rest of the exponent, up to its brace
        elif sign in "({[":
            open_sums.append(_Terms())
        elif sign in ")}]":
            if len(open_sums) > 1:
                count = open_sums.pop().total()
                open_sums[-1].times(count)
        elif sign in "-+=,<>&":
            terms.add()
        else:
            terms.times(1)
        if open_sums[-1].total() > MOST_TERMS:
            return MOST_TERMS + 1
    return sum(terms.total() for terms in open_sums)


class _Terms:
    """The terms of one bracket so far: those of closed summands, and of the product that is open."""

    def __init__(self) -> None:
        self._closed = 0
        self._product = 0
        self._last = 1

    def times(self, count: int) -> None:
        self._last = max(count, 1)
        self._product = max(self._product, 1) * self._last

    def raised(self, power: int) -> None:
        if self._last > 1:
            self._product = self._product // self._last * math.comb(power + self._last - 1, self._last - 1)

    def add(self) -> None:
        self._closed += self._product
        self._product = 0

    def total(self) -> int:
        return self._closed + self._product


def _is_deep(plain: str) -> bool:
    """Return whether brackets nest too deep, exponents stand too deep in exponents, or a bracket never closes."""
    raised = [False]  # for each open bracket, whether it is an exponent
    power = False
    for token in _NESTING.findall(plain):
        if token in "({[":
            raised.append(power)
        elif token in ")}]" and len(raised) > 1:
            raised.pop()
        power = token == "^"
        if (power and sum(raised) >= DEEPEST_POWER) or len(raised) > DEEPEST_NESTING:
            return True
    return len(raised) > 1  # a parser may take for ever to find that a bracket never closes
