"""Words of any script: case and white space folded, punctuation dropped, CJK by the character."""

from __future__ import annotations

import re

CJK = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
"""Han, Hiragana and Katakana, as a range for a character class: written without spaces between words."""

_PUNCTUATION = r"\s!-/:-@\[-`{-~\xa1\xab\xb7\xbb\xbf\u060c\u061b\u061f\u06d4\u0964\u0965"
_WIDE_PUNCTUATION = r"\u2010-\u205e\u3000-\u3004\u3008-\u3020\u3030\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
_WORD = re.compile(rf"[{CJK}]|[^{_PUNCTUATION}{_WIDE_PUNCTUATION}{CJK}]+")
_ASCII_WORD = re.compile(r"[0-9a-z]+")


READ_AT_MOST = 250_000
"""How much of a text the rewards that look at words read, in characters: some 60,000 tokens."""


def words(text: str) -> list[str]:
    """Return the words: runs of what is neither white space nor punctuation, each CJK character a word.

    >>> words("Wait,  wait!\\nÇa va? 我们 1.8")
    ['wait', 'wait', 'ça', 'va', '我', '们', '1', '8']
    """
    folded = text.casefold()
    return (_ASCII_WORD if folded.isascii() else _WORD).findall(folded)
