"""What a run or a log of another tool holds is answered again by question and sample."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate import Prompt, Request, Sampling
from grpokit.evaluate.engines.replay import ReplayEngine
from grpokit.evaluate.runs.manifest import Manifest
from grpokit.files import read_lines, write_lines
from grpokit.tests.evaluate.logs import peer_logs as peers
from grpokit.tests.evaluate.stored_runs import SAMPLING, write_run

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
    with pytest.raises(GrpokitError, match=r"log\.eval has no completion of prompt 'q', sample 2: it lacks 2 of the 6"):
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


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", {"correctness": [[1.0, 0.0], [0.0, 1.0]]}).path


AS_DRAWN = Sampling(samples=2, temperature=1.0, max_new_tokens=SAMPLING["max_new_tokens"])
ASKED = [Prompt(f"q{number}", f"question {number}", {"reference": "18"}) for number in range(2)]


@pytest.mark.parametrize("place", ["", "completions.jsonl"])
def test_a_generated_run_is_replayed_as_it_was_asked(generated: Path, place: str) -> None:
    assert ReplayEngine("m", generated / place).plan(ASKED, AS_DRAWN) == ASKED
    assert ReplayEngine("m", generated / place).plan(ASKED, Sampling(max_new_tokens=64, temperature=1.0)) == ASKED


@pytest.mark.parametrize("place", ["", "completions.jsonl"])
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"temperature": 0.5}, "temperature=1.0, not 0.5"),
        ({"max_new_tokens": 65}, "max_new_tokens=64, not 65"),
        ({"seed": 1}, "seed=0, not 1"),
        ({"stop": ("Q:",)}, r"stop=\(\), not \('Q:',\)"),
        ({"template": {"enable_thinking": True}}, "template={}, not {'enable_thinking': True}"),
    ],
)
def test_rows_drawn_by_other_settings_do_not_pass_for_these(
    generated: Path, place: str, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(GrpokitError, match=f"was generated with {said}; ask by its settings"):
        ReplayEngine("m", generated / place).plan(ASKED, replace(AS_DRAWN, **changes))


def test_answers_to_other_questions_of_the_same_ids_are_refused(generated: Path) -> None:
    other = [ASKED[0], ASKED[1]._replace(text="question 7")]
    with pytest.raises(GrpokitError, match="answers another question 'q1' than the one that is asked"):
        ReplayEngine("m", generated).plan(other, AS_DRAWN)


def test_a_row_that_is_there_twice_is_refused(generated: Path) -> None:
    rows = [line.value for line in read_lines(generated / "completions.jsonl")]
    write_lines(generated / "completions.jsonl", [*rows, {**rows[1], "text": "another"}])
    with pytest.raises(GrpokitError, match="sample 1 of prompt 'q0' twice"):
        ReplayEngine("m", generated).plan(ASKED, AS_DRAWN)


@pytest.mark.parametrize(
    ("order", "said"), [(None, "it is not finished"), (0, "it was asked in random order, and ended early")]
)
def test_a_run_that_lacks_rows_of_its_own_says_why(order: int | None, said: str, generated: Path) -> None:
    manifest = Manifest.read(generated)
    replace(manifest, task=replace(manifest.task, order=order)).write(generated)
    rows = (generated / "completions.jsonl").read_text().splitlines(keepends=True)
    (generated / "completions.jsonl").write_text("".join(rows[:3]))
    with pytest.raises(GrpokitError) as caught:
        ReplayEngine("m", generated).plan(ASKED, AS_DRAWN)
    told = f"'q1', sample 1: {said} (3 of 4 completions); finish it by its own command with --resume."
    assert str(caught.value).endswith(told)


def test_a_whole_run_that_lacks_what_is_asked_says_how_much(generated: Path) -> None:
    with pytest.raises(GrpokitError, match=r"'q2', sample 0: it lacks 2 of the 6 that are asked\.$"):
        ReplayEngine("m", generated).plan([*ASKED, Prompt("q2", "question 2", {})], AS_DRAWN)
