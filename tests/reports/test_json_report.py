"""The JSON report keeps its keys, is strict JSON, and says what the comparison says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from grpokit.evaluate.paired.alarms import Alarm
from grpokit.evaluate.paired.doubts import Mismatch, MissingRow, MissingValues, NoiseFloor, Obstacle
from grpokit.evaluate.paired.pairing import compare
from grpokit.reports.json_report import to_json
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.runs import BASE, write_run

MODEL_KEYS = {"name", "prompts", "samples", "rewards", "total"}
SUMMARY_KEYS = {"mean", "low", "high", "counts"}
PAIR_KEYS = {"base", "tuned", "verdict", "comparable", "rewards", "total"}
DIFFERENCE_KEYS = {"delta", "low", "high", "p", "p_holm", "fixed", "broken", "mde"}


def test_the_keys_that_scripts_rely_on_are_there(compared: Compared) -> None:
    found = to_json(compared.comparison)
    assert found["schema"] == 1
    assert found["task"] == "sums"
    for model in found["models"]:
        assert model.keys() >= MODEL_KEYS
        assert all(summary.keys() >= SUMMARY_KEYS for summary in [*model["rewards"].values(), model["total"]])
    for pair in found["pairs"]:
        assert pair.keys() >= PAIR_KEYS
        assert all(found.keys() >= DIFFERENCE_KEYS for found in [*pair["rewards"].values(), pair["total"]])


def test_numbers_are_those_of_the_comparison(compared: Compared) -> None:
    pair = compared.comparison.pairs[0]
    found = to_json(compared.comparison)["pairs"][0]
    assert found["verdict"] == "IMPROVED"
    assert found["comparable"] is True
    assert found["rewards"]["correctness"]["delta"] == pair.rewards["correctness"].delta
    assert found["total"]["low"] == pair.total.low


def test_a_pair_that_differs_in_anything_is_not_comparable(compared: Compared) -> None:
    pair = replace(compared.comparison.pairs[0], mismatches=(Mismatch("seed", "0", "1", fatal=False),))
    (found,) = to_json(replace(compared.comparison, pairs=(pair,)))["pairs"]
    assert found["comparable"] is False
    assert found["mismatches"] == [{"what": "seed", "base": "0", "tuned": "1", "fatal": False}]


def test_what_completions_were_like_is_under_its_own_key(compared: Compared) -> None:
    model = replace(compared.comparison.models[0], cut=0.25, unanswered=0.5, tokens=7.0, repeated=0.125)
    found = to_json(replace(compared.comparison, models=(model,), pairs=()))["models"][0]
    assert [found[key] for key in ("truncated", "unanswered", "tokens", "repeated")] == [0.25, 0.5, 7.0, 0.125]


def test_what_stands_before_the_numbers_elsewhere_has_keys_here(compared: Compared) -> None:
    """Missing values and obstacles were in the terminal and on the page alone."""
    model, pair = compared.comparison.models[0], compared.comparison.pairs[0]
    missing = MissingValues("scores.jsonl", 40, {"failed": 1}, (MissingRow(3, "q1", "failed"),))
    hindered = Obstacle("cut", ("base",), (0.8,)), Obstacle("floor", ("base", "tuned"), (0.0, 0.0))
    comparison = replace(
        compared.comparison,
        models=(replace(model, missing=missing), compared.comparison.models[1]),
        pairs=(replace(pair, obstacles=hindered),),
        obstacles=hindered[:1],
    )
    report = json.loads(json.dumps(to_json(comparison)))
    rows = [{"line": 3, "prompt_id": "q1", "status": "failed"}]
    assert report["models"][0]["missing"] == {"file": "scores.jsonl", "of": 40, "counts": {"failed": 1}, "rows": rows}
    cut = {"kind": "truncated", "models": ["base"], "values": [0.8]}
    floor = {"kind": "floor", "models": ["base", "tuned"], "values": [0.0, 0.0]}
    assert report["obstacles"] == [cut]
    assert report["pairs"][0]["obstacles"] == [cut, floor]


def test_it_survives_strict_json(compared: Compared) -> None:
    found = to_json(compared.comparison)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_one_run_has_no_pair(tmp_path: Path) -> None:
    found = to_json(compare([write_run(tmp_path / "base", BASE, questions=5)]))
    assert found["pairs"] == []
    assert len(found["models"]) == 1


def keys_of(value: object) -> Iterator[str]:
    """Yield the keys of all objects but those that are named by rewards or statuses."""
    if isinstance(value, list):
        for one in value:
            yield from keys_of(one)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            named = key in ("rewards", "contributions") and isinstance(inner, dict)
            if key not in ("counts", "weights"):
                yield from keys_of(list(inner.values()) if named else inner)


def test_every_key_is_documented(compared: Compared) -> None:
    noise = NoiseFloor("base", "correctness", 240, 0.25, 0.125)
    alarmed = replace(compared.comparison.pairs[0], alarms=(Alarm(20, "reward hacking", "it fell.", 0.025),))
    document = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    keys = set(keys_of(to_json(replace(compared.comparison, noise=noise, pairs=(alarmed,)))))
    assert len(keys) > 50
    assert [key for key in sorted(keys) if f"`{key}`" not in document] == []


def test_what_narrowed_the_interval_is_said_in_words(compared: Compared) -> None:
    found = to_json(compared.comparison)["pairs"][0]["rewards"]["correctness"]
    width = found["high"] - found["low"]
    assert f"{found['pairing'] * width:.3f} without pairing" in found["narrowing"]
    assert f"{found['variance']['noise_narrowing'] * width:.3f} without shared random numbers" in found["narrowing"]
