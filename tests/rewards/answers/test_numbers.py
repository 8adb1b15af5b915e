r"""Numbers, exactly: one row per way to write one, and per way to miss one."""

from fractions import Fraction

import pytest
from grpokit.rewards.answers.number_words import read_number_words
from grpokit.rewards.answers.numbers import read_quantity

NUMBERS = [
    ("1,234,567.8", Fraction(12345678, 10), "thousands"),
    ("1234,567", None, "four digits before a separator"),
    ("1 234.5", Fraction(12345, 10), "thousands by spaces"),
    ("1 234/5", 1 + Fraction(234, 5), "a mixed number and no thousand"),
    ("2 and 3/4", Fraction(11, 4), "mixed, with and"),
    (r"2\frac{3}{4}", Fraction(11, 4), "mixed, in LaTeX"),
    (r"2\frac{3}{-4}", None, "a sign inside a mixed number"),
    (r"2\frac{-3}{4}", None, "a sign inside a mixed number"),
    (r"\frac{3}{-4}", Fraction(-3, 4), "a sign below"),
    (r"\frac{3}{0}", None, "over nothing"),
    ("1234.", 1234, "point at the end"),
    (".5", Fraction(1, 2), "point at the front"),
    ("-$5", -5, "sign before the currency"),
    ("$-5", -5, "sign behind the currency"),
    ("2.5e3", 2500, "power of ten"),
    ("1e00012", 10**12, "zeros before the power"),
    ("1e2000", 10**2000, "the largest power"),
    ("1e2001", None, "a larger one"),
    ("1e0000002", None, "seven digits of power"),
    (r"2.5 \times 10^{3}", 2500, "power of ten, in LaTeX"),
    (r"0.1\overline{6}", Fraction(1, 6), "repeating"),
    (r"-0.1\overline{6}", Fraction(-1, 6), "repeating, negative"),
    ("1.5 million", 1_500_000, "scale"),
    ("2 billions", 2 * 10**9, "scale"),
    ("3 trillion", 3 * 10**12, "scale"),
    ("2 hundred", 200, "scale"),
    ("twenty-one", 21, "words"),
]


@pytest.mark.parametrize(("text", "value", "why"), NUMBERS)
def test_read_quantity(text: str, value: Fraction | int | None, why: str) -> None:
    quantity = read_quantity(text)
    assert (quantity and quantity.value) == value


@pytest.mark.parametrize(
    "text", ["50%", "50 percent", "50 percentage points", "50 percent point", "50 per cent", "50pct"]
)
def test_percent(text: str) -> None:
    quantity = read_quantity(text)
    assert quantity is not None
    assert (quantity.value, quantity.percent) == (50, True)


WORDS = [
    ("seven eighths", Fraction(7, 8), ""),
    ("three halves", Fraction(3, 2), ""),
    ("one tenth of it", Fraction(1, 10), " of it"),
    ("two hundred and five", 205, ""),
    ("two hundred hundred", 200, " hundred"),
    ("two thousand three million", 2003, " million"),
    ("two million three thousand", 2_003_000, ""),
    ("thousand", None, ""),
    ("and two", None, ""),
]


@pytest.mark.parametrize(("text", "value", "rest"), WORDS)
def test_number_words(text: str, value: Fraction | int | None, rest: str) -> None:
    number = read_number_words(text)
    assert (number and number.value) == value
    assert number is None or number.rest == rest
