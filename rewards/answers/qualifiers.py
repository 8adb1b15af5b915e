"""Words that make of a number another one, or none: "57 squared", "half of 57", "57 is wrong" do not say 57."""

from __future__ import annotations

import re

_OPERATIONS = """
    root squared cubed cube factorial double doubled twice triple tripled thrice quadruple half halved halves third
    quarter fourth fifth sixth eighth tenth reciprocal inverse log logarithm ln exp exponential power powers sine cosine
    tangent sin cos tan modulo mod minus plus negative negated added subtracted multiplied divided by multiple
    multiples divisible divisor divisors factor factors remainder absolute complement opposite derivative integral
    choose sqrt pi infinity dozen hundred thousand million billion trillion dozens hundreds thousands millions billions
    trillions mio mn bn successor predecessor digit digits hex hexadecimal binary octal hundredths thousandths
    thirds quarters fourths fifths sixths eighths tenths
"""
_COMPARISONS = """
    less fewer greater least most under below above between than beyond exceeds exceeding except excluding without
    almost nearly within
"""
_JUDGEMENTS = """
    not no never none neither nor cannot can't isn't aren't wasn't weren't doesn't don't didn't won't wouldn't wrong
    incorrect false fails fail failed failing off short far too invalid impossible untrue unlikely unless mistake
    mistaken error reject rejected contradiction exclude excluded ruled
"""
_JUDGEMENTS_ABROAD = """
    nicht kein keine nein falsch ungleich  pas faux fausse incorrecte jamais  falso falsa incorrecto incorrecta nunca
    errado errada não nem  sbagliato sbagliata mai  не нет неверно неправильно
"""
_DOUBTS = """
    or either maybe perhaps possibly might could guess unknown unsure if but versus vs whether
"""
_SCALES = """
    lakh lakhs lac lacs crore crores bps ppm ppb permille millionen milliarde milliarden tausend milliard milliards
    mille millones millón milhão milhões milioni miliardi тысяч тысячи миллион миллиона миллионов миллиардов
"""
_SCALES_BEHIND = """
    tens score recurring repeating mil mila
"""
_SPELT = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
"""

QUALIFIERS = frozenset((_OPERATIONS + _SCALES + _COMPARISONS + _JUDGEMENTS + _JUDGEMENTS_ABROAD + _DOUBTS).split())
"""Words that apply an operation to a number, compare, judge or doubt it."""

SCALES = frozenset((_SCALES + _SCALES_BEHIND).split())
"""Words that, right behind a number, make another one of it; some are nouns elsewhere ("the score is 5")."""

NUMBER_WORDS = frozenset(_SPELT.split())
"""Words that are a second number beside another one."""

_BASIS_POINTS = (["basis", "point"], ["basis", "points"])
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


def qualifies(text: str) -> bool:
    """Return whether a text holds a word that makes another value of the number beside it.

    >>> qualifies("the square root of"), qualifies("apples are left"), qualifies("is wrong")
    (True, False, True)
    """
    return any(word in QUALIFIERS or word in NUMBER_WORDS for word in words_of(text))


def scales(text: str) -> bool:
    """Return whether a text right behind a number begins with words that make another one of it.

    >>> scales(" lakh rupees"), scales(" basis points"), scales(" per mille"), scales(" (score)")
    (True, True, True, True)
    >>> scales(" on a daily basis"), scales(" points")
    (False, False)
    """
    words = words_of(text)[:2]
    if words[:1] == ["per"]:
        return words[-1] in SCALES
    return bool(words) and (words[0] in SCALES or words in _BASIS_POINTS)


def words_of(text: str) -> list[str]:
    """Return the words of a text in small letters."""
    return [word.lower() for word in _WORD.findall(text)]
