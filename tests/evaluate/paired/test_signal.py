import tracemalloc
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from grpokit.evaluate.paired.signal import signal
from grpokit.evaluate.statistics import advantage_shares, all_equal
from grpokit.evaluate.statistics.samples import Samples
from grpokit.evaluate.types import EvaluationError
from grpokit.tests.evaluate.stored_runs import write_run
from hypothesis import given
from hypothesis import strategies as st

SOLVED, HOPELESS, MIXED = [1.0] * 4, [0.0] * 4, [1.0, 0.0, 0.0, 0.0]


@given(st.lists(st.integers(0, 2), min_size=2, max_size=7), st.integers(2, 7))
def test_silence_is_the_mean_over_groups(values: list[int], group: int) -> None:
    group = min(group, len(values))
    expected = np.mean([len(set(chosen)) == 1 for chosen in combinations(values, group)])
    assert all_equal(Samples.of([values]), group)[0] == pytest.approx(expected)


def test_samples_without_a_total_are_in_no_group() -> None:
    assert all_equal(Samples.of([[1.0, 1.0, np.nan], [1.0, 0.0]]), 2).tolist() == [1.0, 0.0]


def test_equal_sums_in_another_order_are_equal() -> None:
    assert all_equal(Samples.of([[0.1 + 0.2, 0.3]]), 2).tolist() == [1.0]


def test_memory_of_equal_totals_is_linear_in_the_samples() -> None:
    totals = Samples.of(np.arange(20_000.0)[None] // 2)
    tracemalloc.start()
    equal = all_equal(totals, 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert equal[0] == pytest.approx(1 / 19_999)
    assert peak < 20 * 2**20  # a number per pair of samples would be gigabytes


def test_forecast(tmp_path: Path) -> None:
    found = signal(write_run(tmp_path, {"correctness": [SOLVED, HOPELESS, MIXED, MIXED]}), group=4)
    assert found.silent.mean == 0.5
    assert found.worth == ("q2", "q3")
    assert found.spread.mean == pytest.approx(0.25)  # two of four with 0.5
    histogram = {(one.low, one.high): one.questions for one in found.rates if one.questions}
    assert histogram == {(0.0, 0.0): 1, (0.2, 0.3): 2, (1.0, 1.0): 1}
    assert [(point.k, point.estimate.mean) for point in found.by_group] == [(2, pytest.approx(0.25)), (4, 0.5)]
    assert found.needed == 4
    assert found.learnable.mean == 0.5
    assert found.by_primary == found.by_group
    assert found.advice == (
        "50% of the prompts are neither solved nor hopeless by correctness; it differs in 50% of groups of 4. "
        "GRPO can learn from this."
    )


def test_smaller_groups_are_more_often_silent(tmp_path: Path) -> None:
    run = write_run(tmp_path, {"correctness": [MIXED] * 5})
    assert signal(run, group=2).silent.mean == pytest.approx(0.5)
    assert signal(run, group=4).silent.mean == 0.0


def test_format_alone_makes_groups_differ_but_no_prompt_worth_it(tmp_path: Path) -> None:
    scores = {"correctness": [HOPELESS] * 6, "xml_format": [MIXED] * 6}
    found = signal(write_run(tmp_path, scores), group=4)
    assert found.silent.mean == 0.0
    assert found.carriers == {"correctness": 0.0, "xml_format": 1.0}
    assert found.worth == ()
    assert (found.learnable.mean, found.needed) == (0.0, None)
    assert found.advice.endswith("100% of the advantage is for xml_format: that alone would be learnt.")


def rare_successes(rate: float, prompts: int) -> dict[str, list[list[float]]]:
    """Scores of samples that are right with this chance, and whose lengths all differ a little."""
    draw = np.random.default_rng(0)
    right = (draw.random((prompts, 8)) < rate).astype(float)
    return {"correctness": right.tolist(), "length": draw.random((prompts, 8)).tolist()}


def test_a_tiny_length_term_carries_nearly_all_of_the_advantage_where_answers_are_seldom_right(tmp_path: Path) -> None:
    """A group without a right answer is scaled like any other: 0.99^8 is .92, and .01 times a length fills them all."""
    run = write_run(tmp_path, rare_successes(0.01, 3000), weights={"correctness": 1.0, "length": 0.01})
    shares = signal(run).carriers
    assert shares["length"] == pytest.approx(0.92, abs=0.01)
    assert signal(run, scale="none").carriers["length"] < 0.01
    assert signal(run, scale="batch").carriers == signal(run, scale="none").carriers


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (0.0, "Nothing to learn from: take easier or harder prompts, or rewards that tell samples apart. 100% of the"),
        (0.02, "Train on those prompts alone, or take larger groups than 8. 8"),  # some are right, length is louder
        (0.4, "it differs in 97% of groups of 8. GRPO can learn from this."),
    ],
)
def test_the_advice_goes_by_the_primary_metric_however_loud_the_others_are(
    tmp_path: Path, rate: float, said: str
) -> None:
    run = write_run(tmp_path, rare_successes(rate, 300), weights={"correctness": 1.0, "length": 0.01})
    forecast = signal(run)
    assert forecast.silent.mean == 0.0
    assert said in forecast.advice
    assert ("would be learnt" in forecast.advice) == (rate < 0.1)


