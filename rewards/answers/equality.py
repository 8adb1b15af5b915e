r"""Is this answer the reference? The ladder of comparisons that need no algebra, cheapest first.

Same tidied text; exact rational numbers; lists, sets, tuples and intervals item by item; words, choices, times and
numbers in another base. What remains is algebra, which :func:`compare` leaves to ``algebra``: in a worker process that
is math-verify, in the main process nothing (the result is None: undecided), so that no model text is parsed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache

from .arithmetic import calculate, is_too_large
from .normalize import LONGEST, tidy
from .numbers import Quantity, read_quantity, same_quantity
from .structure import Shape, read_interval, read_shape, split_outside
from .units import without_unit

Algebra = Callable[[str, str], bool]
"""Decides whether two tidied expressions (answer, reference) are equal."""

MOST_ITEMS = 40
"""Items of a list or tuple that are compared; longer ones are compared as text only."""

_PLAIN = re.compile(r"-?[0-9]{1,1000}")
_BLANK = re.compile(r"\s+")
_IDLE_BLANK = re.compile(r"(?<!\d) | (?!\d)")
_CHOICE = re.compile(r"(?:option |choice )?\(?([A-J])\)?", re.IGNORECASE)  # "(C)", "option c"
_LABELLED = re.compile(
    r"""
    (?: option[ ] | choice[ ] )?
    (?: \(([A-J])\) | ([A-J])[).:] ) \s* (.+)       # "(C) 12", "C) 12", "C. Paris"
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_LABEL = re.compile(r"(?<![A-Za-z])[A-J][).:]")
_BASE = re.compile(r"([0-9A-Za-z ]+)_\{?\s*(\d{1,2})\s*\}?")  # 52_8, 2A_{16}
_TIME = re.compile(r"0?(\d{1,2}):(\d\d)(?::(\d\d))?\s*([ap]\.?m)?", re.IGNORECASE)  # 7:30, 07:30:00, 7:30 p.m
_RATIO = re.compile(r"(\d{1,9})\s*:\s*(\d{1,9})")  # 3 : 4
_NAME = re.compile(
    r"""
    \\?[A-Za-z]+ '* (?: _\{?\w{1,6}\}? | \s?\([^()=]{1,20}\) )?     # x, \theta, y', x_1, f(x)
    | [A-Za-z ]{1,40}                                               # the area
    | \( (?: \s*[a-z]\s*,? ){1,6} \)                                # (x, y)
    """,
    re.VERBOSE,
)
"""What may stand before "=" or "is in" and be left out."""

