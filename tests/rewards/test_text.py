"""The normaliser of completions."""

import pytest
from grpokit.rewards import RewardError
from grpokit.rewards.layout import REASONING_TAGS
from grpokit.rewards.text import EOS_MARKERS, Text, normalise
from grpokit.tests.rewards.growth import assert_linear
from hypothesis import given, settings
from hypothesis import strategies as st

TOOL_CALL = {"type": "function", "function": {"name": "mul", "arguments": {"a": 6, "b": 3}}}

FINALS: list[tuple[Text, str | None, str]] = [
    ("18", "18", "plain string"),
    ("", "", "empty string"),
    ("<think>a</think>18", "18", "after the reasoning"),
    ("<think>a</think>b<think>c</think>18", "18", "after the last of two blocks"),
    ("a</think>18", "18", "block opened by the prompt"),
    ("<think>a", None, "never closes"),
    ("<think>a</think>b<think>c", None, "the second never closes"),
    ("a</think>b<think>c", None, "opened by the prompt, then opened again"),
    ("<think>a <think> b</think>18", "18", "an opening tag quoted inside"),
    ("I think that 18", "I think that 18", "the word is no tag"),
    ("18<|im_end|>", "18", "end marker"),
    ("18</s></s> \n<|endoftext|>", "18", "several end markers"),
    ("a </s> b", "a </s> b", "an end marker inside stays"),
    ([], "", "no message"),
    ([{"role": "assistant", "content": "18"}], "18", "one message"),
    ([{"content": "18"}], "18", "a message without a role is the assistant's"),
    ([{"role": "assistant", "content": "17"}, {"role": "user", "content": "?"}, {"role": "assistant", "content": "18"}],
     "18", "last assistant turn"),
    ([{"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]}, {"role": "tool", "content": "18"}],
     "", "a tool's output is no answer"),
    ([{"role": "assistant", "content": [{"type": "text", "text": "1"}, {"type": "image"}, {"text": "8"}]}],
     "18", "text parts are joined, others left out"),
    ([{"role": "assistant", "content": "18", "reasoning_content": "17?"}], "\n18", "reasoning beside the content"),
    ([{"role": "assistant", "content": None, "reasoning": "18"}], "\n", "an answer in the reasoning only"),
    ([{"role": "assistant", "content": "18<|im_end|>"}], "18", "end marker in a message"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "final", "why"), FINALS, ids=[why for *_, why in FINALS])
def test_final_part(raw: Text, final: str | None, why: str) -> None:
    assert normalise(raw).final == final


@pytest.mark.parametrize("tag", REASONING_TAGS)
def test_every_reasoning_tag_splits(tag: str) -> None:
    found = normalise(f"<{tag}>why</{tag}>18")
    assert (found.reasoning, found.final, found.prefilled) == ("why", "18", False)


@pytest.mark.parametrize("marker", EOS_MARKERS)
def test_every_end_marker_goes(marker: str) -> None:
    assert normalise(f"18\n{marker} \n").text == "18\n"


def test_reasoning_content_is_the_reasoning_block() -> None:
    found = normalise([{"role": "assistant", "content": "18", "reasoning_content": "6*3"}])
    assert found.text == "<think>\n6*3\n</think>\n18"
    assert found.reasoning == "\n6*3\n"


def test_prefilled_block_is_seen() -> None:
    assert normalise("why</think>18") == ("why</think>18", "why", "18", 11, True)


@pytest.mark.parametrize(
    "raw", [18, None, 1.5, {"role": "assistant"}, b"18", [18], [{"content": 18}], [{"content": [3]}]]
)
def test_no_text_is_one_clear_line(raw: object) -> None:
    with pytest.raises(RewardError, match="a completion must be a string or a list of messages; got") as error:
        normalise(raw)  # type: ignore[arg-type]  # of the wrong type on purpose
    assert "\n" not in str(error.value)


PIECES = ["<think>", "</think>", "<thought>", "</thought>", "a", " ", "</s>"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_final_is_where_final_start_says(text: str) -> None:
    found = normalise(text)
    if found.final is not None:
        assert found.text[found.final_start :] == found.final
        assert "</think>" not in found.final
        assert "<think>" not in found.final
    assert found.reasoning in found.text


HOSTILE = ["<think>", "</think>", "<think></think>", " </s>", "</s", "<", " ", "[EOS]x", "\n<|im_end|>"]


@pytest.mark.parametrize("piece", HOSTILE)
def test_tags_are_read_in_linear_time(piece: str) -> None:
    assert_linear(normalise, piece)


@pytest.mark.parametrize(
    ("raw", "final"),
    [
        ("6*3, and the answer is 18", None),  # cut inside the block that the prompt opened
        ("", None),
        ("6*3</think>18", "18"),
        ("<think>6*3</think>18", "18"),  # the model opened it once more
        ("6*3</think>18 <think>or", None),
    ],
)
def test_a_prompt_that_opens_the_block(raw: str, final: str | None) -> None:
    assert normalise(raw, prompt="What is 6*3?\n<think>\n").final == final


def test_other_prompts_open_nothing() -> None:
    for prompt in ("What does <think> mean?", [{"role": "user", "content": "<think>"}], None):
        assert normalise("18", prompt=prompt).final == "18"
