r"""The shape of an answer, item by item."""

import pytest
from grpokit.rewards.answers.intervals import read_interval
from grpokit.rewards.answers.normalize import LONGEST
from grpokit.rewards.answers.structure import Shape, is_deep, read_shape, split_outside

SHAPES = [
    ("1, 2; 3", Shape("list", ("1", "2", "3"))),
    ("1 and 2 or 3", Shape("list", ("1", "2", "3"))),
    ("sand, band", Shape("list", ("sand", "band"))),  # no "and" within a word
    ("1,000, 2,000", Shape("list", ("1,000", "2,000"))),  # separators stay where a space is behind the commas
    ("1,000 or 2,000", Shape("list", ("1,000", "2,000"))),  # or where a word is between them
    ("1,2 and 3", Shape("list", ("1", "2", "3"))),
    ("1,000", Shape("list", ("1", "000"))),  # read as a number before it gets here
    (r"1 \pm 2", Shape("list", ("1 + 2", "1 - 2"))),
    (r"\pm 2", Shape("list", ("2", "-2"))),
    (r"1 \pm 2 \pm 3", Shape("single", (r"1 \pm 2 \pm 3",))),
    ("(1, 2)", Shape("tuple", ("1", "2"), "()")),
    ("(1, 2]", Shape("tuple", ("1", "2"), "(]")),
    (r"\langle 1, 2 \rangle", Shape("tuple", ("1", "2"), "()")),
    (r"\{1, 2\}", Shape("set", ("1", "2"))),
    (r"\{1\}", Shape("set", ("1",))),
    (r"\{1, 2)", Shape("single", (r"\{1, 2)",))),  # brackets that do not belong together
    (r"(1, 2\}", Shape("single", (r"(1, 2\}",))),
    ("((1))", Shape("single", ("1",))),
    ("(1) + (2)", Shape("single", ("(1) + (2)",))),
    ("(1, 2), (3, 4)", Shape("list", ("(1, 2)", "(3, 4)"))),
]


@pytest.mark.parametrize(("plain", "shape"), SHAPES)
def test_read_shape(plain: str, shape: Shape) -> None:
    assert read_shape(plain) == shape


INTERVALS = [
    (r"1 \le x < 2", ("1", "2"), "[)"),
    (r"2 \ge x > 1", ("1", "2"), "(]"),
    ("x >= 3", ("3", r"\infty"), "[)"),
    (r"3 \ge x", (r"-\infty", "3"), "(]"),
    ("ℝ", (r"-\infty", r"\infty"), "()"),
]


@pytest.mark.parametrize(("plain", "ends", "brackets"), INTERVALS)
def test_read_interval(plain: str, ends: tuple[str, str], brackets: str) -> None:
    assert read_interval(plain) == Shape("tuple", ends, brackets)


@pytest.mark.parametrize("plain", ["1 < x > 2", "x < ", "1 < 2 < 3"])
def test_no_interval(plain: str) -> None:
    assert read_interval(plain) is None


def test_split_outside_brackets_only() -> None:
    assert split_outside("f(a=1) = [2=2] = 3", "=") == ["f(a=1)", "[2=2]", "3"]
    assert split_outside(r"\begin{cases} a=1 \end{cases} = 2", "=") == [r"\begin{cases} a=1 \end{cases}", "2"]


def test_of_a_text_longer_than_an_answer_the_beginning_says_how_deep_it_nests() -> None:
    assert is_deep("(" * 25 + ")" * LONGEST)
    assert not is_deep(")" * LONGEST + "(" * 25)
