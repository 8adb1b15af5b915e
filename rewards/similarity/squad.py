"""The tokens of SQuAD's answer comparison, with numbers kept whole and Chinese and the like by character."""

from __future__ import annotations

import re
import string
import unicodedata
from functools import cache

from ..words import CJK

_ARTICLES = frozenset({"a", "an", "the"})

_BY_CHARACTER = CJK + "\uac00-\ud7af\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Besides Chinese and Japanese also Korean (as KorQuAD's F1 has it), Thai, Lao, Burmese and Khmer."""

_SIGN = re.compile(rf"-(?<![^\W{_BY_CHARACTER}].)(?=[$€£¥]?\.?[0-9])")
_LEADING_POINT = re.compile(r"\.(?<!\w.)(?=[0-9])")
_NUMBER = re.compile(r"[0-9]++(?:(?:[./:]|,(?=[0-9]{3}(?![0-9])))[0-9]++)*+(?:[^\w\s](?=[0-9]))?")

# What stands for a number's own marks while punctuation goes: ASCII, which is fast, and in no text.
_MINUS = "\x04"
_KEPT = str.maketrans({".": "\x01", "/": "\x02", ":": "\x03", ",": None})
_PARTING = "‐‑‒–—―…·•«»¿¡、。，！？：；（）《》「」『』【】"
_DELETED = str.maketrans({**dict.fromkeys(string.punctuation + "‘’“”€£¥"), **dict.fromkeys(_PARTING, " ")})


def squad_tokens(text: str) -> list[str]:
    """Return the tokens that SQuAD compares, in order.

    Case is folded, articles (a, an, the) and punctuation go, white space separates. Beyond the paper's script:
    a number stays whole and distinct (1.8 is not 18, 1,000 is 1000, 3/4 is one token, -5 is not 5), two numbers
    that a mark joins are two (2016-17), text is composed (NFC), and Chinese, Japanese, Korean, Thai, Lao,
    Burmese and Khmer count by character. A text of nothing but articles or marks keeps them ("A" is an answer).

    >>> squad_tokens("The price: $1,000 -- it's a bargain.")
    ['price', '1000', 'its', 'bargain']
    >>> squad_tokens("1.8") == squad_tokens("18"), squad_tokens("(-5)") == squad_tokens("−5")
    (False, True)
    >>> squad_tokens("首都是北京"), squad_tokens("A"), squad_tokens("?!")
    (['首', '都', '是', '北', '京'], ['a'], ['?!'])
    """
    folded = unicodedata.normalize("NFC", text.casefold()).replace("−", "-")
    marked = _NUMBER.sub(_whole, _LEADING_POINT.sub("0.", _SIGN.sub(_MINUS, folded)))
    bare = marked.translate(_DELETED)
    tokens = bare.split() if bare.isascii() else _token().findall(bare)
    return [token for token in tokens if token not in _ARTICLES] or tokens or folded.split()


@cache
def _token() -> re.Pattern[str]:
    """Compile at the first text that needs it: this pattern takes longer to compile than most modules to load."""
    return re.compile(rf"[{_BY_CHARACTER}]|[^\s{_BY_CHARACTER}]++")


def _whole(number: re.Match[str]) -> str:
    """Keep a number's own marks from deletion; part it from a number it is joined to."""
    text = number[0]
    if text[-1].isdigit():
        return text.translate(_KEPT) if len(text) > 1 else text
    return text[:-1].translate(_KEPT) + " "
