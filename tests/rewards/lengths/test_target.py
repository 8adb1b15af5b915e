"""The length rewards: distance to a target in characters, and the asymmetric one in tokens."""

import pickle

import pytest
from grpokit.rewards import RewardError
from grpokit.rewards.lengths.target import Length, TokenLength, length, token_length
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x" * 10, 1.0),  # on target
        ("x" * 5, 0.5),  # half of the tolerance, which is the target
        ("x" * 15, 0.5),  # the same distance above
        ("x" * 20, 0.0),  # one tolerance away
        ("x" * 5000, 0.0),  # far past it: clamped, never negative
        ("", 0.0),  # nothing written
        ("x" * 4 + " " * 6, 0.4),  # blanks at the end do not pad
        ("x" * 4 + "\n" * 50 + "x" * 5, 1.0),  # blanks inside count as one
        ("\u200b" * 10, 0.0),  # nor do characters that cannot be seen
        ("x" * 4 + "\u200b" * 3 + "\ufeff\u2060\x00", 0.4),
        ("x \u200b \u200b x" + "x" * 7, 1.0),  # blanks with such a character between them count as one
        ("<think>a thought of any length</think>" + "x" * 10, 1.0),  # reasoning is not the answer's length
        ("<think>xxx", 0.0),  # reasoning that never ends leaves no answer
        ("首都是北京首都是北京", 1.0),  # characters, not bytes
    ],
)
def test_length(text: str, value: float) -> None:
    assert Length(target=10)(completions=[text]) == pytest.approx([value])


def test_empty_text_earns_nothing_even_with_a_wide_tolerance() -> None:
    assert Length(target=10, tolerance=1000)(completions=["", "  ", "\u200b", "<think>x</think>"]) == [0.0] * 4


def test_length_explains_what_it_measured() -> None:
    [judged] = Length(target=10).explain(completions=["<think>x</think>hello"])
    assert judged.status == "short"
    assert judged.reason == "5 characters for 10"
    assert judged.span == (16, 21)


@settings(deadline=None)
@given(st.lists(st.text()), st.floats(0.1, 1e6), st.floats(0.1, 1e6))
def test_length_stays_in_range(texts: list[str], target: float, tolerance: float) -> None:
    assert all(0.0 <= v <= 1.0 for v in Length(target=target, tolerance=tolerance)(completions=texts) if v is not None)


@pytest.mark.parametrize(
    ("tokens", "value"),
    [
        (100, 1.0),  # on target
        (50, 0.75),  # slowly below: half the tokens still earn three quarters
        (0, 0.0),  # nothing written
        (105, 0.8),  # steeply above
        (125, 0.0),  # a quarter over
        (10_000, 0.0),  # far over: clamped
    ],
)
def test_token_length(tokens: int, value: float) -> None:
    assert TokenLength(target=100)(completions=[""], completion_ids=[[1] * tokens]) == pytest.approx([value])


@settings(deadline=None)
@given(st.integers(1, 1000), st.integers(1, 1000))
def test_overrunning_costs_more_than_falling_short(target: int, distance: int) -> None:
    reward = TokenLength(target=target)
    below, above = reward(
        completions=["", ""], completion_ids=[range(target - min(distance, target)), range(target + distance)]
    )
    assert 0.0 <= above <= below <= 1.0 if distance <= target else above == 0.0


@settings(deadline=None)
@given(st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_closer_on_the_same_side_never_earns_less(target: int, near: int, far: int) -> None:
    near, far = sorted((near, far))
    reward = TokenLength(target=target)
    counts = [target + near, target + far, max(0, target - near), max(0, target - far)]
    above_near, above_far, below_near, below_far = reward(
        completions=[""] * 4, completion_ids=[[0] * n for n in counts]
    )
    assert above_near >= above_far
    assert below_near >= below_far


def test_token_length_needs_token_ids() -> None:
    with pytest.raises(RewardError, match="there are no completion_ids"):
        token_length(completions=["text"])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Length(target=0), "target=0; write a number above 0"),
        (lambda: Length(target=float("nan")), "target=nan"),
        (lambda: Length(target="long"), "target='long'"),
        (lambda: Length(tolerance=0), "tolerance=0; write a number above 0"),
        (lambda: Length(tolerance=float("inf")), "tolerance=inf"),
        (lambda: TokenLength(target=0), "target=0; write a whole number of at least 1"),
        (lambda: TokenLength(target=True), "target=True"),
        (lambda: TokenLength(target=1.5), "target=1.5"),
        (lambda: TokenLength(overrun=0), "overrun=0; write a number above 0"),
    ],
)
def test_wrong_parameters_are_refused_at_construction(build, message) -> None:
    with pytest.raises(RewardError, match=message):
        build()


@pytest.mark.parametrize("reward", [length, token_length, Length(target=7, tolerance=3), TokenLength(target=7)])
def test_pickled_copies_score_alike(reward) -> None:
    batch = {"completions": ["a", "ten chars."], "completion_ids": [[1], [1] * 7]}
    assert pickle.loads(pickle.dumps(reward))(**batch) == reward(**batch)