def test_groups_where_only_the_length_differs_are_not_the_size_that_is_needed(tmp_path: Path) -> None:
    scores = {"correctness": [[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]] * 9, "length": [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]] * 9}
    forecast = signal(write_run(tmp_path, scores, weights={"correctness": 1.0, "length": 0.5}), group=2)
    assert [point.estimate.mean for point in forecast.by_group] == [1.0, 1.0, 1.0]
    assert [(point.k, point.estimate.mean) for point in forecast.by_primary] == [
        (2, pytest.approx(1 / 3)),
        (4, pytest.approx(2 / 3)),
        (6, 1.0),
    ]
    assert forecast.needed == 4
    assert "In groups of 4 it would in half of the cases." in forecast.advice


def test_where_the_primary_reward_does_not_apply_it_brings_nothing(tmp_path: Path) -> None:
    scores = {"correctness": [[1.0, None, None, None]] * 4, "length": [[0.5] * 4] * 4}
    forecast = signal(write_run(tmp_path, scores), group=4)
    assert (forecast.learnable.mean, forecast.by_primary[-1].estimate.mean) == (1.0, 1.0)


def test_carriers_add_up_and_may_work_against_each_other() -> None:
    parts = {"a": Samples.of([[0.0, 2.0]]), "b": Samples.of([[0.5, 0.0]])}
    shares = advantage_shares(parts, 2)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["b"] < 0 < shares["a"]


@given(st.lists(st.lists(st.integers(-2, 2), min_size=5, max_size=5), min_size=2, max_size=4), st.integers(2, 5))
def test_shares_are_those_of_all_groups_taken_one_by_one(rows: list[list[int]], group: int) -> None:
    parts = {"a": np.array([rows[0]], float), "b": np.array([rows[1]], float)}
    products = {"a": 0.0, "b": 0.0}
    for chosen in combinations(range(5), group):
        centred = {name: part[0, list(chosen)] - part[0, list(chosen)].mean() for name, part in parts.items()}
        total = sum(centred.values(), np.zeros(group))
        if (spread := float(np.std(total, ddof=1))) > 1e-6:
            for name, part in centred.items():
                products[name] += float(part @ total) / (spread + 1e-4) ** 2
    whole = sum(products.values())
    if whole > 1e-3:
        samples = {name: Samples.of(part) for name, part in parts.items()}
        assert advantage_shares(samples, group) == pytest.approx(
            {name: product / whole for name, product in products.items()}, abs=1e-3
        )


def test_questions_with_fewer_samples_are_grouped_by_those_they_have() -> None:
    nan = np.nan
    parts = {"a": Samples.of([[1.0, nan, 0.0], [1.0]]), "b": Samples.of([[0.0, nan, 0.0], [0.0]])}
    assert advantage_shares(parts, 2) == {"a": 1.0, "b": 0.0}


def test_nothing_carries_where_nothing_varies(tmp_path: Path) -> None:
    found = signal(write_run(tmp_path, {"correctness": [HOPELESS] * 30}), group=4)
    assert found.carriers == {"correctness": 0.0}
    assert (found.silent.mean, found.silent.method) == (1.0, "Wilson")
    assert found.needed is None
    assert "Nothing to learn from" in found.advice


def test_a_graded_primary_has_no_pass_rates(tmp_path: Path) -> None:
    found = signal(write_run(tmp_path, {"correctness": [[0.1, 0.2, 0.3, 0.4], [0.5] * 4]}), group=2)
    assert found.rates == ()
    assert found.worth == ("q0",)


def test_prompts_with_too_few_scored_samples_are_left_out(tmp_path: Path) -> None:
    scores = {"correctness": [[1.0, None, None, None], MIXED, [1.0, 0.0, None, None]]}
    found = signal(write_run(tmp_path, scores), group=3)
    assert (found.prompts, found.worth) == (1, ("q1",))


@pytest.mark.parametrize("group", [1, 0, 5])
def test_group_beyond_the_samples_is_refused(tmp_path: Path, group: int) -> None:
    run = write_run(tmp_path, {"correctness": [MIXED]})
    with pytest.raises(EvaluationError, match=f"group={group} with 4 samples per prompt"):
        signal(run, group)


def test_no_prompt_with_enough_scored_samples(tmp_path: Path) -> None:
    run = write_run(tmp_path, {"correctness": [[1.0, None, None, None]]})
    with pytest.raises(EvaluationError, match="no prompt has 4 samples with a total"):
        signal(run, group=4)
