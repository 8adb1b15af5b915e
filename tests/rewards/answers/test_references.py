"""Reading references, and the audit of them."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from grpokit.rewards import correctness
from grpokit.rewards.answers.options import Options
from grpokit.rewards.answers.references import NoReference, accepted_answers, check_reference, reference_text

READ = [
    ("72", "72", "as it is"),
    ("48/2 = <<48/2=24>>24\n#### 24", "24", "after the last marker"),
    (r"Thus $\boxed{5}$.", "5", "box"),
    (r"so $\boxed{1}$ or $\boxed{2}$", "1, 2", "both boxes"),
    ("<answer>5</answer>", "5", "tag"),
    ("First.\nThe answer is 5.", "5", "anchor in several lines"),
    (18, "18", "integer"),
    (0.5, "0.5", "float"),
    ("", None, "blank"),
    ("####  ", None, "marker without a value"),
    (float("inf"), None, "infinity"),
    (float("nan"), None, "not a number"),
    (10**400, "1" + "0" * 400, "beyond what a float holds"),
    (-(10**5000), None, "more digits than Python writes"),
    (None, None, "nothing"),
    (["5"], None, "a list"),
    ("{5", None, "unbalanced"),
    *[(text, None, f"a placeholder: {text}") for text in (
        "N/A", "n/a", "NA", "na", "nan", "NaN", "NAN", "null", "NULL", "tbd", "TBD", "???", "--",
    )],
    *[(text, text, f"an answer: {text}") for text in ("Na", "Nan", "Null", r"\text{Na}")],
    (r"\boxed{}", None, "empty box"),
]  # fmt: skip


@pytest.mark.parametrize(("reference", "text", "why"), READ, ids=[why for *_, why in READ])
def test_reference_text(reference: object, text: str | None, why: str) -> None:
    assert reference_text(reference) == text


def test_a_symbol_that_looks_like_a_placeholder_is_judged() -> None:
    given = [r"\boxed{Na}", r"\boxed{K}", r"\boxed{Nan}", r"\boxed{Null}"]
    assert correctness(completions=given, answer=["Na", "Na", "Nan", "Null"]) == [1.0, 0.0, 1.0, 1.0]


CHECKED = [
    ("#### 72", "readable", "marked"),
    ("1,200", "readable", "number"),
    (r"\frac{1}{2}", "readable", "a bare fraction is read whole"),
    (r"\$36", "readable", "currency"),
    (r"\text{east}", "readable", "word"),
    (r"$2\frac{1}{2}$", "readable", "delimited"),
    (r"\boxed{2\frac{1}{2}}", "readable", "boxed"),
    (r"2\frac{1}{2}", "fragmentary", "peers read the fraction only"),
    (r"2\sqrt{3}", "fragmentary", "peers read a number only"),
    ("He sold 5 of them and then 6, which makes 11 in all.", "unmarked", "prose without a mark"),
    ("", "unreadable", "blank"),
    ("1" * 3_000, "not equal to itself", "longer than any answer that is extracted"),
    (["4", "four"], "readable", "a list of accepted answers"),
    (["4", ""], "unreadable", "a list with a blank"),
    ([], "unreadable", "a list of none"),
]


@pytest.mark.parametrize(("reference", "status", "why"), CHECKED, ids=[why for *_, why in CHECKED])
def test_check_reference(reference: object, status: str, why: str) -> None:
    checked = check_reference(reference)
    assert checked.status == status
    assert "\n" not in checked.reason


ACCEPTED: list[tuple[object, tuple[str, ...] | str, str]] = [
    (["4", "four"], ("4", "four"), "a list"),
    (("4", "4"), ("4",), "each once"),
    (["#### 4", r"\boxed{5}"], ("4", "5"), "each is read as a reference"),
    (["4", None, "", float("nan")], ("4",), "what holds no answer drops out"),
    ([["4"], ["four"]], ("4", "four"), "nested"),
    ({"text": ["Paris"], "answer_start": [3]}, ("Paris",), "SQuAD"),
    ({"value": "4", "aliases": ["four"], "type": "Numerical"}, ("4", "four"), "TriviaQA"),
    (np.array(["4", "four"], dtype=object), ("4", "four"), "as pandas reads lists"),
    (np.int64(4), ("4",), "as pandas reads numbers"),
    (None, "no reference", "nothing"),
    ([], "no reference", "an empty list"),
    ([None], "no reference", "a list of nothing"),
    ("", "unreadable reference", "a blank"),
    (["", "N/A"], "unreadable reference", "a list of blanks"),
    ({"value": 5}, "unreadable reference", "an object"),
    (b"5", "unreadable reference", "bytes"),
]


@pytest.mark.parametrize(("reference", "answers", "why"), ACCEPTED, ids=[why for *_, why in ACCEPTED])
def test_accepted_answers(reference: object, answers: tuple[str, ...] | str, why: str) -> None:
    accepted = accepted_answers(reference)
    assert (accepted.status if isinstance(accepted, NoReference) else accepted.answers) == answers
    if isinstance(accepted, NoReference):
        judged = correctness.explain(completions=["<answer>4</answer>"], answer=[reference])[0]
        assert (judged.value, judged.status) == (None, answers)


def test_a_reference_nested_a_thousand_deep() -> None:
    nested: object = "4"
    for _ in range(5_000):
        nested = [nested]
    assert correctness(completions=["<answer>4</answer>"], answer=[nested]) == [1.0]


def test_kramabench_38_a_list_of_accepted_answers() -> None:
    """Every row was "unreadable"; any of the list is right, and what is none of them is wrong, not hedged."""
    given = [
        "<answer>4</answer>",
        "The answer is four.",
        "<answer>5</answer>",
        "<answer>4, 5</answer>",
        "Who knows? Not I.",
    ]
    judged = correctness.explain(completions=given, answer=[["4", "four"]] * 5)
    statuses = ["correct", "correct", "wrong", "hedged", "no answer"]
    assert [one.status for one in judged] == statuses
    assert judged[2].reason == "'5' is not '4', nor another of the 2 accepted answers"
    prose = ["He went home, then.", "He walked home, then."]
    assert correctness(completions=["he walked home, then"], answer=[prose]) == [1.0]  # word for word, as one of them
    lists = correctness.explain(completions=[r"\boxed{5, 6}"] * 2, answer=[["1, 2", "3"], ["3", "1, 2"]])
    assert {one.status for one in lists} == {
        "wrong"
    }  # several answers are no hedge where one of the accepted ones is a list


def test_one_accepted_answer_that_fails_does_not_hide_another() -> None:
    """A comparison that was not settled leaves the row undecided only where none of the others is equal."""
    tower = "9^{9^{9^{x}}}"
    assert correctness(completions=["<answer>7</answer>"], answer=[[tower, "7"]]) == [1.0]


def test_a_label_that_is_none_of_the_choices_is_found_by_the_check() -> None:
    options = Options.read(["red", "blue"])
    assert check_reference("B", options).status == "readable"
    assert check_reference("C", options).status == "no such choice"
    assert check_reference("", options).status == "unreadable"


def test_real_references_are_readable(shared: Path) -> None:
    lines = (shared / "data" / "math" / "math500.jsonl").read_text(encoding="utf-8").splitlines()
    assert Counter(check_reference(json.loads(line)["solution"]).status for line in lines) == {"readable": 500}
