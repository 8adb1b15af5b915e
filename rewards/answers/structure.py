r"""The shape of an answer: a single value, an unordered list, a set, or a tuple (which an interval is too)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from .normalize import LONGEST

DEEPEST_NESTING = 24
"""Brackets within each other that are looked into."""

Kind = Literal["single", "list", "set", "tuple"]

_OPENING = ("(", "[", "{", r"\{", r"\langle")
_CLOSING = (")", "]", "}", r"\}", r"\rangle")
_TOKEN = re.compile(
    r"""
    \\[{}] | \\[A-Za-z]+ | \\.                      # a brace of a set, a command, an escaped sign
    | [()\[\]{},;]
    | (?<![A-Za-z\\]) (?:and|or) (?![A-Za-z])
    """,
    re.VERBOSE,
)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")  # 1,234
_PLUS_MINUS = re.compile(r"\\pm(?![A-Za-z])")


class Shape(NamedTuple):
    """``items`` of a list, set or tuple, or the one value; ``brackets`` are those of a tuple, such as ``[)``, and
    none of a matrix."""

    kind: Kind
    items: tuple[str, ...]
    brackets: str = ""


class _Token(NamedTuple):
    text: str
    start: int
    end: int
    depth: int


@lru_cache(maxsize=65_536)
def read_shape(plain: str) -> Shape:
    r"""Return the shape of a tidied text.

    A comma, a semicolon, "and" and "or" outside all brackets separate (where there are semicolons and commas, the
    commas are within the items); ``a \pm b`` is a list of two values; brackets around one value are dropped. Brackets
    that nest deeper than :data:`DEEPEST_NESTING` are not looked into.

    >>> read_shape("1, 2 and 3")
    Shape(kind='list', items=('1', '2', '3'), brackets='')
    >>> read_shape("[1, 2)")
    Shape(kind='tuple', items=('1', '2'), brackets='[)')
    >>> read_shape(r"\{1 \pm 2\}").items, read_shape("(18)").kind
    (('1 + 2', '1 - 2'), 'single')
    """
    if r"\begin" in plain or is_deep(plain):
        return Shape("single", (plain,))
    if plain == r"\emptyset":
        return Shape("set", ())
    if r"\cup" in plain:
        united = [read_shape(part.strip()) for part in plain.split(r"\cup")]
        if all(part.kind == "set" for part in united):
            return Shape("set", tuple(dict.fromkeys(item for part in united for item in part.items)))
    tokens = _tokens(plain)
    outer = _outer_brackets(plain, tokens)
    if outer is None:
        items = _split(plain, [token for token in tokens if token.depth == 0])
        return Shape("list" if len(items) > 1 else "single", items or (plain,))
    opening, closing = outer
    inside = plain[len(opening) : len(plain) - len(closing)]
    items = _split(inside, [token for token in _tokens(inside) if token.depth == 0])
    if opening == r"\{":
        return Shape("set", items)
    if len(items) <= 1:
        return read_shape(inside.strip())
    return Shape(
        "tuple", items, ("(" if opening == r"\langle" else opening) + (")" if closing == r"\rangle" else closing)
    )


def _tokens(text: str) -> list[_Token]:
    depth = 0
    tokens = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in _CLOSING:
            depth -= 1
        tokens.append(_Token(token, match.start(), match.end(), depth))
        if token in _OPENING:
            depth += 1
    return tokens


class _Brackets(NamedTuple):
    opening: str
    closing: str


def _outer_brackets(text: str, tokens: list[_Token]) -> _Brackets | None:
    """Return the brackets that enclose the whole text, or None."""
    if not tokens or tokens[0].start != 0 or tokens[0].text not in _OPENING or tokens[0].text == "{":
        return None
    close = next((token for token in tokens[1:] if token.depth == 0), None)
    if close is None or close.end != len(text) or close.text not in _CLOSING:
        return None
    if (tokens[0].text == r"\{") != (close.text == r"\}"):
        return None
    return _Brackets(tokens[0].text, close.text)


def _split(text: str, tokens: list[_Token]) -> tuple[str, ...]:
    spaced = ", " in text or any(token.text in ("and", "or") for token in tokens)
    signs = "".join(token.text for token in tokens if token.text in (",", ";"))
    between_groups = ";" in signs and all(signs.split(";"))  # p=5,q=2; p=7,q=2
    parts = []
    start = 0
    for token in tokens:
        if token.text not in (";", "and", "or") and (token.text != "," or between_groups):
            continue
        if spaced and token.text == "," and _THOUSANDS.match(text, token.start):
            continue  # "1,000, 2,000" and "1,000 or 2,000": where these separate, commas of thousands do not
        parts.append(text[start : token.start])
        start = token.end
    parts.append(text[start:])
    return tuple(item for part in parts if part.strip() for item in _both_signs(part.strip()))


def _both_signs(item: str) -> tuple[str, ...]:
    before, *after = _PLUS_MINUS.split(item)
    if len(after) != 1:
        return (item,)
    left, right = before.strip(), after[0].strip()
    return (f"{left} + {right}", f"{left} - {right}") if left else (right, f"-{right}")


def split_outside(plain: str, sign: str) -> list[str]:
    r"""Return the parts of a text between the signs that stand outside all brackets and environments.

    >>> split_outside(r"\sum_{k=1}^{3} k = 6", "=")
    ['\\sum_{k=1}^{3} k', '6']
    """
    if sign not in plain:
        return [plain]
    parts = [""]
    depth = 0
    for piece in re.split(rf"(\\begin(?![A-Za-z])|\\end(?![A-Za-z])|[(){{}}\[\]{sign}])", plain):
        depth += 1 if piece in ("(", "[", "{", r"\begin") else -1 if piece in (")", "]", "}", r"\end") else 0
        if piece == sign and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return [part.strip() for part in parts]


_NESTING = re.compile(r"[(\[{)\]}]")


def is_deep(text: str) -> bool:
    r"""Return whether brackets nest deeper than :data:`DEEPEST_NESTING`; one pass, before anything is parsed.

    Of a text that is longer than an answer only the beginning is looked at.

    >>> is_deep("((1, 2), {3})"), is_deep("(" * 25), is_deep(r"\{" * 25 + r"\}" * 25)
    (False, True, True)
    """
    if len(text) <= DEEPEST_NESTING:
        return False
    depth = 0
    for bracket in _NESTING.findall(text, 0, LONGEST):
        depth += 1 if bracket in "([{" else -1 if depth else 0
        if depth > DEEPEST_NESTING:
            return True
    return False


_VECTOR = re.compile(r"\\begin\s*\{[a-zA-Z]?matrix\}(.*)\\end\s*\{[a-zA-Z]?matrix\}", re.DOTALL)


def read_vector(plain: str) -> Shape | None:
    r"""Return the tuple that a matrix is, of its entries where it is one row or one column, else of its rows.

    >>> read_vector(r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}").items, read_vector("(1, 2)")
    (('1', '2'), None)
    >>> read_vector(r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}").items[0]
    '\\begin{matrix} 1 & 2 \\end{matrix}'
    """
    matrix = _VECTOR.fullmatch(plain)
    if matrix is None or r"\begin" in matrix[1]:
        return None
    rows = [row for row in matrix[1].split(r"\\") if row.strip()]
    if len(rows) > 1 and "&" in matrix[1]:
        return Shape("tuple", tuple(rf"\begin{{matrix}}{row}\end{{matrix}}" for row in rows))
    entries = rows if len(rows) > 1 else matrix[1].split("&")
    return Shape("tuple", tuple(entry.strip() for entry in entries))
