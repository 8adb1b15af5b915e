"""Laws that every reward on layout, length and words keeps, whatever the text."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from grpokit.rewards.formats.xml_format import xml_format, xml_format_soft, xml_tag_count
from grpokit.rewards.language.consistency import LanguageConsistency, language_consistency
from grpokit.rewards.lengths.conciseness import Conciseness, conciseness
from grpokit.rewards.reasoning.cot_clarity import CotClarity, cot_clarity
from grpokit.rewards.repeats import repetition
from grpokit.rewards.reward import Reward
from grpokit.tests.rewards.growth import assert_linear
from hypothesis import given, settings
from hypothesis import strategies as st

REWARDS: list[Reward] = [
    xml_format,
    xml_format_soft,
    xml_tag_count,
    repetition,
    cot_clarity,
    CotClarity(target=9),
    language_consistency,
    LanguageConsistency("zh"),
    LanguageConsistency("ru"),
    conciseness,
    Conciseness(budget=50),
]
PIECES = [
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    "16 - 3 = 13",
    "the eggs",
    "我们",
    "$",
    "\\(",
    "`",
    "\n",
    ". ",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=12).map("".join)


@pytest.mark.parametrize("reward", REWARDS, ids=lambda reward: reward.__name__)
@settings(max_examples=40, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=5))
def test_values_are_in_range_and_do_not_depend_on_order(reward: Reward, texts: list[str]) -> None:
    judged = reward.explain(completions=texts)
    values = [one.value for one in judged]
    assert all(value is not None and reward.range.low <= value <= reward.range.high for value in values)
    assert reward(completions=texts[::-1]) == values[::-1]
    for text, one in zip(texts, judged, strict=True):
        assert one.span is None or 0 <= one.span.start <= one.span.end <= len(text)


@pytest.mark.parametrize("reward", REWARDS, ids=lambda reward: reward.__name__)
def test_the_same_in_a_thread_and_after_pickling(reward: Reward) -> None:
    texts = ["<think>16 - 3 = 13 eggs</think><answer>13</answer>", "", "So the eggs. " * 9, "所以还有九个鸡蛋。"]
    values = reward(completions=texts)
    copied = pickle.loads(pickle.dumps(reward))
    assert copied.fingerprint == reward.fingerprint
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: copied(completions=texts)).result() == values


HOSTILE = [
    "<",
    "a ",
    "<think>",
    "</think>",
    "<think ",
    "9",
    "\n",
    "我",
    "a",
    "the, ",
    "$",
    "\\(",
    "`",
    "1=",
    "a. ",
    "\\begin{a}",
]


@pytest.mark.parametrize("reward", REWARDS, ids=lambda reward: reward.__name__)
def test_time_is_linear_on_hostile_text(reward: Reward) -> None:
    for piece in HOSTILE:
        assert_linear(lambda text: reward(completions=[text]), piece)
