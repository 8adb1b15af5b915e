from time import process_time

import pytest
from grpokit.rewards.answers import classes
from grpokit.rewards.answers.classes import equal_answers
from hypothesis import given
from hypothesis import strategies as st

TEXTS = ["0.5", "1/2", r"\frac12", "50%", "50", "5 km", "5 m", "5", "x=5", "(1,2)", "(1, 2)", "no", "No.", r"\sqrt 2"]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["0.5", "1/2", r"\frac12", r"\frac{1}{2}", "half", "2"], [0, 0, 0, 0, 0, 1]),  # numbers, exactly
        (["1/3", "0.33"], [0, 1]),  # without tolerance
        (["20", "twenty", "$20.", "20 dollars", "2*10"], [0, 0, 0, 0, 0]),  # in words, with signs and units, calculated
        (["20 apples", "20", "20 pears"], [0, 0, 1]),  # nouns are told apart
        (["18", "Tom has 18 apples left", "18 apples and 3 pears"], [0, 0, 1]),  # the number that a sentence says
        (["East", "east.", "the east", "west"], [0, 0, 0, 1]),  # words
        (["x = 5", "5", "y"], [0, 0, 1]),  # an equation says its value, whatever came first
        (["(1,2)", "(1, 2)", "(2,1)", r"\{1,2\}", r"\{2,1\}"], [0, 0, 1, 2, 2]),  # tuples and sets
        (["D", "(D) Alina", "B"], [0, 0, 1]),  # choices
        (["7:30", "07:30:00", "7:31"], [0, 0, 1]),  # times
        (["1,22", "1.22"], [0, 0]),  # a decimal comma
        (["5 km", "5 m", "5"], [0, 1, 0]),  # a number without a unit goes with the first that has one
        (["5", "5 m", "5 km"], [0, 0, 1]),  # the same in another order
        (["50%", "0.5"], [0, 0]),  # a hundredth
        (["50%", "50", "0.5"], [0, 0, 1]),  # as written before its hundredth, and never both
        (["0.5", "50", "50%"], [0, 1, 1]),  # the same in another order
        (["a" * 5_000, "a" * 5_001, "a" * 5_000], [0, 1, 0]),  # too long to be compared but as it stands
        (["(" * 30, "(" * 31, "(" * 30], [0, 1, 0]),  # too deep
        ([], []),
    ],
)
def test_equal_answers(texts: list[str], numbers: list[int]) -> None:
    assert equal_answers(texts) == numbers


@given(st.lists(st.sampled_from(TEXTS)))
def test_numbers_count_from_0_and_one_text_has_one(texts: list[str]) -> None:
    numbers = equal_answers(texts)
    assert list(dict.fromkeys(numbers)) == list(range(len(set(numbers))))
    assert len(set(zip(texts, numbers, strict=True))) == len(set(texts))


def test_beyond_the_comparisons_the_same_text_is_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, "MOST_COMPARISONS", 1)
    assert equal_answers(["(x,y)", "(1,2)", "(1,3)", "(1/1,2)", "(1, 2)", "(1,3)"]) == [0, 1, 2, 3, 4, 2]


@pytest.mark.parametrize("form", ["{}", "(x, {})"])
def test_time_is_linear_in_the_answers(form: str) -> None:
    start = process_time()
    assert len(set(equal_answers([form.format(number) for number in range(20_000)]))) == 20_000
    assert process_time() - start < 10  # the square of them would be hours
