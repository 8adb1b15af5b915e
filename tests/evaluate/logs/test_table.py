"""Completions made elsewhere become runs; runs are scored again without being touched."""

import json
from pathlib import Path

import pytest
from grpokit.evaluate import Columns, EvaluationError, Run, compare, import_completions, rescore
from grpokit.evaluate.scoring import BLOCK, score_run
from grpokit.files import read_lines
from grpokit.rewards import RewardMix

COLUMNS = Columns("output", reference="gold", model="who", id="q")
MIX = RewardMix.parse("correctness")


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def row(question: int, who: str, output: str, gold: str = "18") -> dict[str, object]:
    return {"q": question, "who": who, "output": output, "gold": gold}


def imported(
    tmp_path: Path, rows: list[dict[str, object]], columns: Columns = COLUMNS, cluster: str | None = None
) -> list[Run]:
    tmp_path.mkdir(exist_ok=True)
    source = write(tmp_path / "answers.jsonl", rows)
    return import_completions(
        source, columns, MIX, "correctness", tmp_path / "out", lambda count: None, cluster=cluster
    )


def test_one_run_a_model_with_samples_in_order_of_appearance(tmp_path: Path) -> None:
    rows = [row(1, "a", "#### 18"), row(2, "b", "#### 1"), row(1, "a", "#### 2"), row(2, "a", "x"), row(1, "b", "y")]
    first, second = imported(tmp_path, rows)
    assert [(r.prompt_id, r.sample, r.text) for r in first.rows()] == [
        ("1", 0, "#### 18"),
        ("1", 1, "#### 2"),
        ("2", 0, "x"),
    ]
    assert [score.total for score in first.scores()] == [1.0, 0.0, 0.0]
    assert (first.model, second.model) == ("a", "b")
    assert first.path == tmp_path / "out" / "a"


@pytest.mark.parametrize("between", [0, 1])  # rows of another question
@pytest.mark.parametrize("gold", [18.0, "18", True])
def test_rows_of_one_id_that_differ_in_their_reference_are_refused(tmp_path: Path, between: int, gold: object) -> None:
    first: dict[str, object] = {"q": 1, "who": "a", "output": "18", "gold": 1 if gold is True else 18}
    rows = [first, *[{**first, "q": 2}] * between, {**first, "gold": gold}]
    with pytest.raises(EvaluationError, match="rows of id '1' and model 'a' differ in prompt or reference"):
        imported(tmp_path, rows)


def test_one_model_is_the_folder_itself(tmp_path: Path) -> None:
    (run,) = imported(tmp_path, [row(1, "a", "#### 18")], COLUMNS._replace(model=None))
    assert run.path == tmp_path / "out"


