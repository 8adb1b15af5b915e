"""Porter's suffix stripping, with the extensions of NLTK's ``PorterStemmer`` that ``rouge_score`` stems with.

M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, and the extensions that NLTK adds by
default: a few irregular words, ``ies``/``ied`` in short words, ``y`` after a consonant only, ``bli``,
``fulli`` and ``logi``. The notation is the paper's: [C](VC)^m[V], where m is the measure of a stem.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_IRREGULAR = {
    "skies": "sky",
    "sky": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "news": "news",
    "innings": "inning",
    "inning": "inning",
    "outings": "outing",
    "outing": "outing",
    "cannings": "canning",
    "canning": "canning",
    "howe": "howe",
    "proceed": "proceed",
    "exceed": "exceed",
    "succeed": "succeed",
}

_STEP_2 = {
    "ational": "ate",
    "tional": "tion",
    "enci": "ence",
    "anci": "ance",
    "izer": "ize",
    "bli": "ble",
    "alli": "al",
    "entli": "ent",
    "eli": "e",
    "ousli": "ous",
    "ization": "ize",
    "ation": "ate",
    "ator": "ate",
    "alism": "al",
    "iveness": "ive",
    "fulness": "ful",
    "ousness": "ous",
    "aliti": "al",
    "iviti": "ive",
    "biliti": "ble",
    "fulli": "ful",
}
_STEP_3 = {"icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": ""}
_STEP_4 = [
    *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment"),
    *("ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"),
]


def _longest(suffixes: list[str]) -> re.Pattern[str]:
    """Match the longest of ``suffixes`` that a word ends with."""
    return re.compile(f"(?:{'|'.join(sorted(suffixes, key=len, reverse=True))})\\Z")


_ENDING_2, _ENDING_3, _ENDING_4 = _longest([*_STEP_2, "logi"]), _longest([*_STEP_3]), _longest(_STEP_4)


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """Return the stem of a lower-case word, equal to ``nltk.stem.PorterStemmer().stem(word)``.

    >>> [stem(word) for word in ("caresses", "ponies", "agreed", "hopping", "relational", "happy", "enjoy")]
    ['caress', 'poni', 'agre', 'hop', 'relat', 'happi', 'enjoy']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 2:
        return word
    for step in (_plural, _past, _final_y, _double_suffix, _suffix, _residue, _final_e, _double_l):
        word = step(word)
    return word


def _shape(word: str) -> str:
    """Return one letter per letter: "c" for a consonant, "v" for a vowel; y is a vowel after a consonant."""
    shape = ""
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and shape.endswith("c"))
        shape += "v" if vowel else "c"
    return shape


def _measure(stem: str) -> int:
    """Return m of the paper's [C](VC)^m[V]."""
    return _shape(stem).count("vc")


def _short_end(stem: str) -> bool:
    """Return whether the stem ends consonant, vowel, consonant (not w, x, y): *o; or is a vowel and a consonant."""
    shape = _shape(stem)
    return (shape.endswith("cvc") and stem[-1] not in "wxy") or shape == "vc"


def _plural(word: str) -> str:
    if word.endswith("ies"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("sses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        stem = word.removesuffix(ending)
        if stem != word and "v" in _shape(stem):
            return _mend(stem)
    return word


def _mend(stem: str) -> str:
    """Give back the e, or drop the doubled letter, that ``ed`` and ``ing`` leave wrong."""
    if stem.endswith(("at", "bl", "iz")):
        return stem + "e"
    if stem[-1:] == stem[-2:-1] and _shape(stem).endswith("c"):
        return stem if stem[-1] in "lsz" else stem[:-1]
    return stem + "e" if _measure(stem) == 1 and _short_end(stem) else stem


def _final_y(word: str) -> str:
    rule_applies = word.endswith("y") and len(word) > 2 and _shape(word[:-1]).endswith("c")
    return word[:-1] + "i" if rule_applies else word


def _double_suffix(word: str) -> str:
    ending = _ENDING_2.search(word)
    if not ending:
        return word
    if ending[0] == "logi":
        return word[:-1] if _measure(word[:-3]) > 0 else word
    shortened = _replace(word, ending, _STEP_2)
    return _double_suffix(shortened) if ending[0] == "alli" and shortened != word else shortened


def _suffix(word: str) -> str:
    ending = _ENDING_3.search(word)
    return _replace(word, ending, _STEP_3) if ending else word


def _replace(word: str, ending: re.Match[str], replacements: Mapping[str, str]) -> str:
    stem = word[: ending.start()]
    return stem + replacements[ending[0]] if _measure(stem) > 0 else word


def _residue(word: str) -> str:
    ending = _ENDING_4.search(word)
    if not ending:
        return word
    stem = word[: ending.start()]
    if _measure(stem) <= 1 or (ending[0] == "ion" and stem[-1] not in "st"):
        return word
    return stem


def _final_e(word: str) -> str:
    stem = word.removesuffix("e")
    measure = _measure(stem)
    drops = stem != word and (measure > 1 or (measure == 1 and not _short_end(stem)))
    return stem if drops else word


def _double_l(word: str) -> str:
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word
