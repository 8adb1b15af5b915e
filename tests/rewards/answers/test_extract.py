"""Extraction: which answer is found, where, and by which marker."""

import pytest
from grpokit.rewards.answers.boxes import unframed
from grpokit.rewards.answers.extract import Answer, NoAnswer, extract
from grpokit.rewards.layout import Layout
from grpokit.rewards.text import normalise
from grpokit.tests.rewards.growth import assert_linear
from hypothesis import given, settings
from hypothesis import strategies as st

FOUND = [
    ("<answer> 18 </answer>", "18", "tag", "white space is no part of the answer"),
    (r"<answer>\boxed{18}</answer>", "18", "box", "box in the tag"),
    ("<answer>6</answer> or <answer>7</answer>", "6, 7", "tag", "adjacent blocks together"),
    (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}", "box", "nested braces"),
    (r"\boxed{a} then \boxed{b}", "b", "box", "the last box"),
    (r"\boxed{a} and \boxed{b}", "a, b", "box", "joined boxes"),
    (r"\boxed{\boxed{18}}", "18", "box", "a box around a box"),
    (r"\boxed{-\boxed{18}}", "- 18", "box", "the outermost box, without the frame within"),
    (r"\boxed{18} ... \boxed{1", "18", "box", "the last balanced box"),
    (r"\boxed{\{1\}}", r"\{1\}", "box", "escaped braces do not count"),
    ("x\n#### 18\nthanks", "18", "####", "to the end of the line"),
    ("A: 18", "18", "anchor", "last line"),
    ("The answer is 18.", "18", "anchor", "sentence"),
    ("The answer is 3.5. Good.", "3.5", "anchor", "a decimal point ends no sentence"),
    ("The final answer is $x=5$, because it is.", "$x=5$", "anchor", "what comes before the reason"),
    ("18", "18", "whole text", "nothing but a value"),
    ("  $18$\n", "$18$", "whole text", "white space around"),
    (r"So \boxed{C}. It is not true that he lies.", "C", "box", "what is denied is something else"),
]


@pytest.mark.parametrize(("text", "answer", "marker", "why"), FOUND, ids=[why for *_, why in FOUND])
def test_found(text: str, answer: str, marker: str, why: str) -> None:
    found = extract(normalise(text))
    assert isinstance(found, Answer)
    assert (found.text, found.marker) == (answer, marker)


MISSING = [
    ("", "no answer", "empty"),
    ("I do not know the number.", "no answer", "a sentence"),
    ("<answer></answer>", "no answer", "empty block"),
    (r"\boxed{}", "no answer", "empty box"),
    ("####", "no answer", "empty marker"),
    ("<answer>18", "unclosed", "open block"),
    (r"so \boxed{18", "unclosed", "open box"),
    ("<think>18", "unclosed", "open reasoning"),
    ("<think>18</think>", "no answer", "only in the reasoning"),
    ("There are 18 of them, I counted twice.", "no answer", "unmarked number, strict"),
    (r"So \boxed{18}. No, that is wrong.", "no answer", "a box that is taken back"),
]


@pytest.mark.parametrize(("text", "status", "why"), MISSING, ids=[why for *_, why in MISSING])
def test_missing(text: str, status: str, why: str) -> None:
    found = extract(normalise(text))
    assert isinstance(found, NoAnswer)
    assert found.status == status


LENIENT = [
    ("There are 18 of them, I counted twice.", "18"),
    ("First 5, then 7, so 12 in all.", "12"),
    (r"We find $x = \frac{1}{2}$ in the end", r"$x = \frac{1}{2}$"),
    (r"We find \(x\) and then 7.", "7"),
    ("It is -3.", "-3"),
    ("We get 18 in step 3.", "18"),  # a place
    ("It is 18 eggs (see p. 4).", "18"),
    ("As in Figure 3, all of it", "3,"),  # where there is nothing else
    ("He reads on, to page 18.", "18"),  # a page may be what is asked for
]


@pytest.mark.parametrize(("text", "answer"), LENIENT)
def test_lenient_takes_the_last_value(text: str, answer: str) -> None:
    found = extract(normalise(text), Layout(extraction="lenient"))
    assert isinstance(found, Answer)
    assert found.text == answer


def test_lenient_leaves_text_without_values_alone() -> None:
    assert isinstance(extract(normalise("I do not know, sorry about that."), Layout(extraction="lenient")), NoAnswer)


def test_another_tag() -> None:
    assert extract(normalise("<solution>18</solution>"), Layout(answer_tag="solution"))[0] == "18"


def test_answer_before_the_last_300_characters_is_found() -> None:
    text = r"\boxed{18}" + " We check this at length." * 100
    assert extract(normalise(text))[0] == "18"


PIECES = [r"\boxed{", "}", "<answer>", "</answer>", "#### ", "answer is ", "\n", "7", " "]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_span_is_where_the_answer_stands(text: str) -> None:
    completion = normalise("<think>x</think>" + text)
    found = extract(completion, Layout(extraction="lenient"))
    if isinstance(found, Answer) and ", " not in found.text:
        place = completion.text[found.span.start : found.span.end]
        assert found.text in place or (r"\boxed" in place and found.text in unframed(place))
        assert found.span.start >= completion.final_start


HOSTILE = [r"\boxed{", r"\boxed{\boxed{5}", r"\boxed{{{{\boxed 5 ", r"\fbox{", r"\boxed{}", r"\boxed 1",
           "<answer>", "<answer></answer>", "</answer>", "#### ", "answer is ",
           "answer: \n", "A: ", "$", "{", "}", "(", "\\", "1", "1,", "1, ", " ", "\n", "answer to "]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_markers_are_read_in_linear_time(piece: str) -> None:
    assert_linear(lambda text: extract(normalise(text), Layout(extraction="lenient")), piece)


def test_a_hundred_thousand_boxes_in_each_other_are_read_in_linear_time() -> None:
    for opening in (r"\boxed{", r"\boxed{5 \boxed{"):
        assert_linear(lambda text: extract(normalise(text + "5" + "}" * text.count("{"))), opening)
