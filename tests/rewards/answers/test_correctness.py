"""The correctness reward as a whole: hard cases, real verdicts, statuses, spans, callers, parameters."""

import json
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest
from grpokit.rewards import RewardError, correctness, get
from grpokit.rewards.answers.correctness import Correctness
from grpokit.tests.rewards.answers.correctness_cases import EXTRACTION, Case
from grpokit.tests.rewards.answers.equality_cases import EQUALITY
from grpokit.tests.rewards.answers.lookalike_cases import LENIENT, LOOKALIKES
from grpokit.tests.rewards.growth import assert_linear

CASES = [*EXTRACTION, *EQUALITY, *LOOKALIKES]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[case.why for case in CASES])
def test_hard_case(case: Case) -> None:
    judged = correctness.explain(completions=[case.completion], answer=[case.reference])[0]
    assert judged.value == case.value, judged.reason


@pytest.mark.parametrize("case", LENIENT, ids=[case.why for case in LENIENT])
def test_lenient_case(case: Case) -> None:
    judged = get("correctness", extraction="lenient").explain(completions=[case.completion], answer=[case.reference])[0]
    assert judged.value == case.value, judged.reason


def test_hostile_cases_execute_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    correctness(completions=[case.completion for case in CASES], answer=[case.reference for case in CASES])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "verdict"), [("gsm8k/solutions_6b.jsonl", "is_correct"), ("math/groups_of_8.jsonl", "correct")]
)
def test_published_verdicts(shared: Path, name: str, verdict: str) -> None:
    data = rows(shared / "data" / name)
    values = correctness(completions=[row["output"] for row in data], answer=[row["gold"] for row in data])
    assert [row["id"] for row, value in zip(data, values, strict=True) if value != float(row[verdict])] == []


@pytest.mark.parametrize("column", ["answer", "solution"])
def test_every_math_reference_equals_itself(shared: Path, column: str) -> None:
    data = rows(shared / "data" / "math" / "math500.jsonl")
    completions = [rf"\boxed{{{row['answer']}}}" for row in data]
    assert set(correctness(completions=completions, answer=[row[column] for row in data])) == {1.0}


def test_another_rows_answer_is_wrong(shared: Path) -> None:
    data = rows(shared / "data" / "math" / "math500.jsonl")
    answers = [row["answer"] for row in data]
    turned = answers[1:] + answers[:1]
    values = correctness(completions=[rf"\boxed{{{answer}}}" for answer in turned], answer=answers)
    equal = [pair for *pair, value in zip(turned, answers, values, strict=True) if value]
    assert [pair for pair in equal if pair[0] != pair[1]] == [["x=5", "5"]]


@pytest.mark.parametrize("name", ["train", "test"])
def test_every_gsm8k_reference_equals_itself(shared: Path, name: str) -> None:
    references = [row["answer"] for row in rows(shared / "data" / "gsm8k" / f"{name}.jsonl")]
    values = correctness(completions=[text.rpartition("####")[2] for text in references], answer=references)
    assert set(values) == {1.0}


STATUSES = [
    ("<answer>18</answer>", "18", 1.0, "correct"),
    ("<answer>17</answer>", "18", 0.0, "wrong"),
    ("I do not know the number.", "18", 0.0, "no answer"),
    ("<answer>17 or 18</answer>", "18", 0.0, "hedged"),
    ("<think>so", "18", 0.0, "unclosed"),
    ("<answer>18", "18", 0.0, "unclosed"),
    ("<answer>18</answer>", " ", None, "unreadable reference"),
    ("<answer>18</answer>", None, None, "no reference"),
]


@pytest.mark.parametrize(("completion", "reference", "value", "status"), STATUSES)
def test_status(completion: str, reference: str | None, value: float | None, status: str) -> None:
    judged = correctness.explain(completions=[completion], answer=[reference])[0]
    assert (judged.value, judged.status) == (value, status)
    assert judged.reason
    assert "\n" not in judged.reason


def test_span_is_the_answer_in_the_text() -> None:
    text = r"<think>17?</think>The answer is \boxed{18}."
    span = correctness.explain(completions=[text], answer=["18"])[0].span
    assert span is not None
    assert text[span.start : span.end] == "18"


def test_field_8_truncation_is_told_from_wrong() -> None:
    """lm-evaluation-harness#3400: cut-off output was silently scored as wrong."""
    judged = correctness.explain(completions=["<think>long", "<answer>17</answer>"], answer=["18", "18"])
    assert [one.status for one in judged] == ["unclosed", "wrong"]


def test_field_7_leading_point_is_no_zero() -> None:
    """vllm-project/tpu-inference#2318: .31 was read as 0.0."""
    assert correctness(completions=["#### .31", "#### .31"], answer=["0.31", "0"]) == [1.0, 0.0]


