"""Questions read side by side from run directories, and packed for a page."""

from __future__ import annotations

import base64
import json
import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate.paired.arms import Arm
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import Run
from grpokit.files import dump_line
from grpokit.reports.embedded import BLOCK, CUT, RIGHT, UNANSWERED, WRONG, embed
from grpokit.reports.samples import as_text, read_questions
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.runs import BASE, TUNED, write_run


def unpack(text: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(text)))


def test_questions_stand_side_by_side_with_all_their_samples(compared: Compared) -> None:
    questions = list(read_questions(compared.runs))
    assert len(questions) == 60
    assert [len(answers) for answers in questions[7].answers] == [4, 4]
    assert questions[7].reference in questions[7].answers[1][0].text or questions[7].reference


def test_runs_in_other_orders_meet_question_by_question(compared: Compared, tmp_path: Path) -> None:
    other = compared.runs[1].path
    for name in ("manifest.json", "prompts.jsonl"):
        (tmp_path / name).write_bytes((other / name).read_bytes())
    for name in ("completions.jsonl", "scores.jsonl"):
        lines = (other / name).read_text().splitlines(keepends=True)
        blocks = [lines[at : at + 4] for at in range(0, len(lines), 4)]
        (tmp_path / name).write_text("".join(line for block in blocks[:0:-1] for line in block))  # without the first
    found = list(read_questions([compared.runs[0], Run.open(tmp_path)]))
    assert found == list(read_questions(compared.runs))[1:]


def test_of_wanted_questions_alone_are_answers_held(tmp_path: Path) -> None:
    run = write_run(tmp_path / "base", BASE, questions=1200)
    lines = (run.path / "completions.jsonl").read_text().splitlines(keepends=True)
    (run.path / "completions.jsonl").write_text("".join(line.rstrip() + " " * 1000 + "\n" for line in lines))
    last = list(run.asked())[-1].id
    tracemalloc.start()
    (found,) = read_questions([run], {last})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.id == last
    assert peak < len(lines) * 1000 / 2


def test_scores_of_other_completions_are_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "base", BASE, questions=3)
    lines = (run.path / "scores.jsonl").read_text().splitlines(keepends=True)
    (run.path / "scores.jsonl").write_text("".join(lines[::-1]))
    with pytest.raises(GrpokitError, match="score the run again"):
        list(read_questions([run]))


def test_answers_that_do_not_stand_together_are_all_shown(tmp_path: Path) -> None:
    run = write_run(tmp_path / "base", BASE, questions=3)
    whole = list(read_questions([run]))
    for name in ("completions.jsonl", "scores.jsonl"):
        lines = (run.path / name).read_text().splitlines(keepends=True)
        (run.path / name).write_text("".join(lines[sample] for first in range(4) for sample in range(first, 12, 4)))
    assert list(read_questions([Run.open(run.path)])) == whole


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("scores.jsonl", '"status"', '"state"', "line 5: not a line of scores: "),
        ("scores.jsonl", '"value"', '"values"', "line 5: not a line of scores: "),
        ("completions.jsonl", '"text"', '"texts"', "line 5: not a row of a run: its keys are "),
        ("completions.jsonl", '"text": "', '"text": ["', "line 5: not valid JSON"),
        ("completions.jsonl", '"sum-0001"', '"sum-0002"', "its scores are not those of its completions"),
        ("completions.jsonl", '"sample": 0', '"sample": 1', "its scores are not those of its completions"),
    ],
)
def test_lines_that_hold_no_answer_are_named(tmp_path: Path, name: str, old: str, new: str, message: str) -> None:
    run = write_run(tmp_path / "base", BASE, questions=3)
    lines = (run.path / name).read_text().splitlines(keepends=True)
    assert old in lines[4]
    lines[4] = lines[4].replace(old, new)
    (run.path / name).write_text("".join(lines))
    with pytest.raises(GrpokitError, match=message):
        list(read_questions([run]))


