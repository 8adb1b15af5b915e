"""A tool's own grades are a reward like any other: named after the metric, with its range, taken as they are."""

import math
import pickle

import pytest
from grpokit.rewards import RewardMix, get, names
from grpokit.rewards.graded import Grade, Graded
from grpokit.rewards.reward import Judgement
from grpokit.rewards.text import RewardError

MATCH = Graded("inspect/match", 0, 1)


@pytest.mark.parametrize(
    ("reward", "grade", "judgement"),
    [
        (MATCH, Grade(1.0, "C"), Judgement(1.0, "graded right", "C")),
        (MATCH, Grade(0.0, "I"), Judgement(0.0, "graded wrong", "I")),
        (MATCH, Grade(0.5, "P"), Judgement(0.5, "graded", "P")),
        (MATCH, Grade(None, "timed out"), Judgement(None, "not graded", "timed out")),
        (Graded("inspect/match"), Grade(1.0, "1"), Judgement(1.0, "graded", "1")),  # without a range no end of it
        (Graded("other", 0, 1), Grade(1.0), Judgement(None, "not graded", "the source has no value here")),
    ],
)
def test_a_grade_is_taken_as_it_is(reward: Graded, grade: Grade, judgement: Judgement) -> None:
    assert reward.explain(completions=["18"], graded=[{"inspect/match": grade}]) == [judgement]


def test_completions_that_nobody_graded_have_no_value() -> None:
    assert MATCH(completions=["18", "17"]) == [None, None]
    assert MATCH(completions=["18", "17"], graded=[None, {"inspect/match": [0.5, ""]}]) == [None, 0.5]


def test_a_mix_of_grades_and_rewards_is_built_again_from_its_spec() -> None:
    strict = Graded("lm_eval/exact_match[strict-match]", 0, 1)
    mix = RewardMix([strict, Graded("verifiers/reward"), get("correctness")], [1, 0, 0.5])
    assert mix.names == ["lm_eval/exact_match[strict-match]", "verifiers/reward", "correctness"]
    assert RewardMix.parse(mix.spec) == mix
    assert RewardMix.parse(mix.spec).fingerprint == mix.fingerprint
    assert pickle.loads(pickle.dumps(mix)) == mix
    assert not any(reward.foreign for reward in mix.rewards)
    assert "graded" not in names()  # it is nothing to train on


def test_a_range_is_part_of_what_a_grade_means() -> None:
    assert MATCH.range == (0, 1)
    assert Graded("q").range == (-math.inf, math.inf)
    assert Graded("q", 0, 1).fingerprint != Graded("q", 0, 10).fingerprint != Graded("r", 0, 10).fingerprint


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"metric": ""}, "graded: metric='' is no name"),
        ({"metric": "q", "low": 1, "high": 1}, "q: the range 1 to 1 is empty"),
        ({"metric": "q", "low": 2, "high": 1}, "q: the range 2 to 1 is empty"),
    ],
)
def test_wrong_parameters(parameters: dict[str, object], said: str) -> None:
    with pytest.raises(RewardError, match=said):
        get("graded", **parameters)
    with pytest.raises(RewardError, match="graded"):
        get("graded")