_COMMAND = re.compile(r"\\(?:begin|end)\s*\{[a-z]*\*?\}|\\[A-Za-z]+")
_FUNCTIONS = re.compile(
    r"""
    (?<![A-Za-z])
    (?:arc)? (?:sinh?|cosh?|tanh?|cot|sec|csc|log|ln|lg|exp|sqrt|min|max|gcd|lcm|det|pi|mod|lim)
    (?![A-Za-z])
    """,
    re.VERBOSE,
)
_ALGEBRA_LETTERS = re.compile(r"[a-dk-nx-z]{2}|[A-Z]{2}")  # ab, xy, AB
_RUN = re.compile(r"[^\W\d_]{2,}")
_MATH_SIGN = re.compile(r"[=+*/^<>\\|{}\[\]]|\w\(")
_PUNCTUATION = re.compile(r"[\s.,;:!?'\"()]+")
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
_LONE_NUMBER = re.compile(
    r"""
    (?<![\w.,]) (?:-\s?)? [$€£¥]?
    \d[\d,]* (?:\.\d+)?
    (?! [\w/^] | [.,:]\d ) \s* %?                   # neither 3/4 nor 12:30
    """,
    re.VERBOSE,
)
_UNSURE = re.compile(
    r"""
    \b(?: not | never | cannot | except | minus
        | less | more | fewer | greater | least | most | under | below | above | between | than
        | maybe | perhaps | possibly | probably | could | might | guess | unknown | or | either
        | hundred | thousand | million | billion | half | twice | dozen
    )\b | n't
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Words that make a number another one, or none."""


def compare(answer: str, reference: str, algebra: Algebra | None = None) -> bool | None:
    r"""Return whether two texts are the same value; None when only algebra could tell and none was given.

    >>> compare("$1,000", "1000"), compare(r"\frac{5}{2}", r"2\frac{1}{2}"), compare("0.33", r"\frac{1}{3}")
    (True, True, False)
    >>> compare("2, 1", "1, 2"), compare("(2,1)", "(1,2)"), compare("[1,2)", "(1,2]"), compare("x=5", "5")
    (True, False, False, True)
    >>> compare("(x+1)^2", "x^2+2x+1") is None
    True
    """
    if _PLAIN.fullmatch(answer) and _PLAIN.fullmatch(reference):
        return int(answer) == int(reference)
    if len(answer) > LONGEST or len(reference) > LONGEST:
        return answer == reference
    return _compare(tidy(answer), tidy(reference), algebra)


def _compare(answer: str, reference: str, algebra: Algebra | None) -> bool | None:
    if not answer or not reference:
        return False
    if answer == reference or _dense(answer) == _dense(reference):
        return True
    left, right = read_quantity(answer), read_quantity(reference)
    if left is not None and right is not None:
        return same_quantity(left, right)
    for decide in (_same_choice, _same_base, _same_time):
        decided = decide(answer, reference)
        if decided is not None:
            return decided
    one = Shape("single", (answer,)) if left else read_interval(answer) or read_shape(answer)
    other = Shape("single", (reference,)) if right else read_interval(reference) or read_shape(reference)
    if one.kind == other.kind == "single":
        return _single(one.items[0], other.items[0], algebra)
    return _several(one, other, algebra)


def _dense(plain: str) -> str:
    """Return the text without the blanks that mean nothing: those between digits stay."""
    return _IDLE_BLANK.sub("", plain)


def _same_choice(answer: str, reference: str) -> bool | None:
    wanted = _CHOICE.fullmatch(reference)
    if not wanted or not wanted[1].isupper():
        return None
    given = _CHOICE.fullmatch(answer)
    if given is None:
        labelled = _LABELLED.fullmatch(answer)
        if labelled is None:
            return None
        return (labelled[1] or labelled[2]) == wanted[1] and not _LABEL.search(labelled[3])
    return given[1].upper() == wanted[1]


def _same_base(answer: str, reference: str) -> bool | None:
    wanted, given = _BASE.fullmatch(reference), _BASE.fullmatch(answer)
    if wanted is None or not wanted[1].strip()[0].isdigit():
        if given is None or not given[1].strip().isdigit() or read_quantity(reference) is None:
            return None
        return given[2] == "10" and _compare(given[1], reference, None)
    if given is None:
        return answer.replace(" ", "") == wanted[1].replace(" ", "")
    same_digits = given[1].replace(" ", "").upper() == wanted[1].replace(" ", "").upper()
    return same_digits and given[2] == wanted[2]


def _same_time(answer: str, reference: str) -> bool | None:
    if ":" not in answer and ":" not in reference:
        return None
    wanted, given = _TIME.fullmatch(reference), _TIME.fullmatch(answer)
    if wanted and given:
        halves = {half.replace(".", "").lower() for half in (wanted[4], given[4]) if half}
        return wanted.group(1, 2) == given.group(1, 2) and (wanted[3] or "00") == (given[3] or "00") and len(halves) < 2
    if wanted or given:
        return False
    left, right = _ratio(answer), _ratio(reference)
    return None if left is None or right is None else left == right


def _ratio(text: str) -> Fraction | None:
    ratio = _RATIO.fullmatch(text)
    if ratio:
        return Fraction(int(ratio[1]), int(ratio[2])) if int(ratio[2]) else None
    quantity = read_quantity(text)
    return quantity.value if quantity else None


def _several(answer: Shape, reference: Shape, algebra: Algebra | None) -> bool | None:
    if max(len(answer.items), len(reference.items)) > MOST_ITEMS:
        return False
    if reference.kind == "single":
        repeated = answer.kind == "list" and all(_compare(item, reference.items[0], algebra) for item in answer.items)
        return repeated or (answer.kind == "set" and _unordered(answer.items, reference.items, algebra))
    if answer.kind == "single" and reference.kind != "set":
        return _one_against_several(answer.items[0], reference, algebra)
    if "tuple" in (answer.kind, reference.kind):
        return _ordered(answer, reference, algebra)
    return _unordered(answer.items, reference.items, algebra)


def _one_against_several(answer: str, reference: Shape, algebra: Algebra | None) -> bool | None:
    """Compare ``(x,y) = (1,2)``, ``x \\in [1,2]`` or a bare inequality with a list, set or tuple."""
    value = _value_against(answer, "")
    if value != answer:
        return _several(read_shape(value), reference, algebra)
    if reference.kind == "list":
        return _all(_compare(answer, item, algebra) for item in reference.items)
    return False


def _ordered(answer: Shape, reference: Shape, algebra: Algebra | None) -> bool | None:
    if "set" in (answer.kind, reference.kind) or len(answer.items) != len(reference.items):
        return False
    if answer.kind == reference.kind and answer.brackets != reference.brackets:
        return False
    return _all(_compare(left, right, algebra) for left, right in zip(answer.items, reference.items, strict=True))


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    undecided = False
    for verdict in verdicts:
        if verdict is False:
            return False
        undecided = undecided or verdict is None
    return None if undecided else True


def _unordered(answer: tuple[str, ...], reference: tuple[str, ...], algebra: Algebra | None) -> bool | None:
    """Match the items one to one; an item that is undecided against all that are left leaves all undecided."""
    left = list(answer)
    undecided = False
    for wanted in reference:
        verdicts = [_compare(item, wanted, algebra) for item in left]
        if True in verdicts:
            left.pop(verdicts.index(True))
        elif None in verdicts:
            undecided = True
        else:
            return False
    if undecided:
        return None if len(answer) == len(reference) else False
    return all(any(_compare(item, wanted, algebra) for wanted in reference) for item in left)


def _single(answer: str, reference: str, algebra: Algebra | None) -> bool | None:
    answer, reference = without_unit(_value_against(answer, reference)), without_unit(_value_against(reference, answer))
    left, right = read_quantity(answer), read_quantity(reference)
    if left is not None and right is not None:
        return same_quantity(left, right)
    labelled = _LABELLED.fullmatch(answer)
    if labelled and not _CHOICE.fullmatch(reference):
        return _compare(labelled[3], reference, algebra)
    if is_words(reference) or is_words(answer):
        if right is None:
            return word_key(answer) == word_key(reference)
        lone = lone_number(answer)
        return lone is not None and same_quantity(lone, right)
    return _calculated(answer, reference, algebra)


def _calculated(answer: str, reference: str, algebra: Algebra | None) -> bool | None:
    if (len(split_outside(answer, "=")) > 1) != (len(split_outside(reference, "=")) > 1):
        return False
    left, right = _exact(answer), _exact(reference)
    if left is not None and right is not None:
        return same_quantity(left, right)
    if is_too_large(answer) or is_too_large(reference):
        return False
    return None if algebra is None else algebra(answer, reference)


def _exact(plain: str) -> Quantity | None:
    quantity = read_quantity(plain)
    value = calculate(plain) if quantity is None else None
    return quantity if value is None else Quantity(value, percent=False, unit="")


def _value_against(text: str, other: str) -> str:
    """Return what ``text`` says is equal to something, unless both are equations about different things."""
    sides = split_outside(text, "=")
    if len(sides) == 1:
        member, sign, of = text.partition(r"\in ")
        return of.strip() if sign and _NAME.fullmatch(member.strip()) else text
    other_sides = split_outside(other, "=")
    if len(other_sides) == 1:
        stated, wanted = read_quantity(sides[0]), read_quantity(other)
        clash = stated is not None and wanted is not None and not same_quantity(stated, wanted)
        return text if clash else sides[-1]
    same_name = _NAME.fullmatch(sides[0]) and _BLANK.sub("", sides[0]) == _BLANK.sub("", other_sides[0])
    return sides[-1] if same_name else text


@lru_cache(maxsize=65_536)
def is_hedged(answer: str, reference: str) -> bool:
    """Return whether an answer lists several values where the reference is a single one.

    >>> is_hedged("17 or 18", "18"), is_hedged("1, 2", "2, 1"), is_hedged("17", "18")
    (True, False, False)
    """
    if read_quantity(answer) is not None:
        return False
    plain = tidy(reference)
    single = read_quantity(plain) is not None or read_shape(plain).kind == "single"
    return single and read_shape(tidy(answer)).kind == "list"


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
    numbers = _LONE_NUMBER.findall(plain)
    if len(numbers) != 1 or sum(map(str.isdigit, plain)) != sum(map(str.isdigit, numbers[0])):
        return None
    if _MATH_SIGN.search(plain) or _UNSURE.search(plain):
        return None
    return read_quantity(numbers[0])