def test_an_answer_that_says_two_ids_is_none_to_the_first(tmp_path: Path) -> None:
    run = write_run(tmp_path / "base", BASE, questions=3)
    for name in ("completions.jsonl", "scores.jsonl"):
        lines = (run.path / name).read_text().splitlines()
        lines[4] = lines[4].removesuffix("}") + ', "prompt_id": "sum-0002"}'  # of which parsers take the last
        (run.path / name).write_text("\n".join(lines) + "\n")
    with pytest.raises(GrpokitError, match="its scores are not those of its completions"):
        list(read_questions([run]))


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("plain", "plain"),
        ([{"role": "user", "content": "2+2?"}], "[user]\n2+2?"),  # a message under its role
        ([{"role": "user", "content": [{"type": "text", "text": "a"}]}], "[user]\na"),  # content in parts
        ([{"role": "system", "content": "s"}, {"role": "user", "content": "u"}], "[system]\ns\n\n[user]\nu"),
    ],
)
def test_prompts_as_text(prompt: Any, text: str) -> None:
    assert as_text(prompt) == text


def test_blocks_hold_every_question_in_the_order_of_the_index(compared: Compared) -> None:
    packed = embed(compared.comparison, compared.runs)
    index = unpack(packed.index)
    questions = [question for block in packed.blocks for question in unpack(block)]
    assert index["block"] == BLOCK
    assert [row[0] for row in index["rows"]] == [prompt.id for prompt in compared.runs[0].asked()]
    assert [question["prompt"] for question in questions] == [
        as_text(prompt.text) for prompt in compared.runs[0].asked()
    ]


def test_flags_and_changes_are_those_of_the_comparison(compared: Compared) -> None:
    rows = unpack(embed(compared.comparison, compared.runs).index)["rows"]
    pair = compared.comparison.pairs[0]
    primary = pair.rewards["correctness"]
    assert sum(row[1][0] > 0 for row in rows) == primary.fixed
    assert sum(row[1][0] < 0 for row in rows) == primary.broken
    assert sum(all(flags & RIGHT for flags in row[3]) for row in rows) == primary.both_right
    assert sum(all(flags & WRONG for flags in row[3]) for row in rows) == primary.both_wrong
    assert sum(bool(row[3][0] & CUT) for row in rows) > 0
    assert all(bool(row[3][0] & CUT) == bool(row[3][0] & UNANSWERED) for row in rows)


def test_a_lone_surrogate_survives_packing(tmp_path: Path) -> None:
    run = write_run(tmp_path / "base", BASE, questions=1, samples=1)
    row = json.loads((run.path / "completions.jsonl").read_text())
    (run.path / "completions.jsonl").write_text(dump_line({**row, "text": "half \ud83d of it"}))
    question = next(read_questions([run]))
    assert question.answers[0][0].text == "half \ud83d of it"


def test_several_processes_pack_what_one_packs(compared: Compared, tmp_path: Path) -> None:
    alone = embed(compared.comparison, compared.runs, workers=1)
    assert embed(compared.comparison, compared.runs, workers=3) == alone
    assert len(alone.blocks) == 1
    runs = [write_run(tmp_path / model.name, model, questions=3 * BLOCK - 1) for model in (BASE, TUNED)]
    seeds = [TUNED._replace(name=f"seed-{at}") for at in (1, 2)]
    arm = Arm("new", tuple(write_run(tmp_path / seed.name, seed, questions=3 * BLOCK - 1) for seed in seeds))
    sides = [runs[0], runs[1], arm]
    comparison = compare(sides)
    several = embed(comparison, sides, workers=2)
    assert several == embed(comparison, sides, workers=1)
    assert [len(unpack(block)) for block in several.blocks] == [BLOCK, BLOCK, BLOCK - 1]
    assert {len(question["answers"][2]) for question in unpack(several.blocks[0])} == {8}


def test_a_fault_is_the_same_whatever_the_processes(compared: Compared, tmp_path: Path) -> None:
    run = write_run(tmp_path / "base", BASE, questions=3)
    lines = (run.path / "scores.jsonl").read_text().splitlines(keepends=True)
    (run.path / "scores.jsonl").write_text("".join([*lines[:5], '{"prompt_id": "sum-0001"}\n', *lines[6:]]))
    said = []
    for workers in (1, 2):
        with pytest.raises(GrpokitError, match="line 6: ") as caught:
            embed(replace(compared.comparison, pairs=(), models=compared.comparison.models[:1]), [run], workers)
        said.append(str(caught.value))
    assert said[0] == said[1]
