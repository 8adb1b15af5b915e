from pathlib import Path

import numpy as np
import pytest
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.paired.summary import TOTAL
from grpokit.evaluate.paired.table import primary_metric, read_table
from grpokit.evaluate.runs.run import Run
from grpokit.evaluate.scoring import score_run
from grpokit.evaluate.types import EvaluationError
from grpokit.rewards import RewardMix
from grpokit.rewards.reward import Judgement, Span
from grpokit.tests.evaluate.stored_runs import write_run

SCORES = {"correctness": [[1.0, 0.0], [None, 1.0]], "length": [[0.5, 0.25], [None, 0.75]]}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return write_run(tmp_path / "run", SCORES, cut=[[True, False], [False, False]], tokens=[[9, 5], [4, 3]])


def test_scores_stand_by_question_and_sample(run: Run) -> None:
    table = read_table(run)
    assert table.ids == ("q0", "q1")
    np.testing.assert_equal(table.values["correctness"].values, [1, 0, np.nan, 1])
    np.testing.assert_equal(table.values["length"].values, [0.5, 0.25, np.nan, 0.75])
    np.testing.assert_equal(table.values[TOTAL].values, [1.5, 0.25, np.nan, 1.75])  # no reward applies: no total
    np.testing.assert_equal(table.cut.values, [1, 0, 0, 0])
    np.testing.assert_equal(table.tokens.values, [9, 5, 4, 3])
    assert (table.tokens.offsets.tolist(), table.tokens.numbers.tolist()) == ([0, 2, 4], [0, 1, 0, 1])


def test_statuses_are_counted_by_completion(run: Run) -> None:
    assert read_table(run).counts("correctness") == {"correct": 2, "wrong": 1, "not applicable": 1}


def test_rows_may_come_in_any_order(run: Run) -> None:
    before = read_table(run)
    for name in ("scores.jsonl", "completions.jsonl"):
        lines = (run.path / name).read_text().splitlines()
        (run.path / name).write_text("\n".join(lines[::-1]) + "\n")
    after = read_table(run)
    for reward, samples in after.values.items():
        np.testing.assert_equal(samples.values, before.values[reward].values)
    for reward, statuses in after.statuses.items():
        assert [after.words[code] for code in statuses] == [before.words[code] for code in before.statuses[reward]]


def test_repetition_is_of_tokens_where_all_are_known(tmp_path: Path) -> None:
    scores, repeated = {"correctness": [[1.0, 0.0]]}, [[0.25, None]]
    of_words = read_table(write_run(tmp_path / "words", scores, repeated=repeated))
    np.testing.assert_equal(of_words.repeated.values, [0.25, np.nan])
    assert of_words.repeated_unit == "word"
    of_tokens = write_run(tmp_path / "tokens", scores, repeated=repeated, token_ids=[1, 2, 3])
    assert read_table(of_tokens).repeated_unit == "token"


def test_triples_of_tokens_and_of_words_have_no_common_mean(tmp_path: Path) -> None:
    run = write_run(tmp_path, {"xml_format": [[0.0, 0.0]]}, texts=[["a b c d", "no no no no"]], token_ids=[7, 7, 7, 7])
    first, second = (run.path / "completions.jsonl").read_text().splitlines()
    mixed = [first, second.replace('"token_ids": [7, 7, 7, 7]', '"token_ids": null')]
    (run.path / "completions.jsonl").write_text("\n".join(mixed) + "\n")
    score_run(run, RewardMix.parse("xml_format"))
    table = read_table(run)
    assert table.repeated_unit is None
    assert not table.repeated.known.any()
    model = compare([run]).models[0]
    assert (model.repeated, model.repeated_unit) == (None, None)


def test_missing_rows_are_known_to_be_missing(run: Run) -> None:
    for name in ("scores.jsonl", "completions.jsonl"):
        lines = (run.path / name).read_text().splitlines()
        (run.path / name).write_text("\n".join(lines[:3]) + "\n")
    table = read_table(run)
    assert (table.rows, table.samples) == (3, 2)
    assert table.values["correctness"].counts().tolist() == [2, 0]
    assert table.tokens.counts().tolist() == [2, 1]


