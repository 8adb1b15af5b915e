"""Mixes: spec strings, YAML and Python; totals as TRL forms them."""

import math
import pickle
from pathlib import Path
from typing import Any

import pytest
from grpokit.rewards import MixError, RewardError, RewardMix, UnknownReward, correctness, get, length
from grpokit.rewards.reward import make_batch
from hypothesis import given
from hypothesis import strategies as st

RIGHT = "<think>\n6 * 3 = 18\n</think>\n<answer>\n18\n</answer>"


def first(completions: list[str], **kwargs: Any) -> list[float | None]:
    return [None, 1.0, None][: len(completions)]


def second(completions: list[str], **kwargs: Any) -> list[float | None]:
    return [0.5, 0.25, None][: len(completions)]


def test_parse_gives_what_trl_takes() -> None:
    mix = RewardMix.parse("correctness=2,length(target=200)=0.25,xml_format")
    assert [reward.__name__ for reward in mix.reward_funcs] == ["correctness", "length(target=200)", "xml_format"]
    assert mix.reward_weights == [2.0, 0.25, 1.0]


def test_totals_are_sums_over_the_rewards_that_apply() -> None:
    score = RewardMix([first, second], [2.0, -1.0]).score(completions=["a", "b", "c"])
    assert score.rewards == {"first": [None, 1.0, None], "second": [0.5, 0.25, None]}
    assert score.total == [-0.5, 1.75, None]


@given(
    st.lists(st.tuples(*[st.one_of(st.none(), st.floats(-9, 9))] * 3), min_size=1, max_size=9),
    st.tuples(*[st.floats(-3, 3)] * 3),
)
def test_totals_equal_the_nansum_of_trl(rows: list[tuple[float | None, ...]], weights: tuple[float, ...]) -> None:
    """TRL: (rewards_per_func * weights).nansum(dim=1), and unscorable where every reward is NaN.

    A reward of weight 0 makes 0 of an unscorable one there; here it only watches.
    """
    import numpy as np

    mix = RewardMix([get("length", target=10 + i) for i in range(3)], weights)
    table = np.array([[math.nan if value is None else value for value in row] for row in rows])
    counted = np.where(np.array(weights) == 0, math.nan, table)
    expected = np.where(np.isnan(counted).all(axis=1), math.nan, np.nansum(table * np.array(weights), axis=1))
    got = [mix.total(row) for row in rows]
    assert np.allclose([math.nan if total is None else total for total in got], expected, equal_nan=True)


def test_weight_zero_is_measured_and_not_trained_on() -> None:
    mix = RewardMix.parse("xml_format=1,length=0")
    score = mix.score(completions=[RIGHT])
    assert score.total == [1.0]
    assert score.rewards["length"][0] is not None


def test_a_reward_of_weight_zero_makes_no_total() -> None:
    score = RewardMix([first, second], [1.0, 0.0]).score(completions=["a", "b", "c"])
    assert score.total == [None, 1.0, None]


def test_scores_equal_the_rewards_called_alone() -> None:
    mix = RewardMix.parse("correctness=2,xml_format,length(target=20),repetition=0.5")
    given = {"prompts": ["q", "q"], "completions": [RIGHT, "18"], "answer": ["18", "18"]}
    score = mix.score(**given)
    assert score.rewards == {reward.__name__: reward(**given) for reward in mix.reward_funcs}


def test_judge_and_explain_give_the_reasons() -> None:
    mix = RewardMix.parse("correctness,xml_format")
    judged = mix.judge(make_batch([RIGHT], None, None, {"answer": ["18"]}))
    assert judged["correctness"][0].status == "correct"
    assert mix.explain(completions=[RIGHT], answer=["18"]) == judged
    assert mix.combine(judged) == mix.score(completions=[RIGHT], answer=["18"])


