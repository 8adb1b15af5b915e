"""Multiple choice: how a row writes its options, and what a reference among them accepts."""

from pathlib import Path
from typing import Any

import pytest
from grpokit.rewards import conciseness, correctness, get
from grpokit.rewards.answers.options import Options

from .test_correctness import rows

NAMES = ["Carl", "Eve", "Bob", "Alina"]

WRITTEN: list[tuple[object, tuple[str, ...] | None, tuple[str, ...] | None, str]] = [
    (NAMES, ("A", "B", "C", "D"), tuple(NAMES), "texts"),
    (["A)21", "B)21.5"], ("A", "B"), ("21", "21.5"), "AQuA: labels before the texts"),
    (["A. red", "(B) blue"], ("A", "B"), ("red", "blue"), "two ways to write labels"),
    (["A. red", "C. blue"], ("A", "B"), ("A. red", "C. blue"), "not in order, so no labels"),
    ({"text": ["red", "blue"], "label": ["1", "2"]}, ("1", "2"), ("red", "blue"), "ARC"),
    ({"text": ["red", "blue"], "label": ["1"]}, ("A", "B"), ("red", "blue"), "fewer labels than texts"),
    ({"A": "red", "B": "blue"}, ("A", "B"), ("red", "blue"), "a mapping"),
    ([{"label": "A", "text": "red"}, {"label": "B", "text": "blue"}], ("A", "B"), ("red", "blue"), "objects"),
    ('["red", "blue"]', ("A", "B"), ("red", "blue"), "JSON, as in a cell of a CSV file"),
    ([1, 2.5], ("A", "B"), ("1", "2.5"), "numbers"),
    ("red or blue", None, None, "prose"),
    ("[red", None, None, "no JSON"),
    ("[" * 5_000, None, None, "nested too deep"),
    ({"first": "red", "second": "blue"}, None, None, "keys that are no labels"),
    (["red"], None, None, "one is no choice"),
    ([["red"], ["blue"]], None, None, "lists"),
    ([str(number) for number in range(27)], None, None, "more than there are letters"),
    (None, None, None, "nothing"),
]


@pytest.mark.parametrize(("value", "labels", "texts", "why"), WRITTEN, ids=[why for *_, why in WRITTEN])
def test_options_as_rows_write_them(
    value: object, labels: tuple[str, ...] | None, texts: tuple[str, ...] | None, why: str
) -> None:
    options = Options.read(value)
    assert (options and options.labels, options and options.texts) == (labels, texts)


MEANT: list[tuple[object, object, tuple[str, ...] | None, str]] = [
    (NAMES, "D", ("Alina", "D"), "a letter"),
    (NAMES, "d", ("Alina", "D"), "a small letter"),
    (NAMES, "(D)", ("Alina", "D"), "a letter in brackets"),
    (NAMES, "(D) Alina", ("Alina", "D"), "label and text"),
    (NAMES, "D. Alina", ("Alina", "D"), "label and text, another way"),
    (NAMES, "Option D", ("Alina", "D"), "announced"),
    (NAMES, "alina", ("Alina", "D"), "a text, whatever its case"),
    (NAMES, 3, ("Alina", "D"), "an index from 0"),
    (NAMES, 0, ("Carl", "A"), "the first"),
    (NAMES, "3", ("Alina", "D"), "an index as a table writes it"),
    (NAMES, 4, None, "an index past the end"),
    (NAMES, -1, None, "no index counts from the end"),
    (NAMES, "4", None, "an index past the end, as text"),
    (NAMES, True, None, "no index"),
    ([0, 1], True, None, "no index, though Python takes it for 1"),
    (NAMES, "E", None, "a letter past the end"),
    (NAMES, "(E)", None, "a letter past the end, in brackets"),
    (NAMES, "Frida", ("Frida",), "none of the options stands for itself"),
    (NAMES, "x", ("x",), "a small letter that is no label may be an answer"),
    ([1, 2, 3, 4], 3, ("3", "C"), "an option as the row writes it goes before an index"),
    (["1", "2", "3", "4"], 3, ("4", "D"), "texts: a number is an index"),
    (["1", "2", "3", "4"], "3", ("3", "C"), "an option's text goes before an index"),
    (["1,000", "2,000"], "1000", ("1,000", "A"), "a text by its value"),
    (["B", "A"], "B", ("B",), "a label that is another option's text is not accepted"),
    ({"text": ["2", "1"], "label": ["1", "2"]}, "1", ("2",), "a label that the row gives goes before a text"),
]


