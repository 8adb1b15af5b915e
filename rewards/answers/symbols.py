r"""Symbols that the LaTeX parser takes for one: ``R`` and ``r``, ``f'`` and ``f``, ``A^T`` and ``A``."""

from __future__ import annotations

import re
from typing import NamedTuple

_SYMBOL = re.compile(
    r"""
    \\(?:begin|end|mathbb|mathcal|mathfrak) \s* (?: \{ [^{}]* \} | [A-Za-z] )     # names, which are no symbols
    | (?<![A-Za-z\\]) (?:sin|cos|tan|cot|sec|csc|log|ln|exp) (?![A-Za-z])
    | (?P<symbol> \\[A-Za-z]+ | [A-Za-z] ) (?P<primes> '* )
    """,
    re.VERBOSE,
)
_TRANSPOSED = re.compile(r"\^\s*(?:\{\s*)?T(?![A-Za-z])")  # A^T, A^{T}: the parser drops it
_INDEXED = re.compile(r"[\d)}]\s*_\s*(?:\{[^{}]*\}|\w)")  # 120_2: the parser drops the base
_IMAGINARY = "I"
"""A capital that is read as the small letter is: ``3 + 4I`` is what sympy prints."""

_SPARE = "qwzuvkrstplmnoabcjxy"
"""Letters that may stand for others: neither numbers (e, i) nor differentials and functions (d, f, g, h)."""


class Texts(NamedTuple):
    """An answer and a reference whose symbols the parser tells apart."""

    answer: str
    reference: str


def told_apart(answer: str, reference: str) -> Texts | None:
    r"""Return both texts with another letter for each symbol that the parser would take for another one.

    These are a capital beside its small letter, a symbol with primes, and the T of a transposed matrix. None where a
    prime is left, of a number or a bracket, where only one number has an index, or no letter is left for a symbol.

    >>> told_apart("R + r", "2r"), told_apart("f'(x)", "f(x)"), told_apart("A^T", "A")
    (Texts(answer='q + r', reference='2r'), Texts(answer='q(x)', reference='f(x)'), Texts(answer='A^q', reference='A'))
    >>> told_apart("R^2", "R R"), told_apart("(fg)'", "fg")
    (Texts(answer='R^2', reference='R R'), None)
    """
    if _INDEXED.findall(answer) != _INDEXED.findall(reference):
        return None
    symbols = {match.group("symbol", "primes") for text in (answer, reference) for match in _SYMBOL.finditer(text)}
    names = {name for name, _ in symbols if name}
    mistaken = {(name, primes) for name, primes in symbols if primes or (name and name.lower() in names - {name})}
    mistaken -= {(_IMAGINARY, "")}
    if _TRANSPOSED.search(answer) or _TRANSPOSED.search(reference):
        mistaken |= {("T", "")}
    if mistaken:
        spare = [letter for letter in _SPARE if letter not in {name.lower() for name in names}]
        if len(spare) < len(mistaken):
            return None
        letters = dict(zip(sorted(mistaken), spare, strict=False))
        answer, reference = _renamed(answer, letters), _renamed(reference, letters)
    return None if "'" in answer or "'" in reference else Texts(answer, reference)


def _renamed(text: str, letters: dict[tuple[str, str], str]) -> str:
    def letter(match: re.Match[str]) -> str:
        renamed = letters.get((match["symbol"], match["primes"] or ""))
        if renamed is None:
            return match[0]
        return f"{renamed} " if match["symbol"].startswith("\\") else renamed

    return _SYMBOL.sub(letter, text)
