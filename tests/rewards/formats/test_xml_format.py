"""The three layout rewards: what counts as the layout, and every way of nearly having it."""

import pytest
from grpokit.rewards.formats.xml_format import (
    XmlFormat,
    XmlFormatSoft,
    XmlTagCount,
    xml_format,
    xml_format_soft,
    xml_tag_count,
)
from grpokit.rewards.text import RewardError

GOOD = "<think>\n9 * 2\n</think>\n<answer>\n18\n</answer>"

STRICT = [
    # completion, value, status
    (GOOD, 1, "strict"),
    ("<think>9*2</think><answer>18</answer>", 1, "strict"),  # white space between the blocks is not needed
    ("  \n" + GOOD + "\n\n", 1, "strict"),  # white space around is fine
    (GOOD.replace("\n", "\r\n"), 1, "strict"),  # CRLF
    (GOOD + "<|im_end|>", 1, "strict"),  # a left-over end marker is no text
    ("Sure! " + GOOD, 0, "text before"),
    (GOOD + "\nand more", 0, "text after"),  # `$` with MULTILINE would accept this
    (GOOD.replace("</think>\n", "</think> so "), 0, "text between"),
    ("<think>\n</think><answer>18</answer>", 0, "empty reasoning"),
    ("<think>9*2</think><answer> \n</answer>", 0, "empty answer"),
    ("<answer>18</answer><think>9*2</think>", 0, "wrong order"),
    ("<think>9*2<answer>18</answer></think>", 0, "wrong order"),  # the answer only inside the reasoning
    ("<think>9*2</think><answer>18", 0, "missing tag"),  # cut off
    ("<think>9*2<answer>18</answer>", 0, "missing tag"),
    ("<think>9*2</think>18", 0, "missing tag"),
    ("", 0, "missing tag"),
    (GOOD + GOOD, 0, "stray tag"),
    (GOOD + "<answer>17</answer>", 0, "stray tag"),
    ("<think><think>9*2</think></think><answer>18</answer>", 0, "stray tag"),
    ("<think>a</think></think><answer>18</answer>", 0, "stray tag"),
    ("<think>I write <answer> next</think><answer>18</answer>", 0, "stray tag"),  # quoted, and still ambiguous
    ("<think kind='deep'>a</think><answer>18</answer>", 0, "stray tag"),  # attributes: not prefilled either
    ("<THINK>a</think><answer>18</answer>", 0, "stray tag"),
    ("<think>a</think><answer/><answer>18</answer>", 0, "stray tag"),
    ("<think>is guess<answer so far?</think><answer>18</answer>", 1, "strict"),  # a comparison is no tag
]


@pytest.mark.parametrize(("completion", "value", "status"), STRICT)
def test_strict_layout(completion: str, value: float, status: str) -> None:
    judged = xml_format.explain(completions=[completion])[0]
    assert (judged.value, judged.status) == (value, status)


def test_the_span_is_the_answer_or_the_offending_place() -> None:
    right, wrong = xml_format.explain(completions=[GOOD, GOOD + " bye"])
    assert right.span is not None
    assert wrong.span is not None
    assert GOOD[slice(*right.span)] == "18"
    assert (GOOD + " bye")[slice(*wrong.span)] == "bye"


INSIDE = "9 * 2\n</think>\n<answer>18</answer>"


@pytest.mark.parametrize(
    ("prefilled", "prompts", "completion", "value"),
    [
        (None, None, INSIDE, 1),  # the text closes what it never opened
        (True, None, INSIDE, 1),
        (False, None, INSIDE, 0),
        (None, ["Q: 9*2? <think>\n"], INSIDE, 1),  # the prompt ends with the tag
        (None, ["Q: 9*2?"], INSIDE, 0),  # the prompt does not: the model forgot the tag
        (None, [[{"role": "user", "content": "Q"}]], INSIDE, 1),  # chat: the template may have opened it
        (True, None, GOOD, 0),  # opened twice
        (False, None, GOOD, 1),
        (None, ["Q: <think>"], " </think><answer>18</answer>", 0),  # empty reasoning
    ],
)
@pytest.mark.parametrize("reward", [XmlFormat, XmlFormatSoft])
def test_prefilled_think(
    reward: type[XmlFormat], prefilled: bool | None, prompts: list[object] | None, completion: str, value: float
) -> None:
    assert reward(think_prefilled=prefilled)(completions=[completion], prompts=prompts) == [value]