def test_one_question_with_many_samples_costs_the_others_nothing(tmp_path: Path) -> None:
    table = read_table(write_run(tmp_path, {"correctness": [[1.0] * 500, *[[0.0]] * 500]}))
    assert (table.rows, table.samples, len(table.ids)) == (1000, 500, 501)
    assert table.values["correctness"].means().tolist() == [1.0, *[0.0] * 500]
    assert all(len(samples.values) == 1000 for samples in (*table.values.values(), table.cut, table.tokens))


def test_clusters_are_numbered_and_missing_ones_stand_alone(tmp_path: Path) -> None:
    scores = {"correctness": [[1.0]] * 5}
    table = read_table(write_run(tmp_path, scores, clusters=["a", None, "b", "a", None]))
    assert table.clusters is not None
    assert table.clusters.tolist() == [0, 1, 2, 0, 3]
    assert read_table(write_run(tmp_path, scores)).clusters is None


def test_equal_answers_to_a_question_get_equal_numbers(tmp_path: Path) -> None:
    texts = [["is 18", "is $18.", "is 1,800", "is twenty", "none", "is 20"], ["is 3/2", "is 18", "is 1.5", "", "", ""]]
    judged = [
        [Judgement(0.0, "wrong", "", Span(3, len(text)) if text.startswith("is") else None) for text in row]
        for row in texts
    ]
    scores = {"xml_format": [[1.0] * 6] * 2, "correctness": [[0.0] * 6] * 2}
    table = read_table(write_run(tmp_path, scores, judgements={"correctness": judged}, texts=texts))
    assert table.answers is not None
    assert table.answers.tolist() == [*[0, 0, 1, 2, -1, 2], *[1, 0, 1, -1, -1, -1]]


def test_answers_that_were_judged_correct_are_one(tmp_path: Path) -> None:
    texts = [[r"(x+1)^2", "x^2+2x+1", "x^2", "(x+1)^2", "x^2"]]
    judged = [
        [
            Judgement(1.0, "correct", "", Span(0, 7)),
            Judgement(1.0, "correct", "", Span(0, 8)),  # by algebra, which comparing alone would not find
            Judgement(0.0, "wrong", "", Span(0, 3)),
            Judgement(0.5, "correct", "", Span(0, 7)),  # no reward of 1: compared as any other
            Judgement(0.0, "wrong", "", Span(0, 3)),
        ]
    ]
    scores = {"correctness": [[one.value for one in judged[0]]]}
    table = read_table(write_run(tmp_path, scores, judgements={"correctness": judged}, texts=texts))
    assert table.answers is not None
    right, by_algebra, square, half, again = table.answers.tolist()
    assert right == by_algebra
    assert square == again
    assert len({right, square, half}) == 3


def test_the_right_answer_is_not_the_only_wrong_one(tmp_path: Path) -> None:
    judged = [[Judgement(1.0, "correct", "", Span(0, 2)), Judgement(0.0, "wrong", "", Span(0, 2))]]
    texts, scores = [["18", "19"]], {"correctness": [[1.0, 0.0]]}
    table = read_table(write_run(tmp_path, scores, judgements={"correctness": judged}, texts=texts))
    assert table.answers is not None
    assert table.answers.tolist() == [1, 0]


def test_answers_go_with_rows_that_come_in_any_order(tmp_path: Path) -> None:
    judged = [[Judgement(0.0, "wrong", "", Span(0, 2))] * 3]
    texts, scores = [["18", "18", "19"]], {"correctness": [[0.0] * 3]}
    run = write_run(tmp_path, scores, judgements={"correctness": judged}, texts=texts)
    for name in ("scores.jsonl", "completions.jsonl"):
        lines = (run.path / name).read_text().splitlines()
        (run.path / name).write_text("\n".join(lines[::-1]) + "\n")
    answers = read_table(run).answers
    assert answers is not None
    assert answers[0] == answers[1] != answers[2]


def test_no_answers_where_no_reward_points_at_one(run: Run) -> None:
    assert read_table(run).answers is None


@pytest.mark.parametrize(
    ("status", "unanswered"),
    [("no answer", True), ("no answer block", True), ("unclosed", True), ("wrong", False), ("correct", False)],
)
def test_unanswered_by_status(tmp_path: Path, status: str, unanswered: bool) -> None:
    judged = {"correctness": [[Judgement(0.0, status, "")]]}
    table = read_table(write_run(tmp_path, {"correctness": [[0.0]]}, judgements=judged))
    assert table.unanswered("correctness").tolist() == [unanswered]


