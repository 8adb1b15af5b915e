"""The JSON report keeps its keys, is strict JSON, and says what the comparison says."""

from __future__ import annotations

import json
from pathlib import Path

from grpokit.evaluate.compare import compare
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


def test_it_survives_strict_json(compared: Compared) -> None:
    found = to_json(compared.comparison)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_one_run_has_no_pair(tmp_path: Path) -> None:
    found = to_json(compare([write_run(tmp_path / "base", BASE, questions=5)]))
    assert found["pairs"] == []
    assert len(found["models"]) == 1
