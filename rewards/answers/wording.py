"""Answers in words: told from algebra, compared as words, and the one number of a sentence."""

from __future__ import annotations

import re

from .numbers import Quantity, read_quantity

_COMMAND = re.compile(r"\\(?:begin|end)\s*\{[a-z]*\*?\}|\\[A-Za-z]+")
_FUNCTIONS = re.compile(
    r"(?<![A-Za-z])(?:arc)?(?:sinh?|cosh?|tanh?|cot|sec|csc|log|ln|lg|exp|sqrt|min|max|gcd|lcm|det|pi|mod|lim)"
    r"(?![A-Za-z])"
)
_ALGEBRA_LETTERS = re.compile(r"[a-dk-nx-z]{2}|[A-Z]{2}")
_RUN = re.compile(r"[^\W\d_]{2,}")
_MATH_SIGN = re.compile(r"[=+*/^<>\\|{}\[\]]|\w\(")
_PUNCTUATION = re.compile(r"[\s.,;:!?'\"()]+")
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
_LONE_NUMBER = re.compile(r"(?<![\w.,])(?:-\s?)?[$€£¥]?\d[\d,]*(?:\.\d+)?(?![\w/^]|[.,:]\d)\s*%?")
_UNSURE = re.compile(
    r"\b(?:not|never|less|more|fewer|greater|least|most|under|below|above|between|maybe|perhaps|possibly|probably|could|might|guess|or|"
    r"either|than|except|cannot|minus|unknown|hundred|thousand|million|billion|half|twice|dozen)\b|n't",
    re.IGNORECASE,
)


def is_words(plain: str) -> bool:
    r"""Return whether a tidied text holds words, which are compared as text and never as products of letters.

    >>> is_words("east"), is_words("no solution"), is_words(r"\sqrt{2} + ab"), is_words(r"\sin x")
    (True, True, False, False)
    """
    bare = _FUNCTIONS.sub(" ", _COMMAND.sub(" ", plain))
    return any(not _ALGEBRA_LETTERS.fullmatch(run) for run in _RUN.findall(bare))


def word_key(plain: str) -> str:
    """Return the text without case, punctuation, white space and a leading article.

    >>> word_key("The Ellipse."), word_key("No solution")
    ('ellipse', 'nosolution')
    """
    return _PUNCTUATION.sub("", _ARTICLE.sub("", plain)).casefold()


def lone_number(plain: str) -> Quantity | None:
    """Return the only number of a sentence, None where there are several, algebra, or words that qualify it.

    >>> lone_number("Tom has 18 apples left").value
    Fraction(18, 1)
    >>> lone_number("fewer than 18 apples"), lone_number("18 apples and 3 pears")
    (None, None)
    """
    found = _LONE_NUMBER.findall(plain)
    if len(found) != 1 or sum(map(str.isdigit, plain)) != sum(map(str.isdigit, found[0])):
        return None
    if _MATH_SIGN.search(plain) or _UNSURE.search(plain):
        return None
    return read_quantity(found[0])
