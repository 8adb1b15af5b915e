"""Tables that several processes read are those that one reads, and what was edited after scoring is seen."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.paired.table import Table, read_table
from grpokit.evaluate.runs.places import ScoredPlaces
from grpokit.evaluate.runs.run import Run
from grpokit.evaluate.scoring import score_run
from grpokit.evaluate.types import EvaluationError
from grpokit.files import read_lines, write_lines
from grpokit.rewards import RewardMix
from grpokit.tests.evaluate.stored_runs import write_run

QUESTIONS, SAMPLES = 1_300, 4  # in three pieces
MIX = RewardMix.parse("correctness=1")


def answered(folder: Path, questions: int) -> Run:
    texts = [[f"<answer>{q * s % 7 / 2}</answer>" + " so" * (q % 5) for s in range(SAMPLES)] for q in range(questions)]
    cut = [[q % 3 == s for s in range(SAMPLES)] for q in range(questions)]
    run = write_run(folder, {"correctness": [[0.0] * SAMPLES] * questions}, texts=texts, cut=cut)
    prompts = [line.value for line in read_lines(run.path / "prompts.jsonl")]
    for number, prompt in enumerate(prompts):
        prompt["columns"] = {"reference": str(number % 4)} if number % 400 != 399 else {"reference": None}
    write_lines(run.path / "prompts.jsonl", prompts)
    score_run(run, MIX)
    return run


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return answered(tmp_path_factory.mktemp("large"), QUESTIONS)


@pytest.fixture
def small(tmp_path: Path) -> Run:
    return answered(tmp_path / "small", 6)


def contents(value: Any) -> str:
    """Return all that a table, or a part of one, holds as text, in which NaN is NaN."""
    if isinstance(value, np.ndarray):
        return str(value.tolist())
    if isinstance(value, dict):
        return str([(key, contents(one)) for key, one in value.items()])
    if isinstance(value, Table) or hasattr(value, "offsets"):
        return str([(one.name, contents(getattr(value, one.name))) for one in fields(value)])
    return str(value)


@pytest.mark.parametrize("turned", [False, True])
def test_several_processes_read_the_same_table(large: Run, turned: bool) -> None:
    alone = read_table(large)
    order = alone.ids[::-1] if turned else None
    several = read_table(large, order=order, workers=3)
    assert contents(several) == contents(read_table(large, order=order))
    assert (contents(several) == contents(alone)) is not turned  # so tables that differ are seen to
    assert len(several.words) > 2
    assert sum(several.missing.counts.values()) == 3 * SAMPLES
    assert len(several.missing.rows) == 3


@pytest.mark.parametrize(("line", "fault"), [(5_100, "line 5101"), (2, "line 3")])
def test_several_processes_raise_what_one_raises(large: Run, tmp_path: Path, line: int, fault: str) -> None:
    run = copied(large, tmp_path / "run")
    change(run.path / "scores.jsonl", line, '"value": ', '"value": 7')
    errors = []
    for workers in (1, 3):
        with pytest.raises(EvaluationError, match=fault) as raised:
            read_table(run, workers=workers)
        errors.append(str(raised.value))
    assert errors[0] == errors[1]


@pytest.mark.parametrize("workers", [1, 3])
def test_a_question_that_the_run_does_not_ask_is_refused_with_its_line(
    large: Run, tmp_path: Path, workers: int
) -> None:
    run = copied(large, tmp_path / "run")
    for name in ("scores.jsonl", "completions.jsonl"):
        change(run.path / name, 5_000, '"q1250"', '"q9999"')
        drop(run.path / name, "made_of")
    with pytest.raises(EvaluationError, match=r"scores.jsonl, line 5001: not the scores of line 5001"):
        read_table(run, workers=workers)


def copied(run: Run, folder: Path) -> Run:
    shutil.copytree(run.path, folder)
    return Run.open(folder)


def change(path: Path, line: int, old: str, new: str) -> None:
    lines = path.read_text().splitlines(keepends=True)
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new, 1)
    path.write_text("".join(lines))


def drop(path: Path, key: str) -> None:
    """Make a file as earlier versions wrote it, whose scores do not say what they were made of."""
    write_lines(path, ({name: line.value[name] for name in line.value if name != key} for line in read_lines(path)))


def test_scores_of_earlier_versions_are_read(small: Run) -> None:
    before = contents(read_table(small))
    drop(small.path / "scores.jsonl", "made_of")
    assert contents(read_table(small)) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<answer>0.5</answer>", "<answer>1</answer>"),  # the text that was scored
        ('"finish_reason": "length"', '"finish_reason": "eos"'),  # what other numbers of the comparison are made of
        ('"tokens": 5', '"tokens": 4'),
    ],
)
def test_a_completion_edited_after_scoring_is_noticed(small: Run, old: str, new: str) -> None:
    change(small.path / "completions.jsonl", 5, old, new)
    with pytest.raises(EvaluationError, match=r"completions.jsonl, line 6: edited after .*grpo-eval score"):
        compare([small])
    score_run(small, MIX)
    compare([small])


def test_a_prompt_edited_after_scoring_is_noticed(small: Run) -> None:
    change(small.path / "prompts.jsonl", 1, '"reference": "1"', '"reference": "2"')
    with pytest.raises(EvaluationError, match=r"prompts.jsonl: prompt 'q1' was edited after its"):
        compare([small])


def test_scores_laid_beside_the_completions_of_another_run_are_noticed(small: Run, tmp_path: Path) -> None:
    other = write_run(tmp_path / "other", {"correctness": [[1.0] * SAMPLES] * 6}, texts=[["other"] * SAMPLES] * 6)
    shutil.copyfile(other.path / "completions.jsonl", small.path / "completions.jsonl")
    with pytest.raises(EvaluationError, match="line 1: edited after it was scored"):
        compare([small])


@pytest.mark.parametrize("made_of", ["7", "[1]", '[1, "2"]', "[1, -2]", '{"prompt": 1, "completion": 2}'])
def test_what_a_score_was_made_of_is_two_numbers(small: Run, made_of: str) -> None:
    lines = (small.path / "scores.jsonl").read_text().splitlines()
    start, end = lines[3].index('"made_of": ') + len('"made_of": '), lines[3].index("]") + 1
    lines[3] = lines[3][:start] + made_of + lines[3][end:]
    (small.path / "scores.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(EvaluationError, match="line 4: not a line of scores: made_of is"):
        read_table(small)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", ["scores.jsonl", "completions.jsonl"])
def test_a_file_that_is_cut_while_it_is_read_is_no_table(
    large: Run, tmp_path: Path, workers: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copied(large, tmp_path / "run")
    pieces = Run.pieces

    def cut_after_the_first(self: Run, size: int) -> Iterator[ScoredPlaces]:
        for number, piece in enumerate(pieces(self, size)):
            if number == 1:
                os.truncate(run.path / name, (run.path / name).stat().st_size // 2)
            yield piece

    monkeypatch.setattr(Run, "pieces", cut_after_the_first)
    with pytest.raises(GrpokitError, match=r"differ in length|not valid JSON|written while it was read") as raised:
        read_table(run, workers=workers)
    assert "\n" not in str(raised.value)


def test_lines_that_another_program_has_written_anew_are_grouped_alike(small: Run) -> None:
    before = [(answered.prompt.id, len(answered.rows)) for answered in small.answered()]
    assert before == [(f"q{number}", SAMPLES) for number in range(6)]
    path = small.path / "completions.jsonl"
    lines = path.read_text().splitlines()
    compact = [json.dumps(json.loads(line), separators=(",", ":"), sort_keys=True) for line in lines]
    for rewritten in (
        compact,
        [new if place % 3 else old for place, (old, new) in enumerate(zip(lines, compact, strict=True))],
    ):
        path.write_text("\n".join(rewritten) + "\n")
        assert [(answered.prompt.id, len(answered.rows)) for answered in small.answered()] == before