@pytest.mark.parametrize("tag", ["think", "reasoning"])
@pytest.mark.parametrize("reward", [XmlFormat, XmlFormatSoft, XmlTagCount])
def test_separate_reasoning_counts_as_the_block(reward: type[XmlFormat], tag: str) -> None:
    message = [{"role": "assistant", "reasoning_content": "9 * 2", "content": "<answer>18</answer>"}]
    assert reward(reasoning_tag=tag)(completions=[message]) == [1.0]


def test_other_tag_names() -> None:
    reward = XmlFormat(reasoning_tag="reasoning", answer_tag="solution")
    assert reward(completions=["<reasoning>a</reasoning> <solution>18</solution>", GOOD]) == [1.0, 0.0]


SOFT = [
    (GOOD, 1, "soft"),
    ("Hm. <think>a</think> So: <answer>18</answer> Bye.", 1, "soft"),
    ("<think>I write <answer> next</think><answer>18</answer>", 1, "soft"),  # quoted inside the reasoning
    ("<think>a</think>18", 0, "no answer block"),
    ("<think>the answer is <answer>18</answer></think>", 0, "no answer block"),  # inside the reasoning only
    ("<answer>18</answer><think>a</think>", 0, "no answer block"),
    ("<answer>18</answer>", 0, "no reasoning block"),
    ("<think>a", 0, "no reasoning block"),
    ("<think> </think><answer>18</answer>", 0, "empty reasoning"),
    ("<think>a</think><answer></answer>", 0, "empty answer"),
    ("<think>a</think><answer>17</answer><answer>18</answer>", 0, "several answer blocks"),
    ("<answer>17</answer><think>a</think><answer>18</answer>", 0, "several answer blocks"),
    ("<think>" * 9 + "a</think><answer>18</answer>", 0, "several reasoning blocks"),
    (GOOD + GOOD, 0, "several reasoning blocks"),
]


@pytest.mark.parametrize(("completion", "value", "status"), SOFT)
def test_soft_layout(completion: str, value: float, status: str) -> None:
    judged = xml_format_soft.explain(completions=[completion])[0]
    assert (judged.value, judged.status) == (value, status)


COUNTS = [
    (GOOD, 1.0),
    ("</think><answer>18</answer>", 1.0),  # prefilled
    ("<think>a</think><answer>18", 0.75),
    ("<think>a</think>", 0.5),
    ("18", 0.0),
    (GOOD + GOOD, 0.0),  # every tag twice
    ("<answer>18</answer><think>a</think>", 0.75),  # wrong order
    ("</answer><answer>", 0.25),
    (GOOD + "x" * 20, 0.98),
    (GOOD + "x" * 100_000, 0.9),  # bounded
    ("<think>a" * 2 + "</answer>" + "x" * 1000, 0.15),
]


@pytest.mark.parametrize(("completion", "value"), COUNTS)
def test_tag_count(completion: str, value: float) -> None:
    assert xml_tag_count(completions=[completion]) == [pytest.approx(value)]


@pytest.mark.parametrize(
    ("parameters", "repair"),
    [
        ({"reasoning_tag": "<think>"}, "bare name"),
        ({"answer_tag": ""}, "bare name"),
        ({"reasoning_tag": "answer"}, "different names"),
        ({"think_prefilled": "yes"}, "write True, False, or None"),
    ],
)
@pytest.mark.parametrize("reward", [XmlFormat, XmlFormatSoft, XmlTagCount])
def test_parameters_are_checked(reward: type[XmlFormat], parameters: dict[str, object], repair: str) -> None:
    with pytest.raises(RewardError, match=repair):
        reward(**parameters)  # type: ignore[arg-type]  # of the wrong type on purpose
