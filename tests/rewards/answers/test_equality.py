"""The ladder that needs no algebra: laws of equality, exact numbers, and text that must not blow up."""

from fractions import Fraction

import pytest
from grpokit.rewards.answers.arithmetic import is_too_large
from grpokit.rewards.answers.equality import compare, is_hedged
from grpokit.rewards.answers.intervals import read_interval
from grpokit.rewards.answers.normalize import tidy
from grpokit.rewards.answers.numbers import read_quantity
from grpokit.rewards.answers.structure import read_shape
from grpokit.tests.rewards.growth import assert_linear
from hypothesis import given, settings
from hypothesis import strategies as st

PIECES = [
    *("\\frac", "{", "}", "1", "2", "/", ",", " ", "(", ")", "[", "]", "\\{", "\\}", "x", "=", "\\pm", "$", "%", "-"),
    *("+", ".", "^", "_", "\\text{", "or", "cm", "\\circ", "½", "π", "**", "\\\\", "\\", "A", ":", "<", "e", "\\in "),
]
SPELLINGS = [
    ("{value}", "as it is"),
    ("+{value}", "plus sign"),
    (" {value} ", "white space"),
    ("{value:,}", "thousands separators"),
    ("{value}.0", "trailing zero"),
    ("${value}", "currency"),
    ("{value} apples", "unit"),
    ("x = {value}", "assignment"),
    (r"\text{{{value}}}", "text command"),
    (r"\frac{{{value}}}{{1}}", "over one"),
    ("**{value}**", "bold"),
    ("{value}/1", "slash"),
    ("{value}e0", "scientific"),
    (r"\({value}\)", "math delimiters"),
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES)).map("".join), st.lists(st.sampled_from(PIECES)).map("".join))
def test_never_raises_and_equals_itself(first: str, second: str) -> None:
    compare(first, second)
    if tidy(first):
        assert compare(first, first) is True


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    compare(text, "18")
    compare("18", text)
    is_hedged(text, "18")
    is_too_large(text)


@settings(deadline=None)
@given(st.fractions(), st.fractions())
def test_fractions_are_equal_exactly_when_they_are(first: Fraction, second: Fraction) -> None:
    written = rf"\frac{{{first.numerator}}}{{{first.denominator}}}"
    assert compare(written, str(second)) is (first == second)
    assert compare(written, str(first)) is True


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=10**12), st.sampled_from([form for form, _ in SPELLINGS]))
def test_every_spelling_of_an_integer_is_that_integer(value: int, form: str) -> None:
    assert compare(form.format(value=value), str(value)) is True
    assert compare(form.format(value=value), str(value + 1)) is False


@settings(deadline=None)
@given(st.integers(1, 999), st.integers(1, 99), st.integers(1, 99))
def test_a_mixed_number_is_the_sum(whole: int, top: int, bottom: int) -> None:
    value = whole + Fraction(top, bottom)
    for written in (rf"{whole}\frac{{{top}}}{{{bottom}}}", f"{whole} {top}/{bottom}"):
        quantity = read_quantity(written)
        assert quantity is not None
        assert quantity.value == value


@settings(deadline=None)
@given(st.permutations(["1", "2", r"\frac{1}{3}", "-4"]))
def test_a_list_has_no_order_and_a_tuple_has(items: list[str]) -> None:
    ordered = ["1", "2", r"\frac{1}{3}", "-4"]
    assert compare(", ".join(items), ", ".join(ordered)) is True
    assert compare(f"({', '.join(items)})", f"({', '.join(ordered)})") is (items == ordered)


UNDECIDED = [("(x+1)^2", "x^2+2x+1"), (r"\sqrt{8}", r"2\sqrt{2}"), (r"(\sqrt{8}, 1)", r"(2\sqrt{2}, 1)")]


