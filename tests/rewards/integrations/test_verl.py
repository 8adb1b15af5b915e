"""verl's reward function: its signature, what it reads and what it returns."""

import inspect
import math

import numpy as np
from grpokit.rewards import RewardMix
from grpokit.rewards.integrations.verl import to_verl
from grpokit.tests.rewards.integrations.replies import RIGHT


def test_verl_signature() -> None:
    """verl calls compute_score(data_source=, solution_str=, ground_truth=, extra_info=, **reward_kwargs)."""
    compute_score = to_verl(RewardMix.parse("correctness=2,xml_format=0.5"))
    assert list(inspect.signature(compute_score).parameters)[:4] == [
        "data_source",
        "solution_str",
        "ground_truth",
        "extra_info",
    ]
    found = compute_score(data_source="openai/gsm8k", solution_str=RIGHT, ground_truth="18", extra_info=None, tag=1)
    assert found == {"score": 2.5, "correctness": 1.0, "xml_format": 1.0}


def test_verl_reads_the_ground_truth_and_not_the_worked_answer_beside_it() -> None:
    extra = {"split": "train", "index": 3, "answer": "9 is a distractor #### 9", "question": "?"}
    compute_score = to_verl(RewardMix.parse("correctness"))
    assert compute_score("gsm8k", RIGHT, "18", extra)["score"] == 1.0


def test_kramabench_38_verl_s_lists_of_accepted_answers() -> None:
    """Parquet rows come as arrays."""
    compute_score = to_verl(RewardMix.parse("correctness"))
    for truth in (["17", "18"], np.array(["eighteen", "18"], dtype=object), {"text": ["18"], "answer_start": [0]}):
        assert compute_score("x", RIGHT, truth, None)["score"] == 1.0
    assert compute_score("x", RIGHT, ["17", "19"], None)["score"] == 0.0


def test_verl_gets_numbers_even_where_nothing_applies() -> None:
    found = to_verl(RewardMix.parse("correctness"))("gsm8k", RIGHT, "", None)
    assert found["score"] == 0.0
    assert math.isnan(found["correctness"])


def test_verl_takes_extra_columns() -> None:
    found = to_verl(RewardMix.parse("correctness(reference_column=gold)"))("x", RIGHT, "9", {"gold": "18"})
    assert found["score"] == 1.0
