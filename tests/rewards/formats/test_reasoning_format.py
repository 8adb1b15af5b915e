"""A reasoning block, then anything."""

import pytest
from grpokit.rewards import RewardError, get, reasoning_format
from grpokit.rewards.formats.reasoning_format import ReasoningFormat
from grpokit.rewards.layout import Layout

CASES = [
    ("<think>9*2</think>18", 1.0, "reasoned"),
    (" \n<think>\n9*2\n</think>\n\nIt is **18**.\n<answer>18</answer>", 1.0, "reasoned"),  # any text behind it
    ("9*2</think>18", 1.0, "reasoned"),  # the prompt opened the block
    ("<think>9*2 so 18", 0.0, "missing tag"),  # never closed
    ("It is 18.", 0.0, "missing tag"),
    ("So: <think>9*2</think>18", 0.0, "text before"),
    ("<think>9*2</think>18<think>", 0.0, "stray tag"),
    ("<think><think>9*2</think>18", 0.0, "stray tag"),
    ("<think>9*2</think></think>18", 0.0, "stray tag"),
    ("<think>9*2</think>18<THINK>", 0.0, "stray tag"),  # in capitals
    ("</think>9*2<think>18", 0.0, "wrong order"),
    ("<think> \u200b</think>18", 0.0, "empty reasoning"),
    ("<think>9*2</think> \n", 0.0, "empty answer"),
    ("<think>9*2</think>\u200b", 0.0, "empty answer"),
    ("<think>9*2</think><answer>\u200b</answer>", 0.0, "empty answer"),  # as for xml_format
    ("<think>9*2</think>\n<answer></answer>\n", 0.0, "empty answer"),
    ("<think>9*2</think>So: <answer></answer>", 1.0, "reasoned"),  # words beside an empty block are text
    ("<think>9*2</think><br>", 1.0, "reasoned"),  # another tag may be the answer
    ("", 0.0, "missing tag"),
]


@pytest.mark.parametrize(("text", "value", "status"), CASES)
def test_case(text: str, value: float, status: str) -> None:
    judged = reasoning_format.explain(completions=[text])[0]
    assert (judged.value, judged.status) == (value, status)


def test_the_span_is_the_text_behind_the_block() -> None:
    text = "<think>9*2</think>\n18 \n"
    span = reasoning_format.explain(completions=[text])[0].span
    assert span is not None
    assert text[span.start : span.end] == "18"


def test_tag_prompt_and_messages() -> None:
    assert ReasoningFormat(reasoning_tag="plan")(completions=["<plan>9*2</plan>18", "<think>9*2</think>18"]) == [1, 0]
    assert reasoning_format(prompts=["9*2? <think>\n"], completions=["9*2 = 18</think>18"]) == [1.0]
    assert ReasoningFormat(think_prefilled=False)(completions=["9*2</think>18"]) == [0.0]
    assert get("reasoning_format").within(Layout(answer_tag="result"))(
        completions=["<think>a</think><result>\u200b</result>", "<think>a</think><answer></answer>"]
    ) == [0.0, 1.0]
    message = [{"role": "assistant", "reasoning_content": "9*2", "content": "18"}]
    assert reasoning_format(completions=[message]) == [1.0]


def test_bad_parameters_fail_when_built() -> None:
    with pytest.raises(RewardError, match="think_prefilled='yes'; write True, False, or None"):
        ReasoningFormat(think_prefilled="yes")  # type: ignore[arg-type]  # of the wrong type on purpose
