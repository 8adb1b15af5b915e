"""Runs of other questions are refused with the ids that one lacks, or compared on those that all were asked."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate import Columns, EvaluationError, Run, compare, import_completions
from grpokit.evaluate.logs.imports import Grading, import_log
from grpokit.evaluate.logs.log import LogChoice, ScoreColumn
from grpokit.evaluate.logs.recognition import open_log
from grpokit.evaluate.paired.shared import on_shared_questions
from grpokit.reports.html import to_html
from grpokit.rewards import RewardMix


def run_of(folder: Path, name: str, rows: Sequence[tuple[str, str, str]], gold: str = "18") -> Run:
    """A run of (id, question, output)."""
    table = folder / f"{name}.jsonl"
    lines = [{"id": id, "q": question, "output": said, "gold": gold} for id, question, said in rows]
    table.write_text("".join(json.dumps(line) + "\n" for line in lines))
    columns = Columns("output", "gold", prompt="q", id="id")
    (run,) = import_completions(table, columns, RewardMix.parse("correctness"), "correctness", folder / name)
    return replace(run, manifest=replace(run.manifest, model=name))


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    """Two of four questions are shared: q3 is another one in each, and q0 and q9 stand in one of them alone."""
    base = [("q0", "0?", "x"), ("q1", "1?", "#### 18"), ("q2", "2?", "x"), ("q3", "3?", "x"), ("q1", "1?", "x")]
    tuned = [("q2", "2?", "#### 18"), ("q1", "1?", "#### 18"), ("q3", "another?", "x"), ("q9", "9?", "x")]
    return [run_of(tmp_path, "base", base), run_of(tmp_path, "tuned", tuned)]


def test_the_first_missing_ids_are_named(runs: list[Run], tmp_path: Path) -> None:
    with pytest.raises(EvaluationError) as caught:
        compare(runs)
    assert str(caught.value) == (
        "'base' and 'tuned' cannot be compared (prompts: base (4 prompts) against tuned (4 prompts): q0: not asked of "
        "'tuned'; q9: not asked of 'base'; q3: another question in each); give --on shared for the 2 that both have."
    )
    many = run_of(tmp_path, "many", [(f"m{at}", "?", "x") for at in range(5)])
    with pytest.raises(EvaluationError, match=r"m0, m1, m2 and 2 more: not asked .*; compare runs on the same prompts"):
        compare([runs[0], many])


def test_shared_questions_alone_count(runs: list[Run]) -> None:
    comparison = compare(on_shared_questions(runs))
    (pair,) = comparison.pairs
    assert (pair.gain.n, pair.gain.delta) == (2, 0.75)
    base, tuned = comparison.models
    assert (base.prompts, base.samples, base.rewards["correctness"].estimate.mean) == (2, 2, 0.25)
    assert base.notes == ("base: 2 of its 4 questions are left out: not all models were asked them.",)
    assert tuned.notes == ("tuned: 2 of its 4 questions are left out: not all models were asked them.",)
    assert {change.prompt_id for change in pair.changes} == {"q1", "q2"}
    page = to_html(comparison, on_shared_questions(runs))
    assert "2 of its 4 questions are left out" in page
    assert "another?" not in page


def test_a_run_that_was_asked_no_other_question_stays_as_it_is(runs: list[Run], tmp_path: Path) -> None:
    few = run_of(tmp_path, "few", [("q1", "1?", "x")])
    first, second = on_shared_questions([runs[0], few])
    assert second == few
    assert first.only == {"q1"}
    assert [row.prompt_id for row in first.rows()] == ["q1", "q1"]
    assert on_shared_questions([few, few]) == [few, few]


def test_runs_that_share_nothing(runs: list[Run], tmp_path: Path) -> None:
    other = run_of(tmp_path, "other", [("q1", "1?", "x")], gold="19")  # the same words with another reference
    with pytest.raises(EvaluationError, match="'base' and 'other' share no question"):
        on_shared_questions([runs[0], other])


def rows_less(folder: Path, **columns: str) -> list[Run]:
    """A table with scores and the same without its third row, read with these columns."""
    rows = [f'{{"k": "k{at}", "completion": "x", "s": {at % 2}}}' for at in range(6)]
    choice = LogChoice(columns=Columns("completion", **columns), scores=(ScoreColumn("s"),))
    (folder / "base.jsonl").write_text("\n".join(rows))
    (folder / "tuned.jsonl").write_text("\n".join(rows[:2] + rows[3:]))
    logs = {name: open_log(folder / f"{name}.jsonl", choice) for name in ("base", "tuned")}
    return [import_log(log, Grading(None), folder / name, name)[0] for name, log in logs.items()]


@pytest.mark.parametrize(("column", "shared"), [("id", 5), ("prompt", 2)])
def test_ids_or_prompts_of_a_table_tell_its_questions_apart(column: str, shared: int, tmp_path: Path) -> None:
    gain = compare(on_shared_questions(rows_less(tmp_path, **{column: "k"}))).pairs[0].gain
    assert (gain.n, gain.delta) == (shared, 0)


@pytest.mark.parametrize("call", [compare, on_shared_questions])
def test_places_of_rows_tell_no_questions_apart(call: Callable[[list[Run]], object], tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="name the column that tells questions apart: --id-column, or") as caught:
        call(rows_less(tmp_path))
    assert "--on shared for" not in str(caught.value)
