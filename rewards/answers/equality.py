r"""Is this answer the reference? The ladder of comparisons that need no algebra, cheapest first.

Same tidied text; exact rational numbers; choices, numbers in another base and times; what an equation says; lists,
sets, tuples and intervals item by item; words. What remains is algebra, which :func:`compare` leaves to ``algebra``:
in a worker process that is math-verify, in the main process nothing (the result is None: undecided), so that no model
text is parsed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from .amounts import same_amount
from .arithmetic import calculate, is_too_large
from .choices import read_choice, same_choice
from .equations import names_of, value_of
from .intervals import as_union, read_interval
from .normalize import LONGEST, tidy
from .numbers import Quantity, read_decimal_comma, read_quantity, same_quantity
from .sentences import lone_number
from .structure import Shape, is_deep, read_shape, read_vector, split_outside
from .times import same_date, same_run, same_time
from .units import without_unit

Algebra = Callable[[str, str], bool]
"""Decides whether two tidied expressions (answer, reference) are equal."""

MOST_ITEMS = 40
"""Items of a list or tuple that are compared; longer ones are compared as text only."""

_PLAIN = re.compile(r"-?[0-9]{1,1000}")
_IDLE_BLANK = re.compile(r"(?<!\d) | (?!\d)")
_BASE = re.compile(
    r"([0-9A-Za-z ]*[0-9A-Za-z])\s*(?:_\s*\{?|\(?(?:in )?base(?![A-Za-z]))\s*(\d{1,2})\s*[})]?"
)  # 52_8, 2A_{16}, 52 (base 8)
_PREFIXED = re.compile(r"0[xbo][0-9a-f]+", re.IGNORECASE)  # 0x1F
_NOTHING = re.compile(r"(?:there (?:is|are) )?no solutions?|(?:the )?empty set", re.IGNORECASE)
_APART = re.compile(r"[\d.-]+(?: [\d.-]+)+")  # 1 2 3
_COMMAND = re.compile(r"\\(?:begin|end)\s*\{[a-z]*\*?\}|\\[A-Za-z]+")
_FUNCTIONS = re.compile(
    r"""
    (?<![A-Za-z])
    (?:arc)? (?:sinh?|cosh?|tanh?|cot|sec|csc|log|ln|lg|exp|sqrt|min|max|gcd|lcm|det|pi|mod|lim)
    (?![A-Za-z])
    """,
    re.VERBOSE,
)
_ALGEBRA_LETTERS = re.compile(r"[a-dk-nx-z]{2}|[A-Z]{2}|(?i:([a-z])\1)")  # ab, xy, AB, Rr
_RUN = re.compile(r"[^\W\d_]{2,}")
_PUNCTUATION = re.compile(r"(?<=\d)(?P<kept>[\s.,:]+)(?=\d)|[\s.,;:!?'\"()]+")  # what stands between digits stays
_LONG_WORD = re.compile(r"[^\W\d_]{3}")
_SPELT_SHORT = """
    no on in up at it he we me my so us do go is or if by to of as an am be hi ok uk tv eu un
