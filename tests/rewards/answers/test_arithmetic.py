"""Exact values of expressions in plain numbers."""

from fractions import Fraction

import pytest
from grpokit.rewards.answers.arithmetic import calculate
from hypothesis import given
from hypothesis import strategies as st

READ = [
    ("2 + 3 * 4", Fraction(14), "products before sums"),
    ("2 - 3 - 4", Fraction(-5), "from left to right"),
    ("12 / 3 / 2", Fraction(2), "division from left to right"),
    ("2^3^2", Fraction(512), "powers from right to left"),
    ("-2^2", Fraction(-4), "the sign after the power"),
    ("2^{-2}", Fraction(1, 4), "negative exponent"),
    ("(1 + 2)!", Fraction(6), "factorial of brackets"),
    (r"\frac{1}{2} \cdot 0.5", Fraction(1, 4), "decimals are exact"),
    ("2 3", None, "no product of neighbours"),
    ("2(3)", None, "nor of brackets"),
    ("1/0", None, "division by zero"),
    ("0^0", None, "undefined"),
    ("(1/2)!", None, "no gamma function"),
    ("4^{1/2}", None, "roots are algebra"),
    ("(1", None, "unbalanced"),
    ("1)", None, "unbalanced"),
    ("", None, "nothing"),
    ("2^{99999}", None, "too large a power"),
    ("9^{9^{9}}", None, "a tower"),
    ("9999!", None, "too large a factorial"),
    ("9!!!", None, "factorials of factorials"),
    ("(" * 300 + ")" * 300, None, "too deep"),
    ("-" * 500 + "1", None, "too many signs"),
]


@pytest.mark.parametrize(("plain", "value", "why"), READ, ids=[why for *_, why in READ])
def test_calculate(plain: str, value: Fraction | None, why: str) -> None:
    assert calculate(plain) == value


@given(st.text(alphabet="0123456789.+-*/^!(){} ", max_size=40))
def test_any_text_gives_a_value_or_none(plain: str) -> None:
    value = calculate(plain)
    assert value is None or isinstance(value, Fraction)


@given(st.integers(-999, 999), st.integers(-999, 999), st.integers(1, 99))
def test_agrees_with_fractions(a: int, b: int, c: int) -> None:
    assert calculate(f"({a}) * ({b}) / {c} - ({a})") == Fraction(a * b, c) - a
