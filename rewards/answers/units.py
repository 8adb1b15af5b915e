"""Units behind a number: which words are units, and which of them mean the same."""

from __future__ import annotations

import re
from itertools import pairwise

from .qualifiers import NUMBER_WORDS, QUALIFIERS, scales

_SAME = {
    "$": "$ dollar dollars usd us buck bucks",
    "€": "€ euro euros eur",
    "£": "£ gbp",
    "¥": "¥ yen jpy",
    "₹": "₹ rupee rupees inr rs rs.",
    "cent": "cent cents ¢",
    "degree": r"^\circ degree degrees deg",
    "celsius": "celsius C",
    "fahrenheit": "fahrenheit F",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "cm": "cm centimeter centimeters centimetre centimetres",
    "m": "m meter meters metre metres",
    "km": "km kilometer kilometers kilometre kilometres",
    "in": "in inch inches",
    "ft": "ft foot feet",
    "yd": "yd yard yards",
    "mi": "mi mile miles",
    "mg": "mg milligram milligrams",
    "g": "g gram grams",
    "kg": "kg kilogram kilograms",
    "oz": "oz ounce ounces",
    "lb": "lb lbs pound pounds",
    "ml": "ml milliliter milliliters millilitre millilitres",
    "l": "l L liter liters litre litres",
    "gal": "gal gallon gallons",
    "nm": "nm nanometer nanometers nanometre nanometres",
    "ms": "ms millisecond milliseconds",
    "second": "s sec secs second seconds",
    "minute": "min mins minute minutes",
    "hour": "h hr hrs hour hours",
    "day": "day days",
    "week": "week weeks wk wks",
    "month": "month months",
    "year": "year years yr yrs",
    "mph": "mph",
    "am": "am a.m",
    "pm": "pm p.m",
    "ohm": "ohm ohms Ω",
    "newton": "N newton newtons",
    "joule": "J joule joules",
    "watt": "W watt watts",
    "volt": "V volt volts",
    "ampere": "A amp amps ampere amperes",
    "kelvin": "K kelvin kelvins",
    "candela": "cd candela candelas",
    "byte": "byte bytes",
    "kB": "kB KB kb kilobyte kilobytes",
    "MB": "MB mb megabyte megabytes",
    "GB": "GB gb gigabyte gigabytes",
    "TB": "TB tb terabyte terabytes",
}
_KNOWN = {spelling: unit for unit, spellings in _SAME.items() for spelling in spellings.split()}
_COMPOUNDS = {"mi/hour": "mph", "degreecelsius": "celsius", "degreefahrenheit": "fahrenheit"}

CURRENCIES = "$€£¥₹₩₽"
"""Signs that may stand before a number."""

_SPELT_DIRECTIONS = """
    north south east west northeast northwest southeast southwest up down left right clockwise counterclockwise
    anticlockwise ago later earlier increase decrease gain loss profit higher lower heavier lighter older younger taller
    shorter faster slower
"""
_DIRECTIONS = frozenset(_SPELT_DIRECTIONS.split())
"""Words behind a unit that say of two equal amounts which one is meant: 5 km north is not 5 km south."""

_ANY_THING = frozenset(
    ["unit", "item", "thing", "object", "piec", "total", "each", "altogether", "remaining", "mor", "extra", "in"]
)
"""Words that may stand for any unit, as their stems."""

_PERSONS = {"people": "person", "children": "child", "men": "man", "women": "woman", "mice": "mouse", "geese": "goose"}

_NO_UNITS = (
    QUALIFIERS
    | NUMBER_WORDS
    | frozenset(
        [
            "and",
            "to",
            "is",
            "are",
            "was",
            "were",
            "be",
            "equals",
            "do",
            "does",
            "did",
            "has",
            "have",
            "can",
            "will",
            "would",
        ]
    )
)
"""Words that are no part of a unit: what makes of the number another one, and what begins another phrase."""

