"""One step of reasoning: its words of content, its numbers and equations, and how a text is cut into steps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from ..language.function_words import FUNCTION_WORDS
from ..words import CJK, words
from .reasoning_words import CJK_PHRASES, REASONING_WORDS

_TAG = re.compile(r"</?[a-z][^<>]*+>")
_ASCII_END = re.compile(r"[.!?;](?=\s)")
_END = re.compile(r"[.!?;](?=\s)|[。！？；।]")
_ENUMERATOR = re.compile(
    r"""
    [^\w\n]{0,12}                               # "- ", "**", "### "
    (?: [^\W\d]{1,12} \s? )?                    # "step ", "第"
    \d{1,4} [^\W\d]{0,3} \s?                    # "2", "2nd", "二步" behind a digit
    [.):：、] (?!\d)                            # the mark that makes it a number in a list, and no 1.5
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"((?:(?<![\w.])\.)?\d+(?:[.,]\d+)*)")  # 1,234.5 and .5
_RELATION = re.compile(r"\\(?:approx|leq?|geq?|equiv|rightarrow|implies)\b|[=≈≤≥<>≡⇒→]+")

# One sign of a side of an equation: a sign of arithmetic, or a letter alone, which is a variable.
_MATH = r"[\s\d.,+\-−–*/×÷·^%()\[\]{}$€£¥\\]|(?<![a-z])[a-zα-ω](?![a-z])"
_RIGHT_SIDE = re.compile(rf"(?:\\[a-z]+|{_MATH})+")
_LEFT_SIDE_REVERSED = re.compile(rf"(?:[a-z]+\\|{_MATH})+")  # read backwards from the relation sign
_OPERATION = re.compile(
    r"""
    \w [^\w]* [+\-−*/×÷·^] [^\w]* \w            # 16 - 3, x^2
    | \d[a-z]                                   # 2x
    | \\(?:d?frac|times|cdot|div|sqrt)
    """,
    re.VERBOSE,
)

_EQUALS = ("=", "≈", "⇒", "→")
_CURRENCY = " $€£¥\\"
_OPERATIONS = ("+", "-", "−", "–", "*", "/", "×", "÷", "·", "^", "x")
_SIDE = 60
"""Characters of each side of an equation that are read."""

_MOST_RELATIONS = 20
"""Relation signs of a step that are looked at."""

_CJK_PHRASE = re.compile("|".join(CJK_PHRASES))
_LISTED_SCRIPT = re.compile(f"[a-z]{{2}}|[а-я\u0620-\u064a\u0900-\u097f{CJK}]")
"""Scripts with a list of function words: Latin, Cyrillic, Arabic, Devanagari, CJK."""

_FUNCTION: frozenset[str] = frozenset().union(*FUNCTION_WORDS.values())
_EMPTY = _FUNCTION | REASONING_WORDS


