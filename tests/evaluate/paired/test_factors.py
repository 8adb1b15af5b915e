from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grpokit.evaluate.paired.change import Factor
from grpokit.evaluate.paired.comparison import Pair
from grpokit.evaluate.paired.factors import Shares, kitagawa
from grpokit.evaluate.paired.pairing import compare
from grpokit.rewards.reward import Judgement
from grpokit.tests.evaluate.stored_runs import write_run
from hypothesis import given
from hypothesis import strategies as st

shares = st.lists(st.integers(1, 9), min_size=3, max_size=3).map(lambda found: np.array(found) / sum(found))
means = st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(np.array)


@given(shares, means, shares, means)
def test_parts_add_up_to_the_change(p: np.ndarray, m: np.ndarray, q: np.ndarray, k: np.ndarray) -> None:
    split = kitagawa(Shares(p, p * m), Shares(q, q * k))
    assert split.shift + split.within == pytest.approx((q * k).sum() - (p * m).sum())


def test_an_empty_bin_takes_the_others_mean() -> None:
    split = kitagawa(
        Shares(np.array([0.5, 0.5]), np.array([0.4, 0.0])), Shares(np.array([1.0, 0.0]), np.array([0.8, 0.0]))
    )
    assert (split.shift, split.within) == (pytest.approx(0.4), pytest.approx(0.0))


def _pair(folder: Path, **sides: dict[str, Any]) -> Pair:
    return compare([write_run(folder / name, name=name, **side) for name, side in sides.items()]).pairs[0]


def _factor(pair: Pair, name: str) -> Factor:
    return next(factor for factor in pair.factors if factor.name == name)


def test_field_8_a_gain_that_is_only_fewer_cut_completions(tmp_path: Path) -> None:
    # both models are right on 80% of what they finish, and never on what is cut
    base = {"scores": {"correctness": [[1.0]] * 40 + [[0.0]] * 60}, "cut": [[False]] * 50 + [[True]] * 50}
    tuned = {"scores": {"correctness": [[1.0]] * 80 + [[0.0]] * 20}, "cut": [[False]] * 100}
    found = _factor(_pair(tmp_path, base=base, tuned=tuned), "cut")
    complete, cut = found.bins
    assert (complete.base_share, complete.tuned_share) == (0.5, 1.0)
    assert (complete.base_mean, complete.tuned_mean) == (pytest.approx(0.8), pytest.approx(0.8))
    assert (cut.base_mean, cut.tuned_mean) == (0.0, None)
    assert found.shift.mean == pytest.approx(0.4)
    assert found.within.mean == pytest.approx(0.0)
    assert found.shift.low is not None
    assert found.shift.low > 0.2


def test_a_gain_within_complete_answers(tmp_path: Path) -> None:
    cut = [[False]] * 50 + [[True]] * 50
    base = {"scores": {"correctness": [[1.0]] * 10 + [[0.0]] * 90}, "cut": cut}
    tuned = {"scores": {"correctness": [[1.0]] * 40 + [[0.0]] * 60}, "cut": cut}
    found = _factor(_pair(tmp_path, base=base, tuned=tuned), "cut")
    assert (found.shift.mean, found.within.mean) == (pytest.approx(0.0), pytest.approx(0.3))


