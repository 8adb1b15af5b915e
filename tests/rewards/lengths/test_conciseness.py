"""Conciseness: shorter is better only where something right is said."""

import pytest
from grpokit.rewards.lengths.conciseness import Conciseness, conciseness
from grpokit.rewards.text import RewardError
from hypothesis import given
from hypothesis import strategies as st

RIGHT, LONG, LONGEST, WRONG = (
    "<answer>18</answer>",
    "So it is: <answer>18</answer>",
    "So it is, as we have seen: <answer>18</answer>",
    "<answer>7</answer>",
)


def test_the_shorter_of_two_right_answers_earns_more() -> None:
    values = conciseness(completions=[RIGHT, LONG, LONGEST], answer=["18"] * 3)
    assert values[0] == 1.0
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 3


@pytest.mark.parametrize("parameters", [{}, {"budget": 5}, {"budget": 5000}])
def test_a_short_wrong_answer_never_beats_a_long_right_one(parameters: dict[str, int]) -> None:
    values = Conciseness(**parameters)(completions=[WRONG, LONGEST * 1, ""], answer=["18"] * 3)  # type: ignore[arg-type]  # a table
    assert values[0] == values[2] == 0.0
    assert values[1] is not None
    assert values[1] > 0.0


@pytest.mark.parametrize("empty", ["", " \n", "<answer></answer>", "<think>long</think>\n", "<think>never closed"])
@pytest.mark.parametrize("parameters", [{}, {"budget": 100}])
def test_emptiness_is_never_paid(empty: str, parameters: dict[str, int]) -> None:
    values = Conciseness(**parameters)(completions=[empty, "A real, longer text."])  # type: ignore[arg-type]  # a table
    assert values[0] == 0.0
    assert values[1] is not None
    assert values[1] > 0.0


def test_lengths_are_compared_within_the_prompts_group() -> None:
    values = conciseness(completions=["aa", "aaaa", "aaa", "aaaaaaaa"], prompts=["p", "p", "q", "q"])
    assert values == [1.0, 0.5, 1.0, 0.5]


def test_equal_lengths_and_a_group_of_one_earn_the_same() -> None:
    assert conciseness(completions=["aaa", "bbb"]) == [1.0, 1.0]
    assert conciseness(completions=["aaa"]) == [1.0]


def test_no_reference_for_a_row_is_not_applicable() -> None:
    assert conciseness(completions=[RIGHT, RIGHT], answer=[None, "18"]) == [None, 1.0]


def test_budget_is_half_at_the_budget_and_falls_all_the_way() -> None:
    values = Conciseness(budget=4)(completions=["a" * n for n in (1, 4, 12, 36)])
    assert values == [0.8, 0.5, 0.25, 0.1]


def test_tokens_are_counted_when_asked_for() -> None:
    reward = Conciseness(unit="token")
    assert reward(completions=["aaaa", "a"], completion_ids=[[1], [1, 2, 3]]) == [1.0, 0.5]
    with pytest.raises(RewardError, match="completion_ids"):
        reward(completions=["a"])


def test_a_named_reference_column_must_exist() -> None:
    with pytest.raises(RewardError, match="gold"):
        Conciseness(reference_column="gold")(completions=[RIGHT], answer=["18"])


@pytest.mark.parametrize("parameters", [{"budget": 0}, {"budget": 1.5}, {"unit": "word"}])
def test_parameters_are_checked(parameters: dict[str, object]) -> None:
    with pytest.raises(RewardError, match="write"):
        Conciseness(**parameters)  # type: ignore[arg-type]  # a table


@given(st.lists(st.integers(1, 300), min_size=2, max_size=8))
def test_order_of_lengths_is_order_of_values(lengths: list[int]) -> None:
    values = conciseness(completions=["a" * n for n in lengths])
    for one, first in zip(lengths, values, strict=True):
        for other, second in zip(lengths, values, strict=True):
            assert first is not None
            assert second is not None
            assert (one < other) == (first > second)