def test_a_stored_truncated_is_read_as_unclosed(tmp_path: Path) -> None:
    judged = {"correctness": [[Judgement(0.0, "truncated", "<answer> is never closed")]]}
    run = write_run(tmp_path, {"correctness": [[0.0]]}, judgements=judged)
    table = read_table(run)
    assert table.counts("correctness") == {"unclosed": 1}
    assert table.unanswered("correctness").all()
    assert [score.rewards["correctness"].status for score in run.scores()] == ["unclosed"]


@pytest.mark.parametrize(
    ("primary", "metric"),
    [("length", "length"), ("total", "total"), ("rouge", "total")],  # rouge is not in the mix
)
def test_primary_metric(tmp_path: Path, primary: str, metric: str) -> None:
    assert primary_metric(write_run(tmp_path, SCORES, primary=primary)) == metric


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("scores.jsonl", '{"prompt_id": "q0"}', "line 1: not a line of scores: it has no 'sample'"),  # keys are missing
        (
            "scores.jsonl",
            '{"prompt_id": "q9", "sample": 0, "total": 1, "rewards": {}}',
            "line 1: .* it has no",
        ),
        ("scores.jsonl", '{"torn', "line 1: not valid JSON"),
        (
            "completions.jsonl",
            '{"prompt_id": "q0", "sample": 1}',
            "its keys are prompt_id, sample",
        ),
        ("completions.jsonl", '{"question": "foreign"}', "line 1: not a row of a run: its keys are question"),
        ("completions.jsonl", "[1, 2]", "a JSON object is wanted"),
    ],
)
def test_foreign_lines_are_refused(run: Run, name: str, line: str, message: str) -> None:
    lines = (run.path / name).read_text().splitlines()
    (run.path / name).write_text("\n".join([line, *lines[1:]]) + "\n")
    with pytest.raises(ValueError, match=message) as raised:
        read_table(run)
    assert "\n" not in str(raised.value)


def test_a_reward_that_the_mix_does_not_have_is_refused(run: Run) -> None:
    text = (run.path / "scores.jsonl").read_text()
    (run.path / "scores.jsonl").write_text(text.replace('"rewards": {', '"rewards": {"strange": "text", ', 1))
    with pytest.raises(EvaluationError, match="line 1: not a line of scores: its reward 'strange' is not in the mix"):
        read_table(run)


def test_a_score_without_its_completion_is_refused(run: Run) -> None:
    lines = (run.path / "completions.jsonl").read_text().splitlines()
    (run.path / "completions.jsonl").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(EvaluationError, match=r"differ in length.*grpo-eval score"):
        read_table(run)


def test_a_completion_that_is_there_twice_is_refused(run: Run) -> None:
    for name in ("scores.jsonl", "completions.jsonl"):
        text = (run.path / name).read_text()
        (run.path / name).write_text(text + text.splitlines()[1] + "\n")
    with pytest.raises(EvaluationError, match="sample 1 of prompt 'q0' is there twice"):
        read_table(run)


def test_a_sample_below_the_first_is_refused(run: Run) -> None:
    for name in ("scores.jsonl", "completions.jsonl"):
        text = (run.path / name).read_text()
        (run.path / name).write_text(text.replace('"sample": 1', '"sample": -1', 1))
    with pytest.raises(EvaluationError, match=r"line 2: .* is \('q0', -1\)"):
        read_table(run)


@pytest.mark.parametrize("sample", [2, 10**9])
def test_a_sample_beyond_those_drawn_is_refused(run: Run, sample: int) -> None:
    for name in ("scores.jsonl", "completions.jsonl"):
        text = (run.path / name).read_text()
        (run.path / name).write_text(text.replace('"sample": 1', f'"sample": {sample}', 1))
    with pytest.raises(EvaluationError, match=f"a completion has sample {sample}; .* at most 2"):
        read_table(run)


def test_statuses_without_number_are_no_overflow(tmp_path: Path) -> None:
    judged = [[Judgement(0.0, f"status {i}", "")] for i in range(40_000)]
    run = write_run(tmp_path, {"correctness": [[0.0]] * 40_000}, judgements={"correctness": judged})
    assert len(read_table(run).counts("correctness")) == 40_000
