r"""What an answer says is equal to something: ``x = 5`` says 5, but ``x^2 + y^2 = 13`` is an equation.

A side of an equation is left out only when it is a name (:func:`is_name`), or when both sides are the same number.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .arithmetic import calculate
from .numbers import read_quantity
from .qualifiers import qualifies
from .structure import split_outside

LONGEST_NAME = 60
"""Characters of what can be a name."""

_ABOUT = re.compile(r"\\approx(?![A-Za-z])")
_IN = re.compile(r"\\in(?![A-Za-z])")
_BLANK = re.compile(r"\s+")
_ATOM = r"""
    (?: m? \s? \\(?:angle|triangle|overline|overrightarrow|overleftrightarrow|vec|hat|bar|tilde|widehat)
        \s* \{? \s* [A-Za-z]{1,6} \s* \}?                       # \angle ABC, \overline{AB}, \vec{v}
      | \\(?:max|min|sup|inf|gcd|lcm|deg|det|dim|Pr) (?![A-Za-z])
      | \\(?!frac|sqrt|sin|cos|tan|cot|sec|csc|log|ln|lg|exp|sum|prod|int|lim|pi(?![A-Za-z])|binom|infty|pm|mp|cdot
           |times|div|le|ge|ne|in|cup|cap|to|text|begin|end|left|right) [A-Za-z]+     # \theta, \lambda
      | [A-Za-z] (?![A-Za-z]) | [A-Z]{2,6} (?![A-Za-z])         # x, S, and the points of AB, ABCD
      | [|] \s* [A-Z]{2,3} \s* [|] | \[ \s* [A-Z]{3,6} \s* \]   # |AB|, the area [ABC]
    )
    '* (?: \s* _ \s* (?: \{ [^{}]{1,12} \} | \w ) )?            # x', x_1, S_{ABCD}
    (?: \^ (?: (?<=[fghA-Z]\^) \{ \s* -\s*1 \s* \}            # f^{-1} and A^{-1}, but not the number x^{-1}
          | \s* \{ \s* [*'] \s* \} | \s* [*'] ) )?             # x^*
    (?: \s* \( [A-Za-z0-9,.\s\\+-]{1,20} \) )?                  # f(x), a_{n}(k+1)
"""
_NAME = re.compile(
    rf"""
    {_ATOM}
    | \( \s* {_ATOM} (?: \s* , \s* {_ATOM} )+ \s* \)            # (x, y)
    | {_ATOM} (?: \s* [:/] \s* {_ATOM} )+                       # a : b, a/b
    | \\frac \s* \{{ \s* {_ATOM} \s* \}} \s* \{{ \s* {_ATOM} \s* \}}
    """,
    re.VERBOSE,
)
_PHRASE = re.compile(r"(?=.*[A-Za-z]{3})[A-Za-z][A-Za-z' ]*")  # the area, number of eggs
_GRAPH = re.compile(r"y|[A-Za-z]\s?\(\s?x\s?\)")  # y and f(x): both name what a formula in x gives
_ROOT = re.compile(r"[xz] ?_ ?(?:\{ ?\d ?\}|\d)")  # x_1 and x_2 are the roots, whichever


@lru_cache(maxsize=65_536)
def is_name(text: str) -> bool:
    r"""Return whether a text names a value rather than saying it.

    Names are variables (``x``, ``\theta``, ``x_1``, ``y'``), functions (``f(x)``, ``f^{-1}(x)``, ``\max``), figures
    (``AB``, ``\angle ABC``), phrases ("the area"), tuples ``(x, y)`` and ratios ``a:b`` of names.

    >>> [is_name(text) for text in ("x", "f^{-1}(x)", "(p, q)", r"\angle APC", "the area", "V_1:V_2", r"\frac{a}{b}")]
    [True, True, True, True, True, True, True]
    >>> [is_name(text) for text in ("x^2", "2x", "x + y", "xy", "5", r"\sqrt{x}", "twice the area")]
    [False, False, False, False, False, False, False]
    """
    text = text.strip()
    if not text or len(text) > LONGEST_NAME:
        return False
    return bool(_NAME.fullmatch(text)) or (bool(_PHRASE.fullmatch(text)) and not qualifies(text))


def value_of(text: str, other: str) -> str:
    r"""Return what ``text`` says when it is compared with ``other``: the side of an equation that is no name.

    Names are dropped in front (``x = y = 5``) and behind (``5 = x``); of a calculation with its result
    (``6*3 = 18``) the result counts, where it is that number. Where both are equations, the names must be the same.

    >>> value_of("x = 5", "5"), value_of("5 = x", "5"), value_of("6*3 = 18", "18"), value_of(r"x \in [1,2]", "[1,2]")
    ('5', '5', '18', '[1,2]')
    >>> value_of("x^2 + y^2 = 13", "13"), value_of("x = 5", "y = 5"), value_of("x = 56 = 57", "57")
    ('x^2 + y^2 = 13', 'x = 5', 'x = 56 = 57')
    """
    exact, *about = _ABOUT.split(text) if r"\approx" in text else (text,)
    if about:  # x = 1/3 \\approx 0.33 says 1/3, and x \\approx 5 says 5, but 1/3 \\approx 7 says nothing
        if is_name(exact):
            return about[0].strip()
        said = value_of(exact.strip(), other)
        return said if _is_near(said, about[-1].strip()) else text
    sides = split_outside(text, "=")
    if len(sides) == 1:
        member, *of = _IN.split(text, maxsplit=1)
        return of[0].strip() if of and is_name(member) and " " not in member.strip() else text
    others = split_outside(other, "=")
    if len(others) > 1:
        chained = all(is_name(side) or _is_calculation(side, sides[-1]) for side in sides[1:-1])
        return sides[-1] if chained and _same_name(sides[0], others[0]) else text
    if is_name(sides[-1]) and not is_name(sides[0]):
        sides = sides[::-1]
    values = sides[:-1]
    while values and is_name(values[0]):
        values.pop(0)
    return sides[-1] if all(_is_calculation(value, sides[-1]) for value in values) else text


def _is_near(exact: str, decimal: str) -> bool:
    """Return whether a decimal is about another number; what is no number is believed."""
    value, about = read_quantity(exact), read_quantity(decimal)
    return value is None or about is None or abs(value.value - about.value) <= abs(value.value) / 10


def _is_calculation(side: str, result: str) -> bool:
    """Return whether both sides are the same number, exactly."""
    stated = _exact(side)
    return stated is not None and stated == _exact(result)


def _exact(side: str) -> object:
    quantity = read_quantity(side)
    return calculate(side) if quantity is None else quantity.value


def _same_name(first: str, second: str) -> bool:
    if not is_name(first) or not is_name(second):
        return False
    return _dense(first) == _dense(second) or bool(
        _GRAPH.fullmatch(first) and _GRAPH.fullmatch(second) and "y" in (first, second)
    )


def _dense(text: str) -> str:
    return _BLANK.sub("", text).replace("{", "").replace("}", "")


def names_of(items: tuple[str, ...]) -> list[str] | None:
    """Return the names of a list of assignments ``k = 45, n = 2`` that differ, so that its order means something.

    The roots ``x_1`` and ``x_2`` may come in any order.

    >>> names_of(("k = 45", "n = 2")), names_of(("x = 1", "x = 2")), names_of(("x_1 = 1", "x_2 = 2"))
    (['k', 'n'], None, None)
    """
    sides = [split_outside(item, "=") for item in items]
    if any(len(parts) == 1 or not is_name(parts[0]) for parts in sides):
        return None
    names = [_dense(parts[0]) for parts in sides]
    if len(set(names)) < len(names) or all(_ROOT.fullmatch(parts[0]) for parts in sides):
        return None
    return names
