"""The repetition penalty: by ids, by words, by characters, and its parameters."""

import pytest
from grpokit.rewards.repeats import Repetition, repetition
from grpokit.rewards.text import RewardError
from grpokit.rewards.words import words
from hypothesis import given
from hypothesis import strategies as st

CASES = [
    # completion, parameters, value
    ("", {}, 0.0),  # no n-gram: no division by zero
    ("a b", {}, 0.0),  # shorter than n
    ("one two three four five", {}, 0.0),
    ("a b a b a b", {"ngram_size": 2}, -0.6),  # 5 pairs, 2 different
    ("a b a b a b", {"ngram_size": 2, "max_penalty": -0.5}, -0.3),
    ("Wait wait\tWAIT\n wait", {}, -0.5),  # case and white space folded
    ("wait, wait. wait! wait?", {}, -0.5),  # punctuation does not hide a loop
    ("我们我们我们", {"ngram_size": 2}, -0.6),  # Chinese has no spaces between words
    ("हिन्दी हिन्दी हिन्दी", {"ngram_size": 1}, -2 / 3),  # vowel signs do not cut words
    ("a a a", {"ngram_size": 1}, -2 / 3),
    ("a a a a", {"max_penalty": 0.0}, 0.0),
]


@pytest.mark.parametrize(("completion", "parameters", "value"), CASES)
def test_penalty(completion: str, parameters: dict[str, float], value: float) -> None:
    assert Repetition(**parameters)(completions=[completion]) == [pytest.approx(value)]  # type: ignore[arg-type]  # a table


def test_token_ids_go_before_words_unless_words_are_asked_for() -> None:
    ids = [[1, 1, 1, 1], [1, 2, 3, 4]]
    same = {"completions": ["a b c d", "a a a a"], "completion_ids": ids}
    assert repetition(**same) == [-0.5, 0.0]
    assert Repetition(unit="token")(**same) == [-0.5, 0.0]
    assert Repetition(unit="word")(**same) == [0.0, -0.5]


def test_tokens_without_ids_are_refused() -> None:
    with pytest.raises(RewardError, match="completion_ids"):
        Repetition(unit="token")(completions=["a"])


@pytest.mark.parametrize(
    "parameters",
    [
        {"ngram_size": 0},
        {"ngram_size": 1.5},
        {"ngram_size": True},
        {"max_penalty": 0.1},
        {"max_penalty": float("nan")},
        {"unit": "char"},
    ],
)
def test_parameters_are_checked(parameters: dict[str, object]) -> None:
    with pytest.raises(RewardError, match="write"):
        Repetition(**parameters)  # type: ignore[arg-type]  # a table


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 4))
def test_saying_it_all_again_never_costs_less(ids: list[int], size: int) -> None:
    reward = Repetition(ngram_size=size)
    once, twice = reward(completions=["", ""], completion_ids=[ids, ids + ids])
    assert once is not None
    assert twice is not None
    assert twice <= once + 1e-12


def test_words_of_several_scripts() -> None:
    assert words("Ça va?  GRÜSSE, 我们 かな 한국어 don't") == [
        "ça", "va", "grüsse", "我", "们", "か", "な", "한국어", "don", "t"
    ]  # fmt: skip