@pytest.mark.parametrize(("value", "reference", "answers", "why"), MEANT, ids=[why for *_, why in MEANT])
def test_what_a_reference_accepts(value: object, reference: object, answers: tuple[str, ...] | None, why: str) -> None:
    options = Options.read(value)
    assert options is not None
    assert options.accepts(reference) == answers


JUDGED: list[tuple[str, object, float | None, str, str]] = [
    ("The answer is (D) Alina.", "D", 1.0, "correct", "label and text"),
    ("<answer>Alina</answer>", "D", 1.0, "correct", "text for a letter"),
    ("<answer>D</answer>", "Alina", 1.0, "correct", "letter for a text"),
    ("<answer>D</answer>", 3, 1.0, "correct", "letter for an index"),
    ("<answer>3</answer>", 3, 0.0, "wrong", "an index is read in the reference only"),
    ("<answer>C</answer>", "D", 0.0, "wrong", "another letter"),
    ("<answer>(D) Bob</answer>", "D", 0.0, "hedged", "two chances: the label of one, the text of another"),
    ("<answer>(C) Alina</answer>", "D", 0.0, "hedged", "and the other way round"),
    ("<answer>(D) since he lies</answer>", "D", 1.0, "correct", "a reason is no other option"),
    (r"\boxed{\textbf{(D) }Bob}", "D", 0.0, "hedged", "two chances in LaTeX"),
    (r"\boxed{\textbf{(D) }Bob}", "C", 0.0, "hedged", "and the text's"),
    (r"\boxed{\text{(D)}\ \text{Bob}}", "D", 0.0, "hedged", "in two text commands"),
    (r"\boxed{x = (D) Bob}", "D", 0.0, "hedged", "behind a name"),
    ("<answer>D (Bob)</answer>", "D", 0.0, "hedged", "the text in brackets"),
    ("<answer>Bob (D)</answer>", "D", 0.0, "hedged", "the label in brackets"),
    ("<answer>D - Bob</answer>", "C", 0.0, "hedged", "behind a dash"),
    (r"\boxed{\textbf{(D) }Alina}", "D", 1.0, "correct", "label and text in LaTeX"),
    ("<answer>D (Alina)</answer>", "D", 1.0, "correct", "the text in brackets"),
    ("<answer>Alina (D)</answer>", "Alina", 1.0, "correct", "the label in brackets"),
    ("<answer>D - Alina</answer>", "D", 1.0, "correct", "behind a dash"),
    ("<answer>D = Alina</answer>", "D", 1.0, "correct", "behind an equals sign"),
    ("<answer>D = Bob</answer>", "C", 0.0, "hedged", "the text of another behind an equals sign"),
    ("<answer>Letter D</answer>", "D", 1.0, "correct", "announced as a letter"),
    ("<answer>(D) is incorrect</answer>", "D", 0.0, "wrong", "a label that is denied"),
    ("<answer>D because the others lie</answer>", "D", 1.0, "correct", "a reason behind the label"),
    ("<answer>Alina, who is tall (C)</answer>", "D", 0.0, "hedged", "another label behind more than its text"),
    ("<answer>D (maybe C)</answer>", "D", 0.0, "wrong", "two letters"),
    ("<answer>D</answer>", ["C", "D"], 1.0, "correct", "any of several"),
    ("<answer>D</answer>", "E", None, "no such choice", "a label that none has"),
    ("<answer>D</answer>", ["E", "D"], 1.0, "correct", "one of them is there"),
    ("<answer>D</answer>", "", None, "unreadable reference", "a blank"),
    ("<answer>D</answer>", [], None, "no reference", "an empty list"),
]


@pytest.mark.parametrize("column", ["choices", "options"])
@pytest.mark.parametrize(("text", "reference", "value", "status", "why"), JUDGED, ids=[why for *_, why in JUDGED])
def test_choices_in_correctness(
    text: str, reference: object, value: float | None, status: str, why: str, column: str
) -> None:
    columns: dict[str, Any] = {"answer": [reference], column: [NAMES]}
    judged = correctness.explain(completions=[text], **columns)[0]
    assert (judged.value, judged.status) == (value, status)
    assert "\n" not in judged.reason


def test_options_that_read_alike_are_no_contradiction() -> None:
    """Texts that differ in case only, or one text twice, as published sets have them."""
    for choices in (["BB BB", "BB Bb", "Bb Bb"], ["687", "687", "1,493"]):
        outputs = [f"<answer>({label}) {text}</answer>" for label, text in zip("ABC", choices, strict=True)]
        answers = list(range(len(choices)))
        assert correctness(completions=outputs, answer=answers, choices=[choices] * 3) == [1.0, 1.0, 1.0]