_ARTICLES = ("a", "an", "the", "this", "that")
_BEFORE_ARTICLES = ("in", "of", "on", "at", "for", "from", "per", "each", "every", "with", "after", "before", "left")
_ALGEBRA = re.compile(r"[a-dk-nx-z]{1,2}|[a-d]{3}|[k-n]{3}|[x-z]{3}|[A-Za-z]")  # letters for numbers: ab, xyz, T
_CJK = re.compile("[\u3040-\u30ff\u4e00-\u9fff]+")
_CJK_UNITS = re.compile(
    "(?:平方|立方)?(?:美元|欧元|日元|英镑|千米|公里|厘米|毫米|分米|公斤|千克|毫升|小时|分钟|星期|个月|"
    "[个個只隻条條张張本支颗顆粒块塊件套双雙对對米里克斤吨噸两升元角分钱岁歲天日周月年时時秒度人名位次遍家户戶种種类類头頭匹辆輛架艘座栋棟"
    "间間层層页頁行列排组組箱盒袋包瓶杯碗盘盤桶筐串束朵棵株枝根片段节節题題道步圈倍份批枚円冊台歳])+"
    "(?:/|每)?(?:小时|分钟|[个天日秒时時分年月周人])?"
)
"""Chinese and Japanese counters and units. 万 and 百 are numbers, 以上 and 左右 make it another one: none is here."""
_MICRO = re.compile(r"\\mu\s*(?=(?:m|g|s|l|L|F|C|A|V)(?![A-Za-z]))")
_OHM = re.compile(r"\\Omega(?![A-Za-z])|Ω")
_POWER = re.compile(r"\s*\^\s*\{?\s*([23])\s*\}?")  # cm^2, cm ^ {3}
_CELSIUS = re.compile(r"\^\\circ ?C(?![A-Za-z])")
_FAHRENHEIT = re.compile(r"\^\\circ ?F(?![A-Za-z])")
_TOKEN = re.compile(r"\^\\circ|[¢$€£¥₹₩₽]|[A-Za-z][A-Za-z'.-]*|/|\^[23]")
_TRIGONOMETRY = re.compile(r"(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
_LONGEST = 60
"""Characters behind a number that can be its unit."""


def canonical_unit(text: str, currency: str) -> str | None:
    r"""Return the canonical unit of what stands behind a number, "" for none or "units", None for no unit.

    ``currency`` is the sign that stood before the number. Algebra (``5x``, ``2 ab``) and words that join
    alternatives (``18 or 19``) are no unit; of unknown nouns such as "red eggs" the unit is a stem of the last.

    >>> canonical_unit(" miles per hour", ""), canonical_unit("", "$"), canonical_unit(" km north", "")
    ('mph', '$', 'km north')
    >>> canonical_unit(" red eggs a day", ""), canonical_unit(" egg", ""), canonical_unit(" MB", "")
    ('egg', 'egg', 'MB')
    >>> canonical_unit("x", ""), canonical_unit(" or 19", ""), canonical_unit(" square feet", "")
    (None, None, 'ft^2')
    """
    if text and not text.endswith(".."):
        text = text.rstrip(" .,;")
        if text.endswith(")") and text.startswith((" (", "(")):
            text = f" {text.lstrip(' (')[:-1]}"  # 18 (eggs)
    if not text:
        return _KNOWN.get(currency.lower(), currency)
    if len(text) > _LONGEST or ".." in text or scales(text):
        return None
    if _CJK.match(text.strip()):
        return _KNOWN.get(currency.lower(), currency) if _CJK_UNITS.fullmatch(text.strip()) else None
    text = _MICRO.sub("micro-", _OHM.sub(" ohm", text))
    text = _CELSIUS.sub(" celsius", _FAHRENHEIT.sub(" fahrenheit", text))
    text = _POWER.sub(r"^\1", text)
    words = _TOKEN.findall(text)
    if "".join(words) != text.replace(" ", "") or not _plausible(words, glued=text[0].isalpha()):
        return None
    return _KNOWN.get(currency.lower(), currency) or _join(words)


def _plausible(words: list[str], glued: bool) -> bool:
    """Return whether words behind a number, or ``glued`` to it, may be a unit: not ``5x``, ``5^2`` or "5 or 6"."""
    first = words[0]
    if first in ("^2", "^3") or (glued and (first not in _KNOWN or len(first) == 1)):
        return False
    return all(
        _fits(word.lower() if word.istitle() and len(word) > 1 else word, before)
        for before, word in pairwise(["", *words])
    )


def _fits(word: str, before: str) -> bool:
    """Return whether a word may stand in a unit behind the word ``before`` ("" behind the number)."""
    if word in _KNOWN or word in ("/", "^2", "^3") or word in _DIRECTIONS:
        return True
    if word in ("squared", "cubed"):
        return before in _KNOWN  # "5 cm squared", but not "5 squared"
    if word in _ARTICLES:  # "5 dollars a day", "5 left in the box", but not "5 contradicts the premise"
        return before in _KNOWN or before in _BEFORE_ARTICLES or (word in ("a", "an") and bool(before))
    return word.lower() not in _NO_UNITS and not _ALGEBRA.fullmatch(word)


def _join(words: list[str]) -> str:
    """Return the canonical unit of known words, or the last noun before a preposition; behind it, its direction."""
    known: list[str] = []
    power = noun = direction = ""
    for word in words:
        lower = word.lower()
        if lower in _DIRECTIONS:
            direction = lower
        elif lower in ("square", "sq", "squared", "cubic", "cu", "cubed"):
            power = "^3" if lower.startswith("cu") else "^2"
        elif noun and (lower in _ARTICLES or lower in _BEFORE_ARTICLES or lower == "/"):
            break
        elif lower in ("per", "/"):
            known.append("/")
        elif word in ("^2", "^3"):
            known.append(word)
        elif (unit := _known(word)) is not None and not noun:
            known.append(unit)
        elif known:
            continue  # words behind a known unit: "5 hours of work"
        else:
            noun = _stem(word)
    unit = "".join(known).rstrip("/") + power
    unit = _COMPOUNDS.get(unit, unit) or ("" if noun in _ANY_THING else noun)
    return f"{unit} {direction}" if direction else unit


def _known(word: str) -> str | None:
    """Return the known unit of a word; the case of a short one means something: MB is not mb, mW not MW."""
    return _KNOWN.get(word) or (_KNOWN.get(word.lower()) if len(word) > 2 or word.isupper() else None)


def _stem(word: str) -> str:
    """Return a noun's stem, the same for its plural; a short word with capitals is a symbol and stays."""
    if len(word) <= 4 and not word[1:].islower() and not word.islower():
        return word
    lower = _PERSONS.get(word.lower(), word.lower())
    stem = lower.rstrip("es") or lower
    return stem[:-1] + "y" if stem.endswith("i") else stem


def same_unit(first: str, second: str) -> bool:
    """Return whether two canonical units may be the same: nothing said is as good as anything.

    >>> same_unit("km", ""), same_unit("km", "m"), same_unit("km north", "km south"), same_unit("km north", "km")
    (True, False, False, True)
    """
    if first == second or not first or not second:
        return True
    one, _, way = first.partition(" ")
    other, _, other_way = second.partition(" ")
    return (one == other or not one or not other) and (way == other_way or not way or not other_way)


_FIRST_UNIT = re.compile(r"\s?(?:\^?\\circ\s?[CF]?|[°¢€£$]\s?[CF]?|[A-Za-z]{2,})(?!\w)")
_OTHER_WORDS = ("in", "us", "am", "mi", "second", "left", "right")


def starts_with_unit(text: str) -> int:
    """Return how many characters at the front of a text are a known unit that cannot be another word.

    >>> starts_with_unit(" km away"), starts_with_unit(" in all"), starts_with_unit(" eggs")
    (3, 0, 0)
    """
    unit = _FIRST_UNIT.match(text)
    word = unit[0].strip() if unit else ""
    return unit.end() if unit and word not in _OTHER_WORDS and (_known(word) or not word.isalpha()) else 0


def without_unit(plain: str) -> str:
    r"""Return an expression without the known unit behind it; degrees of a sine or a tangent are part of it.

    >>> without_unit(r"70 \sqrt{2} feet"), without_unit(r"12\pi cm^2"), without_unit("x + 1")
    ('70 \\sqrt{2}', '12\\pi', 'x + 1')
    """
    if _TRIGONOMETRY.search(plain):
        return plain
    counter = None if plain.isascii() or not _CJK.search(plain) else _CJK_UNITS.search(plain)
    if counter and counter.start() and counter.end() == len(plain):
        return plain[: counter.start()].strip()
    words = plain.replace(r"^\circ", r" ^\circ").split(" ")
    count = len(words)
    while count > 1 and _is_unit(words[count - 1]):
        count -= 1
    if words[count:] and words[count] in ("squared", "cubed"):
        return plain  # of the value itself
    return plain if count == len(words) else " ".join(words[:count]).strip()


def _is_unit(word: str) -> bool:
    base = _POWER.sub("", word)
    return base in ("square", "sq", "squared", "cubic", "cubed", "per") or (
        base in _KNOWN and (len(base) > 1 or not base.isalpha())
    )