@pytest.mark.parametrize(("answer", "reference"), UNDECIDED)
def test_algebra_is_left_undecided(answer: str, reference: str) -> None:
    assert compare(answer, reference) is None
    assert compare(answer, reference, lambda answer, reference: True) is True
    assert compare(answer, reference, lambda answer, reference: False) is False


def test_one_wrong_item_decides_without_algebra() -> None:
    assert compare(r"(\sqrt{8}, 2)", r"(2\sqrt{2}, 1)") is False


SHAPES = [
    ("1, 2", "list"), ("1 and 2", "list"), (r"\pm 2", "list"), ("1,234", "list"),
    ("(1, 2)", "tuple"), ("[1, 2)", "tuple"), (r"\{1, 2\}", "set"),
    ("12", "single"), ("(1)", "single"), (r"\frac{1}{2}", "single"), ("(1,2) + (3,4)", "single"), ("f(1,2)", "single"),
    (r"\begin{pmatrix} 1 & 2 \end{pmatrix}", "single"), ("", "single"), ("))((", "single"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), SHAPES)
def test_shape(text: str, kind: str) -> None:
    assert read_shape(text).kind == kind


INEQUALITIES = [("x > 3", "()"), (r"x \le 3", "(]"), (r"1 \le x < 2", "[)"), ("2 > x > 1", "()")]


@pytest.mark.parametrize(("text", "brackets"), INEQUALITIES)
def test_inequality_is_an_interval(text: str, brackets: str) -> None:
    found = read_interval(text)
    assert found is not None
    assert found.brackets == brackets


@pytest.mark.parametrize("text", ["x", "1 < x > 2", "x + 1 < 2", "<", "x <", "< 3"])
def test_other_relations_are_no_interval(text: str) -> None:
    assert read_interval(text) is None


DECIDED = [
    ("7:30:00", "7:30", True, "no seconds"),
    ("7:30:15", "7:30", False, "seconds count"),
    ("3 = 5", "5", False, "a false equation is not its right side"),
    (", ".join(map(str, range(40))), ", ".join(map(str, range(39, -1, -1))), True, "forty items"),
]


@pytest.mark.parametrize(("answer", "reference", "equal", "why"), DECIDED)
def test_decided_without_algebra(answer: str, reference: str, equal: bool, why: str) -> None:
    assert compare(answer, reference) is equal


HUGE = [
    *("9^{9^{9}}", "9^9^9^9", "(9^9)^{99999}", "99999!", "3!!", "(9!)!", r"\binom{100000}{5}", "9^{99999}"),
    *(r"\Gamma(1000000)", r"\Gamma(10^6)", r"\zeta(99999)", r"\binom{9^9}{5}", r"(x+y)^{999}(x-y)^{999}"),
    *("(a+b+c+d+e+f)^{99}", "(1+a)(1+b)" * 6, r"\begin{vmatrix}" + r"a & b \\" * 30 + r"\end{vmatrix}"),
    r"\sum_{a=1}^{9}\sum_{b=1}^{9}\sum_{c=1}^{9} abc",
]


@pytest.mark.parametrize("text", HUGE)
def test_explosions_are_refused(text: str) -> None:
    assert is_too_large(text)


@pytest.mark.parametrize(
    "text",
    [
        "(a+b)^{99}",
        "(x+1)^2(x-1)^2",
        r"\Gamma(5)",
        "2^{10}",
        "2^{2^{3}}",
        "e^{x^2}",
        "10!",
        r"\frac{x^{12}}{y^{13}}",
        "2^{1000}",
    ],
)
def test_ordinary_powers_are_not(text: str) -> None:
    assert not is_too_large(text)


@pytest.mark.parametrize(
    "piece", [*PIECES, "1,", "1 ", "\\frac{", "\\text{a", "x_", "{1}", "a b ", "^{", "1/", "\\overline{"]
)
def test_an_answer_is_compared_in_linear_time(piece: str) -> None:
    assert_linear(lambda text: (compare(text, "18"), is_hedged(text, "18")), piece)