@pytest.mark.parametrize(
    "spec",
    [
        "correctness=2",
        "correctness=2,length(target=200)=0.25",
        "length=-0.1,gate(xml_format,conciseness(budget=200))=0",
        "rouge(variant='2')=1e-07,grpokit.tests.rewards.checks.broken_rewards:sound=3",
    ],
)
def test_spec_comes_back(spec: str) -> None:
    mix = RewardMix.parse(spec)
    assert mix.spec == spec
    assert RewardMix.parse(mix.spec) == mix


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_weight_survives_the_spec(weight: float) -> None:
    assert RewardMix.parse(RewardMix([length], [weight]).spec).weights == (weight,)


def test_fingerprint_tells_parameters_and_weights() -> None:
    prints = {
        RewardMix.parse(spec).fingerprint
        for spec in ("length", "length=2", "length(target=7)", "xml_format", "length,xml_format", "xml_format,length")
    }
    assert len(prints) == 6
    assert RewardMix.parse("length").fingerprint == RewardMix.parse(" length = 1.0 ").fingerprint


def test_pickles() -> None:
    mix = RewardMix.parse("correctness=2,gate(xml_format,length)=0.25")
    assert pickle.loads(pickle.dumps(mix)) == mix


def test_yaml_file_and_mapping(tmp_path: Path) -> None:
    path = tmp_path / "mix.yaml"
    path.write_text(
        "correctness: 2\nlength: {target: 200, weight: 0.25}\ngate(xml_format, conciseness): 0.5\nxml_format: {}\n"
    )
    expected = RewardMix.parse("correctness=2,length(target=200)=0.25,gate(xml_format,conciseness)=0.5,xml_format")
    assert RewardMix.from_yaml(path) == expected
    assert RewardMix.from_yaml(str(path)) == expected
    assert RewardMix.from_yaml({"length": {"target": 200, "weight": 0.25}}).spec == "length(target=200)=0.25"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("- correctness\n", "holds list; write reward names with weights"),
        ("correctness: [", "cannot read a reward mix"),
        ("", "holds NoneType"),
        ("correctness: heavy\n", "weight 'heavy' is no finite number"),
        ("correctness: true\n", "weight True is no finite number"),
        ("corectness: 1\n", "Did you mean 'correctness'"),
        ("length: {tagret: 3}\n", "Did you mean 'target'"),
        ("!!python/object/apply:os.getcwd []\n", "cannot read a reward mix"),  # safe loading only
    ],
)
def test_yaml_mistakes_are_one_clear_line(tmp_path: Path, text: str, hint: str) -> None:
    path = tmp_path / "mix.yaml"
    path.write_text(text)
    with pytest.raises((MixError, UnknownReward, RewardError)) as caught:
        RewardMix.from_yaml(path)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_yaml_file_that_is_not_there() -> None:
    with pytest.raises(MixError, match="cannot read a reward mix from 'nowhere"):
        RewardMix.from_yaml("nowhere.yaml")


@pytest.mark.parametrize(
    ("rewards", "weights", "hint"),
    [
        ([], [], "a mix of no rewards"),
        ([correctness], [1.0, 2.0], "2 weights for 1 rewards"),
        ([correctness, correctness], None, "two rewards are named 'correctness'"),
        ([length, get("length", target=length.target)], None, "two rewards are named 'length'"),  # the same default
        ([correctness], [math.nan], "weight nan is no finite number"),
        ([correctness], ["2"], "weight '2' is no finite number"),
    ],
)
def test_mixes_that_cannot_be(rewards: list[Any], weights: list[Any] | None, hint: str) -> None:
    with pytest.raises(MixError, match=hint):
        RewardMix(rewards, weights)


def test_two_instances_of_one_reward_keep_their_own_curves() -> None:
    mix = RewardMix.parse("length(target=100),length(target=200)")
    assert list(mix.score(completions=["x" * 100]).rewards) == ["length(target=100)", "length(target=200)"]


def test_a_missing_reference_column_names_those_that_exist() -> None:
    with pytest.raises(RewardError, match="columns here: gold"):
        RewardMix.parse("correctness").score(completions=["18"], gold=["18"])


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(RewardError, match="answer has 1 values for 2 completions"):
        RewardMix.parse("correctness").score(completions=["18", "19"], answer=["18"])
