from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate.paired.comparability import mismatches, require_comparable
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.manifest import Manifest, MixRecord
from grpokit.evaluate.types import EvaluationError
from grpokit.tests.evaluate.stored_runs import SAMPLING, manifest, write_run

BASE = manifest("base")
ENGINE = BASE.engine


@pytest.mark.parametrize(
    ("change", "what", "fatal"),
    [
        ({}, [], False),  # another model on the same task
        ({"task": replace(BASE.task, fingerprint="0" * 16)}, ["prompts"], True),
        ({"task": replace(BASE.task, name="other sums")}, ["task"], False),  # the same prompts by another name
        ({"task": replace(BASE.task, primary="total")}, ["primary metric"], False),
        ({"task": replace(BASE.task, cluster="seed")}, ["cluster column"], False),
        ({"mix": MixRecord("", {"correctness": 1.0}, {"correctness": "2"})}, ["reward correctness"], True),
        ({"mix": MixRecord("", {"correctness": 2.0}, BASE.mix.fingerprints)}, ["reward weight of correctness"], True),
        ({"sampling": {**SAMPLING, "temperature": 0.5}}, ["sampling temperature"], False),
        ({"sampling": {**SAMPLING, "seed": 1}}, ["sampling seed"], False),
        ({"engine": {**ENGINE, "template": "u" * 16}}, ["engine template"], False),  # field: templates that differ
        ({"engine": {**ENGINE, "dtype": "bfloat16"}}, ["engine dtype"], False),
        ({"engine": {**ENGINE, "checkpoint": "x", "adapter": "y", "adapter_probe_change": 0.3}}, [], False),
        ({"engine": {**ENGINE, "source": "runs/b"}}, [], False),  # the answers that are taken, which are the model's
        ({"environment": {"torch": "2.12"}}, ["environment torch"], False),
        ({"command": "another", "created": "2027"}, [], False),
    ],
)
def test_what_matters(change: dict[str, Any], what: list[str], fatal: bool) -> None:
    tuned = manifest("tuned", **change)
    found = list(mismatches(BASE, tuned))
    assert [mismatch.what for mismatch in found] == what
    assert any(mismatch.fatal for mismatch in found) is fatal
    if fatal:
        with pytest.raises(EvaluationError, match=f"'base' and 'tuned' cannot be compared .*{what[0]}"):
            require_comparable(BASE, tuned)
    else:
        assert require_comparable(BASE, tuned) == tuple(found)


def test_completions_from_elsewhere_have_no_settings_to_agree_on() -> None:
    tuned = manifest("tuned", sampling=None)
    assert {mismatch.what for mismatch in mismatches(BASE, tuned)} == {
        f"sampling {key}"
        for key in SAMPLING
        if key != "samples"  # their number is seen in the rows
    }


def test_field_10_an_adapter_that_was_not_applied_is_flagged() -> None:
    same: Manifest = replace(manifest("tuned"), weights=BASE.weights)
    assert [mismatch.what for mismatch in require_comparable(BASE, same)] == ["model weights are the same"]


def test_refusal_says_what_differs_and_what_to_do() -> None:
    tuned = manifest("tuned", mix=MixRecord("", {"length": 1.0}, {"length": "1"}))
    with pytest.raises(EvaluationError, match=r"reward length: none against 1;.*grpo-eval score RUN --rewards SPEC"):
        require_comparable(BASE, tuned)


def test_unfinished_runs_are_flagged(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, {"correctness": [[1.0, 0.0], [1.0, 1.0]]}, name) for name in ("base", "tuned")]
    for name in ("scores.jsonl", "completions.jsonl"):
        file = runs[1].path / name
        file.write_text("".join(file.read_text().splitlines(keepends=True)[:3]))
    (mismatch,) = compare(runs).pairs[0].mismatches
    wanted = ("number of samples from question to question", "2 (4 in all)", "1 to 2 (3 in all)")
    assert (mismatch.what, mismatch.base, mismatch.tuned) == wanted


def test_questions_of_uneven_samples_do_not_pass_for_lost_rows(tmp_path: Path) -> None:
    scores = {"correctness": [[1.0, 0.0, 1.0], [1.0]]}
    (pair,) = compare([write_run(tmp_path / name, scores, name) for name in ("base", "tuned")]).pairs
    (mismatch,) = pair.mismatches
    assert mismatch.what == "number of samples from question to question"
    assert mismatch.base == mismatch.tuned == "1 to 3 (4 in all)"


def test_field_2_rows_of_other_weights_are_flagged(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, {"correctness": [[1.0], [0.0]]}, name) for name in ("base", "tuned")]
    file = runs[1].path / "completions.jsonl"
    file.write_text(file.read_text().replace("weights-of-tuned", "weights-of-base", 1))
    (mismatch,) = compare(runs).pairs[0].mismatches
    assert mismatch.what == "completions written"
    assert mismatch.tuned.startswith("1 by other weights")


def test_prompts_that_were_changed_after_the_run_are_refused(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, {"correctness": [[1.0], [0.0]]}, name) for name in ("base", "tuned")]
    for file in runs[1].path.glob("*.jsonl"):
        file.write_text(file.read_text().replace('"q1"', '"q7"'))
    with pytest.raises(EvaluationError, match="tuned: its prompts are not those of the base's run"):
        compare(runs)


def test_other_numbers_of_samples_are_said(tmp_path: Path) -> None:
    grids = {"base": [[1.0, 0.0]] * 6, "tuned": [[1.0]] * 6}
    runs = [write_run(tmp_path / name, {"correctness": grid}, name) for name, grid in grids.items()]
    (mismatch,) = compare(runs).pairs[0].mismatches
    assert (mismatch.what, mismatch.base, mismatch.tuned) == ("number of samples per question", "2", "1")
    assert not mismatch.fatal


def test_tables_of_the_same_prompts_differ_by_no_more_than_their_files_names() -> None:
    """``score base=a.jsonl tuned=b.jsonl`` names the task by the file, which is the model's by right."""
    table = {"kind": "log", "tool": "table"}
    base, other = manifest("base", engine=table), replace(BASE.task, name="other sums")
    assert list(mismatches(base, manifest("tuned", engine=table, task=other))) == []
    inspect = manifest("tuned", engine={**table, "tool": "inspect"}, task=other)
    assert [one.what for one in mismatches(base, inspect)] == ["task", "engine tool"]
