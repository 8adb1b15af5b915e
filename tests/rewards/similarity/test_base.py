"""What holds for every reward that compares with a reference: laws, the text compared, missing parts, hostile text."""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from grpokit.rewards import Reward, RewardError, get
from grpokit.rewards.similarity.overlap import edit_similarity, token_overlap
from grpokit.rewards.similarity.rouge import Rouge, rouge, rouge_1, rouge_2, rouge_l
from grpokit.tests.rewards.growth import assert_linear
from hypothesis import given, settings
from hypothesis import strategies as st

REWARDS = [token_overlap, edit_similarity, rouge, rouge_1, rouge_2, rouge_l, Rouge(variant="L", stemmer=True)]
WORDS = ["the", "cat", "cats", "sat", "1.8", "18", "-5", "Paris,", "北京", "是", "naïve", "Москва", "é", "<b>"]

every_reward = pytest.mark.parametrize("reward", REWARDS, ids=lambda reward: reward.__name__)
texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@every_reward
@settings(max_examples=50, deadline=None)
@given(pairs=st.lists(st.tuples(st.one_of(texts, st.text()), st.one_of(texts, st.text())), max_size=5))
def test_in_range_and_independent_of_order(reward: Reward, pairs: list[tuple[str, str]]) -> None:
    def score(rows: list[tuple[str, str]]) -> list[float | None]:
        return reward(completions=[row[0] for row in rows], answer=[row[1] for row in rows])

    values = score(pairs)
    assert all(value is None or 0.0 <= value <= 1.0 for value in values)
    assert score(pairs[::-1]) == values[::-1]


@every_reward
@settings(max_examples=50, deadline=None)
@given(first=texts, second=texts)
def test_symmetric_in_answer_and_reference(reward: Reward, first: str, second: str) -> None:
    if isinstance(reward, Rouge):  # the reference decides which scripts are read
        first, second = (" ".join(w for w in text.split() if w.isascii()) for text in (first, second))
    values = reward(completions=[first, second], answer=[second, first])
    if None not in values and first.strip() and second.strip():
        assert values[0] == pytest.approx(values[1])


@every_reward
@settings(deadline=None)
@given(text=st.lists(st.sampled_from(WORDS[:9]), min_size=2, max_size=12).map(" ".join))
def test_identical_text_earns_exactly_one(reward: Reward, text: str) -> None:
    assert reward(completions=[text], answer=[text]) == [1.0]


@every_reward
@pytest.mark.parametrize(
    ("completion", "reference", "value"),
    [
        ("the red cat sat", "the red cat sat", 1.0),  # as it is
        ("<think>no</think>the red cat sat", "the red cat sat", 1.0),  # reasoning is not compared
        ("pad <answer>the red cat sat</answer> pad", "the red cat sat", 1.0),  # the content of the answer block
        ([{"role": "assistant", "content": "the red cat sat"}], "the red cat sat", 1.0),  # chat messages
        ("the red cat sat", ["zzz", "the red cat sat"], 1.0),  # the best of several references
        ("the red cat sat", ["the red cat sat", None], 1.0),  # missing ones among them drop out
        ("zzz", "wow", 0.0),  # nothing in common
        ("", "the red cat sat", 0.0),  # nothing written
        ("<answer></answer>", "the red cat sat", 0.0),  # an empty answer
        ("<answer> </answer>the red cat sat", "the red cat sat", 0.0),  # the same, with the answer outside
        ("<think>the red cat sat", "the red cat sat", 0.0),  # reasoning that never ends: no answer
        ("the red cat sat", None, None),  # no reference
        ("the red cat sat", "  ", None),  # a blank one
        ("the red cat sat", [], None),  # an empty list
        ("the red cat sat", float("nan"), None),  # a table's missing value
    ],
)
def test_what_is_compared(reward: Reward, completion: object, reference: object, value: float | None) -> None:
    assert reward(completions=[completion], answer=[reference]) == [value]


@every_reward
def test_listing_several_answers_costs(reward: Reward) -> None:
    listed = "".join(f"<answer>the red {animal} sat</answer>" for animal in ("cat", "dog", "hen"))
    one, several = reward(completions=["<answer>the red cat sat</answer>", listed], answer=["the red cat sat"] * 2)
    assert one == 1.0
    assert several is not None
    assert several < 0.7


@every_reward
def test_same_values_pickled_and_in_a_thread(reward: Reward) -> None:
    batch = {"completions": ["the cat sat", "a dog ran"], "answer": ["the cat ran off", "a dog sat"]}
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(pickle.loads(pickle.dumps(reward)), **batch).result() == reward(**batch)


@every_reward
@pytest.mark.parametrize(
    "hostile",
    [
        "a ",  # very many words
        "a",  # one very long word
        "1,000",  # one very long number
        "1,",  # numbers without end
        "-5.",  # signs and points
        ".",  # marks alone
        "京",  # a script read by character
        "y",  # what makes a careless stemmer quadratic
        "<answer>",  # tags without end
        "e\u0301",  # marks to compose
        "A\u0315\u0300",  # marks to put in order
        " ",  # blanks
    ],
)
def test_hostile_text_is_compared_in_linear_time(reward: Reward, hostile: str) -> None:
    reference = "the cat sat on the mat, 1,000 times"
    assert_linear(lambda text: reward(completions=[text], answer=[reference]), hostile)


@every_reward
def test_a_missing_column_is_named(reward: Reward) -> None:
    with pytest.raises(RewardError, match=r"needs a reference column.*columns here: summary"):
        reward(completions=["x"], summary=["x"])


@every_reward
def test_a_reference_that_is_no_text_is_refused(reward: Reward) -> None:
    with pytest.raises(RewardError, match="must be a string or a list of strings; got dict"):
        reward(completions=["x"], answer=[{"text": "x"}])


@every_reward
def test_another_reference_column(reward: Reward) -> None:
    named = get(reward.name, reference_column="summary")
    assert named(completions=["red cats"], answer=["zzz"], summary=["red cats"]) == [1.0]


def test_the_judgement_tells_what_was_compared() -> None:
    text = "<think>x</think> So: <answer>the cat</answer>"
    [judged] = token_overlap.explain(completions=[text], answer=[["a dog", "cats", "cat"]])
    assert judged.status == "compared"
    assert judged.reason == "1.000 against the best of 3 references"
    assert judged.span is not None
    assert text[judged.span.start : judged.span.end] == "the cat"


def test_conformance_cases(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "conformance/rewards.jsonl").open()]
    cases = [row for row in rows if row["reward"].startswith(("token_overlap", "rouge", "edit_similarity"))]
    for case in cases:
        [value] = get(case["reward"])(completions=[case["completion"]], answer=[case["reference"]])
        low, high = _bounds(case["expect"])
        assert low - 1e-6 <= value <= high + 1e-6, case["id"]
    assert len(cases) >= 6


def _bounds(expect: float | dict[str, float]) -> tuple[float, float]:
    return (expect["min"], expect["max"]) if isinstance(expect, dict) else (expect, expect)