def test_model_names_with_slashes_make_no_nested_folders(tmp_path: Path) -> None:
    first, second = imported(tmp_path, [row(1, "org/a", "#### 18"), row(1, "../b", "#### 18")])
    assert first.path.parent == second.path.parent == tmp_path / "out"
    assert (first.model, second.model) == ("org/a", "../b")


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        ([row(1, "a", "x")], COLUMNS._replace(completion="outputs"), "no column 'outputs' .* Did you mean 'output'"),
        ([row(1, "a", "x")], COLUMNS._replace(reference="golden"), "no column 'golden' for --reference-column"),
        ([row(1, "a", "x"), row(1, "a", "y", gold="2")], COLUMNS, "rows of id '1' and model 'a' differ"),
    ],
)
def test_wrong_columns_are_told(tmp_path: Path, rows: list[dict[str, object]], columns: Columns, said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        imported(tmp_path, rows, columns)
    assert not (tmp_path / "out").exists()


def test_rescoring_leaves_the_old_run_as_it_is(tmp_path: Path) -> None:
    (old,) = imported(tmp_path, [row(1, "a", "#### 18"), row(2, "a", "no")], COLUMNS._replace(model=None))
    before = {path.name: path.read_bytes() for path in old.path.iterdir()}
    new = rescore(old, RewardMix.parse("length(target=2)"), "length(target=2)", tmp_path / "new", lambda count: None)
    assert [score.total for score in new.scores()] == [0.0, 1.0]
    assert new.manifest.mix.spec == "length(target=2)=1"
    assert {path.name: path.read_bytes() for path in old.path.iterdir()} == before


def test_groups_are_scored_whole_across_blocks(tmp_path: Path) -> None:
    """With conciseness a sample's value depends on its group: a group must not be cut at a block's end."""
    rows = [row(index, "a", "#### 18" + " x" * sample) for index in range(BLOCK // 3 + 2) for sample in range(3)]
    (run,) = imported(tmp_path, rows, COLUMNS._replace(model=None))
    score_run(run, RewardMix.parse("conciseness"))
    values = [line.value["total"] for line in read_lines(run.path / "scores.jsonl")]  # the manifest names another mix
    assert len(values) == len(rows)
    assert {tuple(values[start : start + 3]) for start in range(0, len(values), 3)} == {tuple(values[:3])}


def test_rows_of_one_template_are_a_cluster(tmp_path: Path) -> None:
    """Twenty templates of five variants that a model fixes or breaks as a whole are twenty questions, not a hundred."""
    rows = [
        {**row(question, who, "#### 18" if right else "#### 17"), "template": question // 5}
        for who, share in (("a", 0.4), ("b", 0.5))
        for question in range(100)
        for right in [(question // 5 * 7 % 20) / 20 < share]
    ]
    plain = compare(imported(tmp_path / "plain", rows)).pairs[0].gain
    runs = imported(tmp_path / "clustered", rows, cluster="template")
    gain = compare(runs).pairs[0].gain
    assert runs[0].manifest.task.cluster == "template"
    assert (plain.verdict, gain.verdict) == ("IMPROVED", "UNDERPOWERED")
    assert (gain.method, gain.n) == ("clustered t", 100)


def test_one_cluster_is_refused(tmp_path: Path) -> None:
    rows = [{**row(question, "a", "#### 18"), "template": "t"} for question in range(5)]
    with pytest.raises(EvaluationError, match="column 'template' has one value, so all questions are one cluster"):
        imported(tmp_path, rows, cluster="template")
    with pytest.raises(EvaluationError, match=r"no column 'page' for --cluster-column"):
        imported(tmp_path, rows, cluster="page")


def test_real_gsm8k_solutions_reproduce_every_published_verdict(shared: Path, tmp_path: Path) -> None:
    source = shared / "data" / "gsm8k" / "solutions_6b.jsonl"
    columns = Columns("output", reference="gold", model="model", id="idx")
    runs = import_completions(source, columns, MIX, "correctness", tmp_path / "out", lambda count: None)
    published = {(r["model"], str(r["idx"])): r["is_correct"] for r in map(json.loads, source.open())}
    ours = {(run.model, score.prompt_id): score.total == 1.0 for run in runs for score in run.scores()}
    assert ours == published
    means = [round(model.rewards["correctness"].estimate.mean, 4) for model in compare(runs).models]
    assert means == [0.2168, 0.3904]


def test_one_null_output_does_not_refuse_a_file(tmp_path: Path) -> None:
    """No reward sees it, none applies to it, and it is counted; the rest is scored as it would be alone."""
    rows = [row(1, "a", "#### 18"), {**row(2, "a", ""), "output": None}, row(3, "a", "#### 17"), row(4, "a", "")]
    source = write(tmp_path / "answers.jsonl", rows)
    mix = RewardMix.parse("correctness,length(target=9)=0.5")
    (run,) = import_completions(source, COLUMNS, mix, "correctness", tmp_path / "out")
    assert compare([run]).models[0].notes == (f"{source}: 1 of 4 outputs are missing (line 2, id 2): not applicable.",)
    assert [(one.text, one.finish_reason) for one in run.rows()][1] == ("", "missing")
    scores = list(run.scores())
    assert [score.rewards["correctness"].value for score in scores] == [1.0, None, 0.0, 0.0]
    assert {judged.status for judged in scores[1].rewards.values()} == {"no completion"}
    assert (scores[1].total, scores[1].repeated) == (None, None)
    assert scores[3].rewards["length(target=9)"].value == 0.0  # empty is not missing
    assert compare([run]).models[0].cut is None  # whether what is not there was cut is not known
    missing = compare([run]).models[0].missing
    assert (missing.of, dict(missing.counts)) == (4, {"no completion": 1})
    assert (missing.file, missing.rows[0].line) == (str(source), None)
    again = rescore(run, mix, "correctness", tmp_path / "again")
    assert [score.total for score in again.scores()] == [score.total for score in scores]


def test_a_file_of_nulls_is_scored_as_such(tmp_path: Path) -> None:
    source = write(tmp_path / "answers.jsonl", [{**row(1, "a", ""), "output": None}])
    (run,) = import_completions(source, COLUMNS, MIX, "correctness", tmp_path / "out")
    assert [score.total for score in run.scores()] == [None]


def test_kramabench_38_lists_and_choices_of_a_file_reach_the_rewards(tmp_path: Path) -> None:
    names = ["Carl", "Alina"]
    rows = [
        {**row(1, "a", "The answer is four."), "gold": ["4", "four"], "choices": None},
        {**row(2, "a", "The answer is (B) Alina."), "gold": 1, "choices": names},
        {**row(3, "a", "The answer is (B) Alina."), "gold": "C", "choices": names},
    ]
    (run,) = imported(tmp_path, rows)
    assert [score.rewards["correctness"].status for score in run.scores()] == ["correct", "correct", "no such choice"]