def test_every_factor_adds_up_to_the_change_whatever_is_missing(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    sides = {}
    for name in ("base", "tuned"):
        scores = np.where(generator.random((50, 4)) < 0.1, None, generator.integers(0, 2, (50, 4)).astype(float))
        judged = [
            [Judgement(v, "no answer" if v == 0 and generator.random() < 0.5 else "judged", "") for v in row]
            for row in scores
        ]
        sides[name] = {
            "scores": {"correctness": scores.tolist(), "xml_format": generator.integers(0, 2, (50, 4)).tolist()},
            "judgements": {"correctness": judged},
            "cut": (generator.random((50, 4)) < 0.3).tolist(),
            "tokens": generator.integers(1, 200, (50, 4)).tolist(),
            "clusters": [i // 2 for i in range(50)],
        }
    pair = _pair(tmp_path, **sides)
    assert [factor.name for factor in pair.factors] == ["cut", "answer", "xml_format", "length"]
    for factor in pair.factors:
        assert factor.shift.mean + factor.within.mean == pytest.approx(pair.rewards["correctness"].delta)
        assert sum(one.base_share for one in factor.bins) == pytest.approx(1)
        assert factor.shift.low <= factor.shift.mean <= factor.shift.high


def test_the_parts_of_a_change_have_the_error_of_clusters(tmp_path: Path) -> None:
    """Ten questions of a template say hardly more than one: the interval is some three times as wide."""
    right = np.repeat(np.random.default_rng(3).random(30) < 0.6, 10)
    base = {"scores": {"correctness": [[0.0]] * 300}, "cut": [[False]] * 300}
    tuned = {"scores": {"correctness": [[float(one)] for one in right]}, "cut": [[False]] * 300}
    clusters = [place // 10 for place in range(300)]
    alone = _factor(_pair(tmp_path / "alone", base=base, tuned=tuned), "cut").within
    templates = {"clusters": clusters}
    within = _factor(_pair(tmp_path / "templates", base=base | templates, tuned=tuned | templates), "cut").within
    assert within.mean == alone.mean
    assert (within.high - within.low) / (alone.high - alone.low) == pytest.approx(3.2, abs=0.2)
    assert within.method == "clustered t, linearised"


def test_beside_another_model_the_parts_are_surer_too(tmp_path: Path) -> None:
    """Two models share the error: their intervals are at 97.5 %, those of the parts as that of the change."""
    draw = np.random.default_rng(4)
    models = [
        write_run(
            tmp_path / name,
            {"correctness": (draw.random((60, 1)) < rate).astype(float).tolist()},
            name,
            cut=[[False]] * 60,
        )
        for name, rate in (("base", 0.3), ("one", 0.6), ("two", 0.7))
    ]
    for pair in compare(models).pairs:
        within, gain = _factor(pair, "cut").within, pair.rewards["correctness"]
        assert gain.level == 0.975
        assert (within.low, within.high) == pytest.approx((gain.low, gain.high), rel=1e-4)


def test_a_part_that_no_question_moves_is_sure(tmp_path: Path) -> None:
    base = {"scores": {"correctness": [[0.0], [1.0]] * 20}, "cut": [[False]] * 40}
    tuned = {"scores": {"correctness": [[1.0]] * 40}, "cut": [[False]] * 40}
    found = _factor(_pair(tmp_path, base=base, tuned=tuned), "cut")
    assert (found.shift.mean, found.shift.low, found.shift.high) == (0.0, 0.0, 0.0)
    gain = _pair(tmp_path / "again", base=base, tuned=tuned).rewards["correctness"]
    assert (found.within.low, found.within.high) == pytest.approx((gain.low, gain.high))  # it is the whole change


def test_length_bins_are_quartiles_of_both(tmp_path: Path) -> None:
    scores = {"correctness": [[1.0]] * 4}
    base = {"scores": scores, "tokens": [[10], [20], [30], [40]]}
    tuned = {"scores": scores, "tokens": [[20], [30], [40], [40]]}
    found = _factor(_pair(tmp_path, base=base, tuned=tuned), "length")
    assert [one.name for one in found.bins] == ["up to 20 tokens", "21 to 30 tokens", "over 30 tokens"]
    assert [one.base_share for one in found.bins] == [0.5, 0.25, 0.25]


def test_one_length_is_one_bin(tmp_path: Path) -> None:
    side = {"scores": {"correctness": [[1.0], [0.0]]}, "tokens": [[7], [7]]}
    assert [one.name for one in _factor(_pair(tmp_path, base=side, tuned=side), "length").bins] == ["any length"]


def test_what_completions_do_not_say_is_no_factor(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, {"correctness": [[1.0], [0.0]]}, name) for name in ("base", "tuned")]
    file = runs[1].path / "completions.jsonl"
    file.write_text(file.read_text().replace('"eos"', "null").replace('"tokens": 5', '"tokens": null'))
    assert [factor.name for factor in compare(runs).pairs[0].factors] == ["answer"]


def test_the_format_is_a_factor_of_another_metric_and_only_a_full_score_is_well_formed(tmp_path: Path) -> None:
    scores = {"correctness": [[1.0], [0.0], [1.0]], "xml_format": [[1.0], [0.75], [0.0]]}
    side = {"scores": scores}
    well, malformed = _factor(_pair(tmp_path, base=side, tuned=side), "xml_format").bins
    assert (well.base_share, malformed.base_share) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    own = _pair(tmp_path / "own", base={**side, "primary": "xml_format"}, tuned={**side, "primary": "xml_format"})
    assert "xml_format" not in [factor.name for factor in own.factors]