"""
_SHORT_WORDS = frozenset(_SPELT_SHORT.split())
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)


def compare(answer: str, reference: str, algebra: Algebra | None = None) -> bool | None:
    r"""Return whether two texts are the same value; None when only algebra could tell and none was given.

    Texts that are too long or nest too deep are compared as they stand.

    >>> compare("$1,000", "1000"), compare(r"\frac{5}{2}", r"2\frac{1}{2}"), compare("0.33", r"\frac{1}{3}")
    (True, True, False)
    >>> compare("2, 1", "1, 2"), compare("(2,1)", "(1,2)"), compare("[1,2)", "(1,2]"), compare("x=5", "5")
    (True, False, False, True)
    >>> compare("(x+1)^2", "x^2+2x+1") is None
    True
    """
    if _PLAIN.fullmatch(answer) and _PLAIN.fullmatch(reference):
        return int(answer) == int(reference)
    if max(len(answer), len(reference)) > LONGEST or is_deep(answer) or is_deep(reference):
        return answer == reference
    return _compare(tidy(answer), tidy(reference), algebra)


def _compare(answer: str, reference: str, algebra: Algebra | None) -> bool | None:
    if not answer or not reference:
        return False
    if answer == reference or _dense(answer) == _dense(reference):
        return True
    left, right = read_quantity(answer), read_quantity(reference)
    if right is not None and left is None:
        left = read_decimal_comma(answer)
    elif left is not None and right is None:
        right = read_decimal_comma(reference, fewest=2)
    if left is not None and right is not None:
        return same_quantity(left, right) or (left.unit != right.unit and same_amount(answer, reference) is True)
    for decide in (same_choice, _same_base, same_date, same_run, same_amount):
        decided = decide(answer, reference)
        if decided is not None:
            return decided
    if (r"\cup" in answer) != (r"\cup" in reference):
        answer, reference = as_union(answer) or answer, as_union(reference) or reference
    one = Shape("single", (answer,)) if left else read_interval(answer) or read_shape(answer)
    other = Shape("single", (reference,)) if right else read_interval(reference) or read_shape(reference)
    if (_is_empty(one) and _NOTHING.fullmatch(reference)) or (_is_empty(other) and _NOTHING.fullmatch(answer)):
        return True
    said = value_of(answer, reference) if one.kind == "single" else answer
    wanted = value_of(reference, answer) if other.kind == "single" else reference
    if (said, wanted) != (answer, reference):
        return _compare(said, wanted, algebra)
    at_times = same_time(answer, reference)
    if at_times is not None:
        return at_times
    if one.kind == other.kind == "single":
        return _single(one.items[0], other.items[0], algebra)
    return _several(one, other, algebra)


def _is_empty(shape: Shape) -> bool:
    return shape.kind == "set" and not shape.items


def _dense(plain: str) -> str:
    """Return the text without the blanks that mean nothing: those between digits stay."""
    return _IDLE_BLANK.sub("", plain) if " " in plain else plain


def _same_base(answer: str, reference: str) -> bool | None:
    if _PREFIXED.fullmatch(answer) or _PREFIXED.fullmatch(reference):
        return answer.lower() == reference.lower()
    if "_" not in answer and "_" not in reference:
        return None
    wanted, given = _BASE.fullmatch(reference), _BASE.fullmatch(answer)
    if wanted is None or not wanted[1].strip()[:1].isdigit():
        if given is None or not given[1].strip().isdigit() or read_quantity(reference) is None:
            return None
        return given[2] == "10" and _compare(given[1], reference, None)
    if given is None:
        return False  # 100 is not 100_2
    same_digits = given[1].replace(" ", "").upper() == wanted[1].replace(" ", "").upper()
    return same_digits and given[2] == wanted[2]


def _several(answer: Shape, reference: Shape, algebra: Algebra | None) -> bool | None:
    if max(len(answer.items), len(reference.items)) > MOST_ITEMS:
        return False
    if "tuple" in (answer.kind, reference.kind):
        answer, reference = _with_vector(answer), _with_vector(reference)
    if reference.kind == "single":
        repeated = answer.kind == "list" and all(_compare(item, reference.items[0], algebra) for item in answer.items)
        return repeated or (answer.kind == "set" and _unordered(answer.items, reference.items, algebra))
    if answer.kind == "single" and reference.kind != "set":
        return reference.kind == "list" and _all(_compare(answer.items[0], item, algebra) for item in reference.items)
    if "tuple" in (answer.kind, reference.kind):
        return _ordered(answer, reference, algebra)
    names = names_of(answer.items), names_of(reference.items)
    if None in names and names != (None, None):  # k = 1, n = 2 against 1, 2: the order says which is which
        return _ordered(answer, reference, algebra)
    return _unordered(answer.items, reference.items, algebra)


def _with_vector(shape: Shape) -> Shape:
    return (read_vector(shape.items[0]) if shape.kind == "single" else None) or shape


def _ordered(answer: Shape, reference: Shape, algebra: Algebra | None) -> bool | None:
    kinds = {answer.kind, reference.kind}
    if len(answer.items) != len(reference.items) or kinds == {"set", "tuple"}:
        return False
    if answer.kind == reference.kind and "" != answer.brackets != reference.brackets != "":
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
    bare, wanted_bare = without_unit(answer), without_unit(reference)
    if (bare, wanted_bare) != (answer, reference):
        return _compare(bare, wanted_bare, algebra)
    left, right = read_quantity(answer), read_quantity(reference)
    given, wanted = read_choice(answer), read_choice(reference)
    if given and given.text and not wanted:
        return _compare(given.text, reference, algebra)
    if wanted and wanted.text and not given:
        return _compare(answer, wanted.text, algebra)
    if is_words(reference) or is_words(answer):
        if left is None and right is None:
            return word_key(answer) == word_key(reference)
        left, right = left or lone_number(answer), right or lone_number(reference)
        return left is not None and right is not None and same_quantity(left, right)
    return _calculated(answer, reference, algebra)


def _calculated(answer: str, reference: str, algebra: Algebra | None) -> bool | None:
    if (len(split_outside(answer, "=")) > 1) != (len(split_outside(reference, "=")) > 1):
        return False
    left, right = _exact(answer), _exact(reference)
    if left is not None and right is not None:
        return same_quantity(left, right)
    if _APART.fullmatch(answer) or _APART.fullmatch(reference):
        return False  # 1 2 3 is no product
    if is_too_large(answer) or is_too_large(reference):
        return False
    return None if algebra is None else algebra(answer, reference)


def _exact(plain: str) -> Quantity | None:
    quantity = read_quantity(plain)
    value = calculate(plain) if quantity is None else None
    return quantity if value is None else Quantity(value, percent=False, unit="")


@lru_cache(maxsize=65_536)
def is_hedged(answer: str, reference: str) -> bool:
    """Return whether an answer lists several values where the reference is a single one.

    >>> is_hedged("17 or 18", "18"), is_hedged("1, 2", "2, 1"), is_hedged("17", "18")
    (True, False, False)
    """
    if read_quantity(answer) is not None:
        return False
    plain = tidy(reference)
    if is_deep(answer):
        return False
    single = read_quantity(plain) is not None or read_shape(plain).kind == "single"
    return single and read_shape(tidy(answer)).kind == "list"


def is_too_complex(answer: str) -> bool:
    r"""Return whether an answer nests too deep, or is an expression that is too large to evaluate.

    >>> is_too_complex("9^{9^{9^{9}}}"), is_too_complex("(" * 100), is_too_complex("17"), is_too_complex("x" * 9)
    (True, True, False, False)
    """
    if _PLAIN.fullmatch(answer):
        return False
    if is_deep(answer):
        return True
    plain = tidy(answer)
    return read_quantity(plain) is None and not is_words(plain) and is_too_large(plain)


def is_words(plain: str) -> bool:
    r"""Return whether a tidied text holds words, which are compared as text and never as products of letters.

    >>> is_words("east"), is_words("no solution"), is_words(r"\sqrt{2} + ab"), is_words(r"\sin x")
    (True, True, False, False)
    """
    bare = _COMMAND.sub(" ", plain) if "\\" in plain else plain
    return any(_is_word(run[0]) for run in _RUN.finditer(bare))


def _is_word(run: str) -> bool:
    """Return whether letters in a row are more than a product of letters and a function's name."""
    if _ALGEBRA_LETTERS.fullmatch(run):
        return False
    return any(not _ALGEBRA_LETTERS.fullmatch(part) for part in _RUN.findall(_FUNCTIONS.sub(" ", run)))


def word_key(plain: str) -> str:
    """Return the text without punctuation, white space, a leading article, and the case of words.

    Symbols, which are words of one or two letters and nothing else (Co, CO2, Bb), keep their case.

    >>> word_key("The Ellipse."), word_key("No solution"), word_key("NO"), word_key("CO"), word_key("part 1.2")
    ('ellipse', 'nosolution', 'no', 'CO', 'part1.2')
    """
    bare = _PUNCTUATION.sub(r"\g<kept>", _ARTICLE.sub("", plain))
    folded = bare.casefold()
    return folded if folded in _SHORT_WORDS or _LONG_WORD.search(plain) else bare
