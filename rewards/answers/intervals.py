"""Inequalities about one variable, read as intervals."""

from __future__ import annotations

import re
from typing import NamedTuple

from .equations import is_name
from .numbers import read_quantity
from .structure import Shape

_REALS = (r"\mathbb{R}", r"\mathbb R", r"\R", "ℝ", "all real numbers", "all reals")
_LESS = re.compile(r"\s*(<=|>=|<|>|\\le(?![A-Za-z])|\\ge(?![A-Za-z]))\s*")
_TURNED = {"<": ">", ">": "<"}
_NAMED = re.compile(r"\\(?:infty|pi)(?![A-Za-z])|e|i")  # values that look like names
_BUILDER = re.compile(
    r"""
    \\\{ \s* (?P<name> [A-Za-z] ) \s* (?: \\in \s* \\mathbb \s* (?:\{R\}|R) \s* )?      # {x | x > 3}, {x in R : x > 3}
    (?: \\mid(?![A-Za-z]) | [|:] ) \s* (?P<condition> .+? ) \s* \\\}
    """,
    re.VERBOSE,
)
_BOTH = re.compile(r"\s*(?:,|\band\b|\\land(?![A-Za-z])|\\wedge(?![A-Za-z]))\s*")
_EITHER = re.compile(r"\s*(?:\bor\b|\\lor(?![A-Za-z])|\\vee(?![A-Za-z]))\s*")
_INTERVAL = re.compile(r"[(\[][^,()\[\]]+,[^,()\[\]]+[)\]]")
_OUTWARD = re.compile(r"(?P<open>[\[\]])(?P<low>[^,\[\]]+),(?P<high>[^,\[\]]+)(?P<close>[\[\]])")  # ]1,2[
_ALL_BUT = re.compile(r"([A-Za-z])\s*\\ne(?![A-Za-z])\s*(\S.*)")  # x \ne 3


class _Bounds(NamedTuple):
    """The variable of an inequality, and the interval that it is in."""

    variable: str
    interval: Shape


def read_interval(plain: str) -> Shape | None:
    r"""Return the interval that inequalities about one variable are, as a tuple; None for anything else.

    A bracket that is turned outward, as in ``]1, 2[``, is open. ``-x > -1`` is ``x < 1``, and ``x > 1, x < 3`` is
    ``1 < x < 3``, which a set ``\{x \mid 1 < x < 3\}`` may say too.

    >>> read_interval(r"1 < x \le 2")
    Shape(kind='tuple', items=('1', '2'), brackets='(]')
    >>> read_interval(r"3 < x").items, read_interval("-x > -1").items, read_interval("x + y < 3")
    (('3', '\\infty'), ('-\\infty', '1'), None)
    >>> read_interval("x < 3 and x > 1").items, read_interval(r"\{x \mid x > 3\}").items, read_interval("x > 3, x < 1")
    (('1', '3'), ('3', '\\infty'), None)
    """
    if plain in _REALS:
        return Shape("tuple", (r"-\infty", r"\infty"), "()")
    outward = _OUTWARD.fullmatch(plain) if plain[:1] == "]" or plain[-1:] == "[" else None
    if outward:
        brackets = ("(" if outward["open"] == "]" else "[") + (")" if outward["close"] == "[" else "]")
        return Shape("tuple", (outward["low"].strip(), outward["high"].strip()), brackets)
    condition = _condition(plain)
    if not _LESS.search(condition):
        return None
    bounds = _read(condition)
    if bounds is not None:
        return bounds.interval
    both = [_read(part) for part in _BOTH.split(condition, maxsplit=2)]
    if len(both) != 2 or both[0] is None or both[1] is None or both[0].variable != both[1].variable:
        return None
    above, below = (
        (both[0].interval, both[1].interval)
        if both[1].interval.items[0] == r"-\infty"
        else (both[1].interval, both[0].interval)
    )
    low, high = above.items[0], below.items[1]
    if low == r"-\infty" or high == r"\infty" or above.items[1] != r"\infty" or below.items[0] != r"-\infty":
        return None
    least, most = read_quantity(low), read_quantity(high)
    if least is not None and most is not None and least.value >= most.value:
        return None
    return Shape("tuple", (low, high), above.brackets[0] + below.brackets[1])


def as_union(plain: str) -> str | None:
    r"""Return the union of intervals that inequalities or intervals joined by "or" are, as a text; None for others.

    >>> as_union(r"x < 1 or x \ge 3"), as_union(r"x \ne 3"), as_union("x < 1")
    ('(-\\infty,1)\\cup[3,\\infty)', '(-\\infty,3)\\cup(3,\\infty)', None)
    """
    condition = _condition(plain)
    all_but = _ALL_BUT.fullmatch(condition)
    if all_but:
        return rf"(-\infty,{all_but[2]})\cup({all_but[2]},\infty)"
    parts = _EITHER.split(condition)
    if len(parts) > 1 and all(map(_INTERVAL.fullmatch, parts)):
        return r"\cup".join(parts)
    either = [_read(part) for part in parts]
    if len(either) < 2 or len({bounds and bounds.variable for bounds in either}) > 1:
        return None
    intervals = [bounds.interval for bounds in either if bounds]
    texts = [f"{one.brackets[0]}{','.join(one.items)}{one.brackets[1]}" for one in intervals]
    return r"\cup".join(texts) if texts else None


def _condition(plain: str) -> str:
    r"""Return what a set ``\{x \mid ...\}`` says of its numbers, any other text as it is."""
    builder = _BUILDER.fullmatch(plain) if plain.startswith("\\{") else None
    return builder["condition"] if builder else plain


def _read(plain: str) -> _Bounds | None:
    """Read one inequality, or two in a chain."""
    parts = _LESS.split(plain)
    if len(parts) == 1:
        return None
    signs = ["<" if sign[0] == "<" or sign == r"\le" else ">" for sign in parts[1::2]]
    closed = [sign not in "<>" for sign in parts[1::2]]
    values = parts[::2]
    if len(set(signs)) != 1 or not all(values) or len(values) > 3:
        return None
    variable = next((value for value in values if _is_variable(value.removeprefix("-"))), None)
    if variable is None or (len(values) == 3 and variable != values[1]):
        return None
    others = [value for value in values if value is not variable]
    if any(_is_variable(value) for value in others):
        return None
    sign = signs[0]
    if variable.startswith("-"):
        values = [variable if value is variable else _negated(value) for value in values]
        sign = _TURNED[sign]
    if sign == ">":
        values, closed = values[::-1], closed[::-1]
    return _Bounds(variable.removeprefix("-"), _interval(values, closed, variable))


def _interval(values: list[str], closed: list[bool], variable: str) -> Shape:
    if len(values) == 3:
        return Shape("tuple", (values[0], values[2]), ("[" if closed[0] else "(") + ("]" if closed[1] else ")"))
    if values[0] is variable:
        return Shape("tuple", (r"-\infty", values[1]), "(" + ("]" if closed[0] else ")"))
    return Shape("tuple", (values[0], r"\infty"), ("[" if closed[0] else "(") + ")")


def _is_variable(text: str) -> bool:
    return is_name(text) and not _NAMED.fullmatch(text) and "(" not in text[:1]


def _negated(value: str) -> str:
    if value.startswith("-") and not any(sign in value[1:] for sign in "+-"):
        return value[1:].strip()
    return f"-{value}" if value.isalnum() or value.startswith("\\") else f"-({value})"
