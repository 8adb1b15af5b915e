"""Tables of no tool in particular: columns by path, scores that are there already."""

from __future__ import annotations

from pathlib import Path

import pytest
from grpokit.evaluate import Columns
from grpokit.evaluate.logs.imports import Grading
from grpokit.evaluate.logs.log import ScoreColumn
from grpokit.rewards import RewardMix
from grpokit.tests.evaluate.logs import peer_logs as peers
from grpokit.tests.evaluate.logs.log_runs import refusal, run_of, runs_of, values


def test_columns_are_paths_and_scores_are_grades(tmp_path: Path) -> None:
    rows = [
        {"doc": {"answer": "18"}, "resps": [["#### 18"]], "q": 7.5},
        {"doc": {"answer": "1"}, "resps": [["2"]], "q": None},
    ]
    path = peers.write_lines(tmp_path / "a.jsonl", rows)
    columns = Columns("resps.0.0", reference="doc.answer")
    scores = (ScoreColumn("q", 0, 10),)
    (run,) = runs_of(path, Grading(RewardMix.parse("correctness")), columns=columns, scores=scores)
    assert values(run) == {"q": {"0": 7.5, "1": None}, "correctness": {"0": 1.0, "1": 0.0}}
    assert run.manifest.mix.ranges["q"] == [0, 10]
    assert "no column 'doc.anwser' for --reference-column" in refusal(path, columns=Columns("resps.0.0", "doc.anwser"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("q\n7\nhigh\n", "line 3, id 1: q is 'high', which is no number"),
        ("q\n7\n11\n", "line 3, id 1: q is 11, outside of 0 to 10"),
        ("r\n7\n", "no column 'q' for --score-column"),
    ],
)
def test_scores_that_are_none(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    assert said in refusal(path, scores=(ScoreColumn("q", 0, 10),))


def test_rows_that_are_graded_need_no_completion(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("q;r\n7;1\n;0\n")
    run = run_of(path, scores=(ScoreColumn("q"), ScoreColumn("r", 0, 1)))
    assert values(run) == {"q": {"0": 7.0, "1": None}, "r": {"0": 1.0, "1": 0.0}}
    assert run.manifest.mix.ranges == {"r": [0, 1]}


def test_a_later_row_without_a_column_is_a_bad_row(tmp_path: Path) -> None:
    path = peers.write_lines(tmp_path / "a.jsonl", [{"completion": "18", "gold": "18"}, {"completion": "17"}])
    grading = Grading(RewardMix.parse("correctness"), skip_bad_rows=True)
    assert f"{path}, line 2, id 1: no column 'gold'." in refusal(
        path, Grading(grading.mix), columns=Columns("completion", "gold")
    )
    (run,) = runs_of(path, grading, columns=Columns("completion", "gold"))
    assert values(run) == {"correctness": {"0": 1.0}}


def test_a_folder_of_logs_or_of_nothing(tmp_path: Path) -> None:
    log = peers.inspect_log([peers.inspect_sample("q", "18", {"match": "C"})])
    folder = tmp_path / "logs"
    folder.mkdir()
    assert "holds no run" in refusal(folder)
    peers.write_eval(folder / "a.eval", log)
    assert values(run_of(folder)) == {"inspect/match": {"q": 1.0}}
    peers.write_eval(folder / "b.eval", log)
    assert f"{folder} holds 2 logs (a.eval, b.eval); give one of them." in refusal(folder)
    assert "no file or folder" in refusal(tmp_path / "none")


@pytest.mark.parametrize("option", ["cluster", "by"])
@pytest.mark.parametrize("name", ["solution", "reference", "ground_truth"])
def test_a_column_of_groups_is_not_taken_for_the_reference(option: str, name: str, tmp_path: Path) -> None:
    path = peers.write_lines(tmp_path / "a.jsonl", [{"completion": "18", "answer": "18", name: "easy"}])
    said = refusal(path, columns=Columns("completion", "answer"), **{option: name})
    assert f"{name}: rewards read a column of that name as the reference; say --reference-column {name}" in said


def test_the_reference_may_be_the_column_of_groups(tmp_path: Path) -> None:
    path = peers.write_lines(tmp_path / "a.jsonl", [{"completion": "18", "answer": "18"}])
    (run,) = runs_of(
        path, Grading(RewardMix.parse("correctness")), columns=Columns("completion", "answer"), by="answer"
    )
    assert next(run.asked()).columns == {"reference": "18", "answer": "18"}


@pytest.mark.parametrize("empty", ["", float("nan"), None])
def test_a_row_without_a_group_is_one_of_its_own(empty: object, tmp_path: Path) -> None:
    rows = [{"s": 1, "passage": "a", "kind": "hard"}, {"s": 0, "passage": empty, "kind": empty}]
    path = peers.write_lines(tmp_path / "a.jsonl", rows)
    run = run_of(path, scores=(ScoreColumn("s"),), cluster="passage", by="kind")
    assert [prompt.columns for prompt in run.asked()] == [
        {"passage": "a", "kind": "hard"},
        {"passage": None, "kind": None},
    ]


@pytest.mark.parametrize("identity", ["", float("nan"), float("inf"), -(2.0**53)])
def test_an_id_that_others_may_have_is_refused(identity: object, tmp_path: Path) -> None:
    path = peers.write_lines(tmp_path / "a.jsonl", [{"s": 1, "id": identity, "completion": "18"}])
    said = refusal(path, columns=Columns("completion", id="id"), scores=(ScoreColumn("s"),))
    assert f"its id is {identity!r}, which others may have too; give each question an id of its own" in said


@pytest.mark.parametrize("identity", [2.0**53 - 1, 2**60 + 1, "nan"])
def test_an_id_of_one_question_is_kept(identity: object, tmp_path: Path) -> None:
    path = peers.write_lines(tmp_path / "a.jsonl", [{"s": 1, "id": identity, "completion": "18"}])
    run = run_of(path, columns=Columns("completion", id="id"), scores=(ScoreColumn("s"),))
    assert [prompt.id for prompt in run.asked()] == [str(identity)]


def test_a_grade_that_only_watches_makes_no_total(tmp_path: Path) -> None:
    path = peers.write_lines(tmp_path / "a.jsonl", [{"q": 7, "r": 1}, {"q": None, "r": 1}])
    run = run_of(path, scores=(ScoreColumn("q"), ScoreColumn("r")))
    assert [score.total for score in run.scores()] == [7.0, None]


def test_grades_have_no_total_to_judge_by(tmp_path: Path) -> None:
    path = peers.write_lines(tmp_path / "a.jsonl", [{"q": 7, "r": 1}])
    scores = (ScoreColumn("q"), ScoreColumn("r"))
    said = refusal(path, Grading(None, primary="total"), scores=scores)
    assert said == "--primary total: grades of a log have no weights; name one, such as q."
    (run,) = runs_of(path, Grading(RewardMix.parse("length(target=9)"), primary="total"), scores=scores)
    assert run.manifest.task.primary == "total"
