"""What a run or a log of another tool holds is answered again by question and sample."""

from pathlib import Path

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate import Prompt, Request, Sampling
from grpokit.evaluate.engines.replay import ReplayEngine
from grpokit.tests.evaluate.logs import peer_logs as peers

PROMPTS = [Prompt(name, f"What is {name}?", {}) for name in ("q", "r")]
TWICE = Sampling(samples=2, temperature=1.0)


def test_a_log_is_replayed_with_its_epochs_as_samples(tmp_path: Path) -> None:
    given = [("r", 1, "a"), ("q", 1, "b"), ("q", 2, "c"), ("r", 2, None)]
    samples = [peers.inspect_sample(name, said, {}, epoch=epoch) for name, epoch, said in given]
    engine = ReplayEngine("m", peers.write_eval(tmp_path / "log.eval", peers.inspect_log(samples)))
    assert engine.plan(PROMPTS, TWICE) == PROMPTS
    (rows,) = engine.generate([Request(prompt, sample) for prompt in PROMPTS for sample in range(2)], TWICE)
    assert [(row.prompt_id, row.sample, row.text, row.finish_reason) for row in rows] == [
        ("q", 0, "b", "eos"),
        ("q", 1, "c", "eos"),
        ("r", 0, "a", "eos"),
        ("r", 1, "", "missing"),
    ]
    assert {(row.model, row.weights) for row in rows} == {("m", "unknown")}
    with pytest.raises(GrpokitError, match=r"log\.eval has no completion of prompt 'q', sample 2"):
        engine.plan(PROMPTS, Sampling(samples=3, temperature=1.0))


def test_logs_that_cannot_be_replayed_as_they_are(tmp_path: Path) -> None:
    results = [peers.promptfoo_result(0, "1", True), peers.promptfoo_result(0, "1", True, "other")]
    wrong = {
        "holds several models": peers.write_json(tmp_path / "out.json", peers.promptfoo_log(results)),
        "is no run and no log that is known": peers.write_lines(tmp_path / "a.jsonl", [{"completion": "18"}]),
        "sample 1: no 'epoch' and no 'input'": peers.write_json(tmp_path / "b.json", peers.inspect_log([{"id": "q"}])),
        "cannot read": tmp_path / "absent.jsonl",
    }
    for said, path in wrong.items():
        with pytest.raises(GrpokitError, match=said):
            ReplayEngine("m", path).plan(PROMPTS, TWICE)
