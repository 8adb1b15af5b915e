"""The schedules of two papers: the cosine schedule of correctness and DAPO's soft overlong punishment."""

import json
import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from grpokit.rewards import RewardError, get
from grpokit.rewards.lengths.schedules import CosineLength, SoftOverlong, cosine_length, soft_overlong
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("tokens", "correct", "value"),
    [
        (0, True, 1.0),  # right and short: the most
        (50, True, 0.75),  # half way
        (100, True, 0.5),  # right at the limit
        (200, True, 0.5),  # unclamped, the cosine would turn back and pay very long text again
        (0, False, -1.0),  # wrong and short: the least
        (50, False, -0.75),  # half way
        (100, False, -0.5),  # wrong at the limit: thinking longer is encouraged
        (200, False, -0.5),  # clamped too
    ],
)
def test_cosine_schedule(tokens: int, correct: bool, value: float) -> None:
    reward = CosineLength(max_len=100)
    assert reward.value(tokens, correct) == pytest.approx(value)
    text = "<answer>18</answer>" if correct else "<answer>17</answer>"
    assert reward(completions=[text], completion_ids=[[1] * tokens], answer=["18"]) == pytest.approx([value])


def test_cosine_is_none_where_correctness_is() -> None:
    judged = CosineLength(max_len=10).explain(completions=["18", "18"], completion_ids=[[1], [1]], answer=["18", None])
    assert [j.value is None for j in judged] == [False, True]
    assert judged[0].reason.endswith("1 of 10 tokens")


def test_no_answer_is_wrong() -> None:
    assert CosineLength(max_len=10)(completions=[""], completion_ids=[[]], answer=["18"]) == pytest.approx([-1.0])


@settings(deadline=None)
@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(1, 2000))
def test_longer_right_answers_never_earn_more_nor_wrong_ones_less(first: int, second: int, max_len: int) -> None:
    reward, (short, long) = CosineLength(max_len=max_len), sorted((first, second))
    assert reward.value(short, True) >= reward.value(long, True)
    assert reward.value(short, False) <= reward.value(long, False)


@settings(deadline=None)
@given(st.lists(st.floats(-10, 10), min_size=4, max_size=4), st.integers(0, 3000), st.booleans())
def test_cosine_stays_in_its_range(values: list[float], tokens: int, correct: bool) -> None:
    (wrong_low, wrong_high), (right_low, right_high) = sorted(values[:2]), sorted(values[2:])
    reward = CosineLength(1000, wrong_low, wrong_high, right_low, right_high)
    assert reward.range.low - 1e-9 <= reward.value(tokens, correct) <= reward.range.high + 1e-9


@pytest.mark.parametrize(
    ("tokens", "value"),
    [
        (0, 0.0),  # empty
        (80, 0.0),  # the last free token
        (81, -0.05),  # the first that costs
        (90, -0.5),  # half of the cache
        (100, -1.0),  # at the limit
        (101, -1.0),  # past it
        (10_000, -1.0),  # far past it
    ],
)
def test_soft_overlong_is_dapo_equation_13(tokens: int, value: float) -> None:
    reward = SoftOverlong(max_completion_len=100, soft_punish_cache=20)
    assert reward(completions=[""], completion_ids=[[1] * tokens]) == pytest.approx([value])


@settings(deadline=None)
@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 2000))
def test_soft_overlong_stays_in_its_range(first: int, second: int, tokens: int) -> None:
    cache, limit = sorted((first, second))
    value = SoftOverlong(limit, cache).value(tokens)
    assert -1.0 <= value <= 0.0
    assert math.copysign(1.0, value) == 1.0 or value < 0.0  # no negative zero in reports


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: CosineLength(max_len=0), "max_len=0; write a whole number of at least 1"),
        (lambda: CosineLength(min_value_wrong=0.0), "min_value_wrong=0.0 and max_value_wrong=-0.5"),
        (lambda: CosineLength(max_value_correct=float("inf")), "max_value_correct=inf"),
        (lambda: CosineLength(min_value_correct="0.5"), "min_value_correct='0.5'"),
        (lambda: SoftOverlong(100, 0), "soft_punish_cache=0; write a whole number"),
        (lambda: SoftOverlong(100, 101), "soft_punish_cache=101 exceeds max_completion_len=100"),
        (lambda: SoftOverlong(0, 1), "max_completion_len=0"),
    ],
)
def test_wrong_parameters_are_refused_at_construction(build, message) -> None:
    with pytest.raises(RewardError, match=message):
        build()


@pytest.mark.parametrize("reward", [cosine_length, soft_overlong])
def test_same_values_pickled_and_in_a_thread(reward) -> None:
    batch = {"completions": ["18", "17"], "completion_ids": [[1] * 500, [1] * 30_000], "answer": ["18", "18"]}
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(pickle.loads(pickle.dumps(reward)), **batch).result() == reward(**batch)


@pytest.mark.parametrize("reward", [cosine_length, soft_overlong])
def test_token_ids_are_needed(reward) -> None:
    with pytest.raises(RewardError, match="there are no completion_ids"):
        reward(completions=["18"], answer=["18"])


def test_conformance_cases(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "conformance/rewards.jsonl").open()]
    cases = [row for row in rows if row["reward"] in ("cosine_length", "soft_overlong")]
    for case in cases:
        text = "<answer>18</answer>" if case["completion"].get("correct") else "<answer>17</answer>"
        batch = {"completions": [text], "completion_ids": [[1] * case["completion"]["n_tokens"]], "answer": ["18"]}
        assert get(case["reward"], **case["params"])(**batch) == pytest.approx([case["expect"]], abs=1e-6), case["id"]
    assert len(cases) >= 8