def test_reference_columns() -> None:
    text = ["<answer>18</answer>"]
    for column in ("answer", "solution", "reference", "ground_truth"):
        assert correctness(completions=text, **{column: ["18"]}) == [1.0]
    assert get("correctness", reference_column="gold")(completions=text, gold=["18"], answer=["17"]) == [1.0]
    with pytest.raises(RewardError, match="needs a reference column 'gold'; columns here: answer"):
        get("correctness", reference_column="gold")(completions=text, answer=["18"])


def test_lenient_extraction() -> None:
    text = ["There were 20, two went, so there are 18 of them."]
    assert correctness(completions=text, answer=["18"]) == [0.0]
    assert get("correctness", extraction="lenient")(completions=text, answer=["18"]) == [1.0]


def test_answer_tag() -> None:
    reward = Correctness(answer_tag="solution")
    assert reward(completions=["<solution>18</solution>"], answer=["18"]) == [1.0]
    assert reward.__name__ == "correctness(answer_tag=solution)"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"extraction": "loose"}, "extraction must be 'strict' or 'lenient'; got 'loose'"),
        ({"answer_tag": "<answer>"}, "answer_tag must be a tag's name"),
        ({"answer_tag": ""}, "answer_tag must be a tag's name"),
        ({"timeout": 0}, "timeout must be seconds above 0"),
        ({"timeout": True}, "timeout must be seconds above 0"),
        ({"timeout": float("nan")}, "timeout must be seconds above 0"),
        ({"timeout": "5"}, "timeout must be seconds above 0"),
    ],
)
def test_bad_parameters_fail_when_built(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(RewardError, match=message):
        Correctness(**parameters)


def test_pickled_and_called_in_a_thread() -> None:
    reward = pickle.loads(pickle.dumps(Correctness(timeout=3.0)))
    values: list[float | None] = []
    call = {"completions": [r"\boxed{(x+1)^2}"], "answer": ["x^2+2x+1"]}
    thread = threading.Thread(target=lambda: values.extend(reward(**call)))
    thread.start()
    thread.join()
    assert values == reward(**call) == [1.0]


def test_counts_are_logged_as_trl_asks() -> None:
    logged: dict[str, float] = {}
    correctness(
        completions=["<answer>1</answer>", r"\boxed{\sqrt{60005} y}"],
        answer=["1", r"y \sqrt{60005}"],
        trainer_state=None,
        log_extra=lambda column, values: None,
        log_metric=logged.__setitem__,
    )
    assert logged == {
        "correctness/exact": 1.0,
        "correctness/cached": 0.0,
        "correctness/verified": 1.0,
        "correctness/failed": 0.0,
        "correctness/complex": 0.0,
    }


HOSTILE = [
    *("<think>", "</think>", "<answer>", "<answer>1</answer>", "</answer>", "</s>", "\n", " ", ". ", "\u3000"),
    *("(", ")", "[(", "{", "}", "\\{", "\\", "$", "^", "_", "*", "|", "=", ":", "-", "$\\$"),
    *("1", "1 ", "1,", "1, ", "1,234", "1/", "1.", "-1", "½", "7:30 ", "x+", "x = ", "1 = ", "x^2", "9^", "3!"),
    *(r"\boxed{", r"\boxed{1} ", r"\boxed ", r"\frac{", r"\frac{1}{2}", r"\sqrt", r"\text{", r"{1\over", r"\approx "),
    *("####", "#### 1\n", "A: 1\n", "answer ", "answer is 1. ", "the answer to ", "Final answer\n", "**", "答案是"),
    *(
        "option A ",
        "(A) ",
        "A. ",
        "A is the ",
        "C is correct. ",
        "choose ",
        "B不是 ",
        "18, not ",
        "18 (as ",
        ", in total",
    ),
    *("one ", "twenty-", "half a ", "minus ", "eggs ", "km/h ", "cm^2 ", "square ", "5 kg 3 g ", "平方", "个", "我们"),
    *("not ", "is ", "or ", "Das Ergebnis ist ", "result: ", "it is wrong ", ". 18 is ", "e", "ab", "\x00", "\ud800"),
]
WRAPPERS = [
    "{}",
    "an answer. {}",
    "<answer>{}</answer>",
    r"\boxed{{{}}}",
    "The answer is {}",
    "#### {}",
    "{} is the answer",
    "A: {}",
]


@pytest.mark.parametrize("extraction", ["strict", "lenient"])
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_hostile_text_is_judged_in_linear_time(wrapper: str, extraction: str) -> None:
    reward = get("correctness", extraction=extraction)
    for piece in HOSTILE:
        assert_linear(lambda text: reward(completions=[text], answer=["18"]), piece, wrapper)
    assert_linear(lambda text: reward(completions=["<answer>18</answer>"], answer=[wrapper.format(text)]), "1, ")
