"""ROUGE equals rouge_score's figures, and reads the scripts that rouge_score drops."""

import json
from pathlib import Path

import pytest
from grpokit.rewards import RewardError
from grpokit.rewards.similarity.rouge import Rouge, Rouge1, rouge_1, rouge_2, rouge_l
from hypothesis import assume, given, settings
from hypothesis import strategies as st

rouge_scorer = pytest.importorskip("rouge_score.rouge_scorer", reason="the figures that ours equal")
VARIANTS = [(variant, stemmer) for variant in ("1", "2", "L") for stemmer in (False, True)]


@pytest.mark.parametrize(("variant", "stemmer"), VARIANTS)
@pytest.mark.parametrize("style", ["few_shot", "instruct"])
def test_equal_to_published_figures(shared: Path, variant: str, stemmer: bool, style: str) -> None:
    rows = [json.loads(line) for line in (shared / "data/tldr/reddit_tldr.jsonl").open()]
    values = Rouge(variant=variant, stemmer=stemmer)(
        completions=[row["outputs"][style] for row in rows], reference=[row["reference"] for row in rows]
    )
    key = f"rouge{variant}" if stemmer else f"rouge{variant}_nostem"
    assert values == pytest.approx([row["rouge_f1"][style][key] for row in rows], abs=1e-6)
    assert len(rows) == 600


WORDS = ["The", "cats", "sat,", "sitting", "relational", "1.8", "naïve", "don't", "(mat)", "running", "-", "é", "ツ"]
texts = st.lists(st.sampled_from(WORDS), max_size=15).map(lambda words: " ".join([*words, "end of text"]))


@pytest.mark.parametrize(("variant", "stemmer"), VARIANTS)
@settings(max_examples=40, deadline=None)
@given(answer=texts, reference=texts)
def test_equal_to_rouge_score(variant: str, stemmer: bool, answer: str, reference: str) -> None:
    key = f"rouge{variant}"
    expected = rouge_scorer.RougeScorer([key], use_stemmer=stemmer).score(reference, answer)[key].fmeasure
    reward = Rouge(variant=variant, stemmer=stemmer)
    assume(reward.features(reference).is_latin)
    assert reward(completions=[answer], reference=[reference]) == pytest.approx([expected])


@pytest.mark.parametrize(
    ("completion", "reference", "one", "two", "longest"),
    [
        ("sat cat the quietly", "the cat sat quietly", 1.0, 0.0, 0.5),  # the same words in another order
        ("the cat the cat", "the cat", 2 / 3, 0.5, 2 / 3),  # a multiset
        ("cat", "cat", 1.0, 0.0, 1.0),  # one word has no pair
        ("1.8", "18", 0.0, 0.0, 0.0),  # rouge_score splits numbers: 1 and 8
        ("!!!", "the cat", 0.0, 0.0, 0.0),  # no word
        ("首都是北京", "北京是首都", 1.0, 0.5, 0.4),  # Chinese by character
        ("Москва столица", "столица Москва", 1.0, 0.0, 0.5),  # other scripts by word
        ("2023", "2023年北京是首都", 1 / 4, 0.0, 1 / 4),  # its digits are not all that counts of a Chinese reference
    ],
)
def test_variants(completion: str, reference: str, one: float, two: float, longest: float) -> None:
    batch = {"completions": [completion], "reference": [reference]}
    assert [r(**batch)[0] for r in (rouge_1, rouge_2, rouge_l)] == pytest.approx([one, two, longest])


def test_stemmer_joins_forms_of_a_word() -> None:
    batch = {"completions": ["cats running"], "reference": ["cat runs"]}
    assert Rouge(variant="1")(**batch) == [0.0]
    assert Rouge(variant="1", stemmer=True)(**batch) == [1.0]


def test_names_tell_the_variant() -> None:
    assert [r.__name__ for r in (rouge_1, rouge_2, rouge_l)] == ["rouge_1", "rouge_2", "rouge_l"]
    assert Rouge(variant="2").__name__ == "rouge(variant=2)"
    assert Rouge1(stemmer=True).__name__ == "rouge_1(stemmer=True)"


@pytest.mark.parametrize("variant", ["3", "l", "", None, 1])
def test_unknown_variants_are_refused(variant: object) -> None:
    with pytest.raises(RewardError, match="write '1', '2' or 'L'"):
        Rouge(variant=variant)


def test_a_stemmer_must_be_a_truth_value() -> None:
    with pytest.raises(RewardError, match="stemmer='false'; write True or False"):
        Rouge(stemmer="false")