_SPELT = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty"""
_NUMBER_WORDS = {word: str(value) for value, word in enumerate(_SPELT.split()) if word != "one"} | {
    "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
    "hundred": "100", "thousand": "1000", "twice": "2", "half": "2", "doubled": "2", "doubles": "2", "dozen": "12",
    "triple": "3", "tripled": "3", "triples": "3", "thirds": "3", "quarter": "4", "quarters": "4",
    "一": "1", "二": "2", "两": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9",
    "十": "10", "百": "100", "千": "1000", "万": "10000", "亿": "100000000", "半": "2",
}  # fmt: skip
"""Quantities in words, English and Chinese: a part by the number that divides, since 1/2 in digits is a 1 and a 2.
"One" is as often a pronoun."""

_SPELT_QUANTITIES = frozenset(_NUMBER_WORDS)


@dataclass
class Step:
    """What one step says, read from its ``body``; most steps are asked for their quantities alone.

    ``numbers`` are those in digits, as they are written, and ``shape`` is the body with each of them masked. ``said``
    are all its words, and ``quantities`` its numbers, those in words too. ``given`` are those that are no results: that
    do not stand behind an equals sign, or beside an operation too.
    """

    body: str
    numbers: frozenset[str]
    shape: str
    said: frozenset[str]
    quantities: frozenset[str]
    given: frozenset[str]

    @cached_property
    def content(self) -> frozenset[str]:
        """The words (CJK: characters) that are neither function words nor talk about reasoning."""
        telling = self.said - _EMPTY
        return frozenset([word for word in telling if not word[0].isdigit() and (len(word) > 1 or not word.isascii())])

    @cached_property
    def equations(self) -> frozenset[str]:
        """The equations that say something, without blanks."""
        if not self.numbers:
            return frozenset()
        sides = _RELATION.split(self.body, maxsplit=_MOST_RELATIONS)
        return frozenset([equation for equation in map(_equation, sides, sides[1:]) if equation])

    @property
    def is_sentence(self) -> bool:
        """Whether function words hold it together and it does not mostly talk about reasoning.

        A script without a list of function words has the benefit of the doubt.
        """
        held = not self.said.isdisjoint(_FUNCTION) or not _LISTED_SCRIPT.search(self.body)
        return held and len(self.said & REASONING_WORDS) <= 2 * weight(self.content)


def split_steps(text: str) -> list[str]:
    r"""Return the different sentences and lines of a text in order, case folded and without tags.

    >>> split_steps("So 3 + 1.5 = 4.5. Done!\nDone!\n")
    ['so 3 + 1.5 = 4.5', 'done']
    """
    folded = text.casefold()
    if "<" in folded:
        folded = _TAG.sub("\n", folded)
    end = _ASCII_END if folded.isascii() else _END
    return [step for step in dict.fromkeys(map(str.strip, end.sub("\n", folded).splitlines())) if step]


def read_step(text: str) -> Step:
    """Return a step, its number in a list left aside.

    >>> step = read_step("step 2: 4 eggs are baked, so 13 - 4 = 9 are left")
    >>> sorted(step.content), sorted(step.numbers), sorted(step.equations), step.is_sentence
    (['baked', 'eggs', 'left'], ['13', '4', '9'], ['13-4=9'], True)
    >>> sorted(read_step("he has 9 as half of .25 of the 12.00 + 2 * 3 = $9").given)
    ['12', '2', '25', '3']
    """
    enumerator = _ENUMERATOR.match(text)
    body = text[enumerator.end() :] if enumerator else text
    parts = _NUMBER.split(body)
    between, numbers = parts[::2], parts[1::2]
    said = frozenset(words(body if body.isascii() else _CJK_PHRASE.sub(" ", body)))
    spelt = {_NUMBER_WORDS[word] for word in said & _SPELT_QUANTITIES}
    quantities, operands, results = set(spelt), set[str](), set[str]()
    for number, before, after in zip(numbers, between, between[1:], strict=False):
        quantity = _quantity(number)
        quantities.add(quantity)
        sign = before.rstrip(_CURRENCY)[-1:]
        if sign in _OPERATIONS or after.lstrip()[:1] in _OPERATIONS:
            operands.add(quantity)
        elif sign in _EQUALS:
            results.add(quantity)
    given = frozenset(quantities - (results - operands))
    return Step(body, frozenset(numbers), "#".join(between), said, frozenset(quantities), given)


def _quantity(number: str) -> str:
    """Return a number's quantity: no commas, no zeros at the end, and a part of one as its percentage."""
    plain = number.replace(",", "")
    if plain.count(".") != 1:
        return plain
    return f"{100 * float(plain):g}" if float(plain) < 1 else plain.rstrip("0").rstrip(".")


def weight(content: frozenset[str]) -> float:
    """Return how many words the content makes: a single CJK character is half of one.

    >>> weight(frozenset({"eggs", "鸡", "蛋"}))
    2.0
    """
    return len(content) - 0.5 * [*map(len, content)].count(1)


def _equation(before: str, after: str) -> str | None:
    """Return the equation around a relation sign, None for one that says nothing, such as 1 = 1 or a = 1."""
    left = _LEFT_SIDE_REVERSED.match(before[: -_SIDE - 1 : -1])
    right = _RIGHT_SIDE.match(after[:_SIDE])
    if not left or not right:
        return None
    first = "".join(left[0][::-1].split()).strip("$.,")
    second = "".join(right[0].split()).strip("$.,")
    if not first or not second or first == second:
        return None
    stated = f"{first}={second}"
    operates = _OPERATION.search(first) or _OPERATION.search(second)
    return stated if operates and _NUMBER.search(stated) else None
