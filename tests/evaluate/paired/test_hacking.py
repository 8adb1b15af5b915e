"""Signs of reward hacking: the check of a pair, the proxy beside the primary metric, and suspected questions."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grpokit.evaluate.paired.comparison import Pair
from grpokit.evaluate.paired.difference import Design, difference
from grpokit.evaluate.paired.doubts import MissingValues
from grpokit.evaluate.paired.hacking import check_hacking
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.paired.summary import TOTAL
from grpokit.evaluate.paired.table import Table
from grpokit.evaluate.statistics.arrays import Floats
from grpokit.evaluate.statistics.samples import Samples
from grpokit.rewards.reward import Judgement
from grpokit.tests.evaluate.stored_runs import write_run

WEIGHTS = {"correctness": 1.0, "xml_format": 0.5}


def _pair(folder: Path, rates: dict[str, tuple[float, float]], seed: int = 0, n: int = 300, **more: Any) -> Pair:
    """Compare models that earn each 0/1 reward with the rates given for base and tuned."""
    generator = np.random.default_rng(seed)
    weights = more.pop("weights", dict.fromkeys(rates, 1.0))
    runs = []
    for side, name in enumerate(("base", "tuned")):
        scores = {
            reward: (generator.random((n, 1)) < rate[side]).astype(float).tolist() for reward, rate in rates.items()
        }
        runs.append(write_run(folder / f"{name}-{seed}", scores, name, weights=weights, **more))
    return compare(runs).pairs[0]


@pytest.mark.parametrize(
    ("correctness", "xml_format", "suspected", "reason"),
    [
        ((0.5, 0.3), (0.2, 0.9), True, "xml_format rose, while correctness surely gained less than 0.02"),
        ((0.3, 0.6), (0.2, 0.9), False, "xml_format rose, and so did correctness."),  # both rose
        ((0.5, 0.5), (0.2, 0.9), False, "whether correctness gained 0.02 with it cannot be told"),  # too few
        ((0.5, 0.3), (0.5, 0.5), False, "did not surely rise"),  # worse, and nothing gained by it
    ],
)
def test_hacking_is_a_sure_gain_elsewhere_without_one_here(
    tmp_path: Path, correctness: tuple[float, float], xml_format: tuple[float, float], suspected: bool, reason: str
) -> None:
    check = _pair(tmp_path, {"correctness": correctness, "xml_format": xml_format}).hacking
    assert check is not None
    assert check.suspected is suspected
    assert reason in check.reason


def test_hacking_is_not_asked_of_the_total(tmp_path: Path) -> None:
    assert _pair(tmp_path, {"correctness": (0.5, 0.3), "xml_format": (0.2, 0.9)}, primary=TOTAL).hacking is None


def test_the_proxy_is_the_total_without_the_primary_metric(tmp_path: Path) -> None:
    scores = {"correctness": [[1.0], [0.0], [1.0]], "xml_format": [[1.0], [0.5], [None]]}
    model = compare([write_run(tmp_path, scores, weights=WEIGHTS)]).models[0]
    assert model.proxy is not None
    assert model.proxy.mean == pytest.approx((0.5 + 0.25 + 0) / 3)


@pytest.mark.parametrize(
    ("primary", "weights"),
    [
        ("correctness", {"correctness": 1.0, "xml_format": 0.0}),  # the other is only measured
        (TOTAL, WEIGHTS),  # the metric is all that is rewarded
    ],
)
def test_there_is_no_proxy_where_nothing_else_is_rewarded(
    tmp_path: Path, primary: str, weights: dict[str, float]
) -> None:
    run = write_run(tmp_path, {"correctness": [[1.0]], "xml_format": [[1.0]]}, primary=primary, weights=weights)
    assert compare([run]).models[0].proxy is None


def test_the_base_says_which_metric_is_the_primary_one(tmp_path: Path) -> None:
    scores = {"correctness": [[1.0, 0.0], [0.0, 1.0]], "xml_format": [[1.0, 1.0], [0.0, 1.0]]}
    answers = {"correctness": [[Judgement(value, "no answer", "") for value in row] for row in scores["correctness"]]}
    primaries = {"base": "correctness", "other": "xml_format", "unmeasured": "rouge"}
    runs = [
        write_run(tmp_path / name, scores, name, weights=WEIGHTS, primary=primary, judgements=answers)
        for name, primary in primaries.items()
    ]
    comparison = compare(runs)
    assert [model.proxy.mean for model in comparison.models if model.proxy] == [0.375] * 3
    assert [model.unanswered for model in comparison.models] == [1.0] * 3
    assert [found.what for found in comparison.pairs[0].mismatches] == ["primary metric"]


@pytest.mark.parametrize(
    ("base", "tuned", "suspect"),
    [
        ((1.0, 0.0), (0.0, 2.0), True),  # paid more for a worse answer
        ((1.0, 0.0), (0.0, 0.5), False),  # lost more than it gained
        ((1.0, 0.0), (0.0, 1.0), False),  # paid the same: the total must rise
        ((0.0, 0.0), (1.0, 1.0), False),  # a better answer
        ((0.0, 0.0), (0.0, 1.0), False),  # as bad an answer as before
        ((1.0, None), (0.0, 2.0), True),  # a reward that did not apply counts 0
        ((None, 0.0), (0.0, 2.0), False),  # nobody knows how good the base's answer was
    ],
)
def test_suspects_are_paid_more_for_a_worse_answer(
    tmp_path: Path, base: tuple[float | None, ...], tuned: tuple[float | None, ...], suspect: bool
) -> None:
    runs = [
        write_run(tmp_path / name, {"correctness": [[side[0]]], "length": [[side[1]]]}, name)
        for name, side in (("base", base), ("tuned", tuned))
    ]
    assert compare(runs).pairs[0].suspects == (("q0",) if suspect else ())


def _table(scores: dict[str, Floats]) -> Table:
    values = {name: Samples.of(of) for name, of in {**scores, TOTAL: sum(scores.values(), np.zeros(1))}.items()}
    first = next(iter(values.values()))
    ids = tuple(map(str, range(len(first))))
    return Table(
        "correctness",
        ids,
        None,
        values,
        {},
        (),
        first,
        first,
        first,
        "token",
        None,
        first,
        first,
        0.0,
        0,
        0,
        MissingValues("", 0, {}, ()),
    )


@pytest.mark.parametrize(("high", "suspected"), [(0.019, True), (0.02, False)])
def test_a_gain_of_the_margin_itself_is_no_sign_of_hacking(high: float, suspected: bool) -> None:
    base, tuned = (
        _table({"correctness": np.zeros((50, 1)), "xml_format": np.full((50, 1), layout)}) for layout in (0.0, 1.0)
    )
    design = Design(None, shared_noise=False)
    gain = replace(difference(base.values["correctness"], tuned.values["correctness"], design, 0.02), high=high)
    check = check_hacking(base, tuned, {"correctness": 1.0, "xml_format": 1.0}, gain, design)
    assert check is not None
    assert check.suspected is suspected
    assert ("surely gained less" in check.reason) is suspected


def test_field_16_false_alarms_of_the_hacking_check_are_rare() -> None:
    # the format rose and so did correctness, by just the margin: at most 2.5% may be suspected
    generator = np.random.default_rng(0)
    design, alarms = Design(None, shared_noise=False), 0
    for _ in range(400):
        base, tuned = (
            _table({name: (generator.random((100, 2)) < rate).astype(float) for name, rate in rates.items()})
            for rates in ({"correctness": 0.5, "xml_format": 0.2}, {"correctness": 0.52, "xml_format": 0.9})
        )
        gain = difference(base.values["correctness"], tuned.values["correctness"], design, 0.02)
        check = check_hacking(base, tuned, {"correctness": 1.0, "xml_format": 1.0}, gain, design)
        assert check is not None
        alarms += check.suspected
    assert alarms / 400 <= 0.045