SAME_VALUE: list[tuple[str, float, str]] = [
    ("<answer>0.50</answer>", 0.0, "a value that two options have needs a label"),
    ("<answer>1/2</answer>", 1.0, "or the option's own text"),
    (r"\boxed{ \text{1/2} }", 1.0, "however it is set"),
    ("<answer>(A) 0.50</answer>", 1.0, "with the label"),
    ("<answer>(B) 1/2</answer>", 0.0, "with the other's label"),
    (r"<answer>\sqrt{8}</answer>", 0.0, "another option's text"),
    (r"<answer>\frac{2}{4}</answer>", 0.0, "worked out otherwise"),
]


@pytest.mark.parametrize(("text", "value", "why"), SAME_VALUE, ids=[why for *_, why in SAME_VALUE])
def test_options_of_one_value_are_told_apart_by_label_or_text(text: str, value: float, why: str) -> None:
    choices = ["1/2", "0.5", r"\sqrt{8}", r"2\sqrt{2}"]
    assert correctness(completions=[text], answer=["A"], choices=[choices]) == [value]


def test_a_label_stands_with_any_text_of_its_own() -> None:
    choices = ["[1, 2]", "0.5 x 10^3 m", "A charge, which is positive", "x"]
    outputs = ["<answer>A ([1, 2])</answer>", "<answer>B - 0.5 x 10^3 m</answer>", f"<answer>C. {choices[2]}</answer>"]
    assert correctness(completions=outputs, answer=["A", "B", "C"], choices=[choices] * 3) == [1.0, 1.0, 1.0]
    others = ["<answer>A (0.5 x 10^3 m)</answer>", "<answer>B - [1, 2]</answer>", r"\boxed{C. [1, 2]}"]
    assert correctness(completions=others, answer=["A", "B", "A"], choices=[choices] * 3) == [0.0, 0.0, 0.0]


def test_algebra_tells_options_of_one_value_apart() -> None:
    choices = [r"\sqrt{8}", r"2\sqrt{2}", "3"]
    outputs = [r"\boxed{\sqrt{2}\cdot 2}", r"\boxed{2\sqrt{2}}", r"\boxed{(B)}", r"\boxed{(B) 2\sqrt{2}}"]
    assert correctness(completions=outputs, answer=["B"] * 4, choices=[choices] * 4) == [0.0, 1.0, 1.0, 1.0]


def test_a_letter_is_never_compared_with_a_text_as_algebra() -> None:
    choices = ["(60/6)-12=a", "(60-12)/6=a", "the graph of f at a"]
    given = ["The answer is (A).", "The answer is (B).", "<answer>a</answer>"]
    assert correctness(completions=given, answer=[1] * 3, choices=[choices] * 3) == [0.0, 1.0, 0.0]
    options = Options.read(choices)
    assert options is not None
    assert options.against("(A)", (choices[1], "B")) == ("B",)
    assert options.against("a", (choices[1], "B")) == ("B",)  # a small letter is a label too
    assert options.against("60", (choices[1], "B")) == (choices[1], "B")


def test_published_choices(shared: Path) -> None:
    """MMLU has indices, AQuA letters: each row's own letter and text are right, the next letter is wrong."""
    mmlu, aqua = rows(shared / "data/choice/mmlu_stem.jsonl"), rows(shared / "data/choice/aqua.jsonl")
    cases = [(row["choices"], row["answer"]) for row in mmlu]
    cases += [(row["options"], "ABCDE".index(row["correct"])) for row in aqua]
    wrong = 0
    for choices, place in cases:
        options = Options.read(choices)
        assert options is not None
        right, other = options.labels[place], options.labels[place - 1]
        given = [f"The answer is ({right}).", f"<answer>{options.texts[place]}</answer>", f"The answer is ({other})."]
        values = correctness(completions=given, answer=[place] * 3, choices=[choices] * 3)
        wrong += values != [1.0, 1.0, 0.0]
    assert wrong == 1  # the texts of one question are L, R, 1/C and C, so that its letter C is not told from its text


def test_lists_and_choices_count_in_the_rewards_that_ask_what_is_right() -> None:
    rows: dict[str, Any] = {"answer": [["3", "(D)"], "A"], "choices": [NAMES, NAMES]}
    given = ["The answer is D.", "The answer is D."]
    assert conciseness(completions=given, **rows)[0] != 0.0
    assert conciseness(completions=given, **rows)[1] == 0.0
    schedule = get("cosine_length", max_len=100)
    right, wrong = schedule(completions=given, completion_ids=[[1] * 9] * 2, **rows)
    assert (right or 0.0) > 0 > (wrong or 0.0)
