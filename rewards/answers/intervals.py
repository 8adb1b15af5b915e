"""Inequalities about one variable, read as intervals."""

from __future__ import annotations

import re

from .equations import is_name
from .structure import Shape

_REALS = (r"\mathbb{R}", r"\mathbb R", r"\R", "ℝ", "all real numbers", "all reals")
_LESS = re.compile(r"\s*(<=|>=|<|>|\\le(?![A-Za-z])|\\ge(?![A-Za-z]))\s*")
_TURNED = {"<": ">", ">": "<"}
_NAMED = re.compile(r"\\(?:infty|pi)(?![A-Za-z])|e|i")  # values that look like names


def read_interval(plain: str) -> Shape | None:
    r"""Return the interval that an inequality about one variable is, as a tuple; None for anything else.

    ``-x > -1`` is ``x < 1``.

    >>> read_interval(r"1 < x \le 2")
    Shape(kind='tuple', items=('1', '2'), brackets='(]')
    >>> read_interval(r"3 < x").items, read_interval("-x > -1").items, read_interval("x + y < 3")
    (('3', '\\infty'), ('-\\infty', '1'), None)
    """
    if plain in _REALS:
        return Shape("tuple", (r"-\infty", r"\infty"), "()")
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
