"""SQuAD's token F1 and the edit similarity."""

import re
import string
from collections import Counter

import pytest
from grpokit.rewards.similarity.overlap import edit_similarity, token_overlap
from grpokit.rewards.similarity.squad import squad_tokens
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("completion", "reference", "value"),
    [
        ("The capital is Paris.", "the capital is paris", 1.0),  # case, articles and punctuation do not matter
        ("An answer", "the answer", 1.0),  # one article is as good as another
        ("It costs 1.8", "it costs 18", 2 / 3),  # a number's point counts
        ("1,000", "1000", 1.0),  # thousands separators do not
        ("$5", "5", 1.0),  # nor do currency signs
        ("-5", "5", 0.0),  # a sign does
        ("minus −5", "minus -5", 1.0),  # whichever character writes it
        ("x-5", "x5", 1.0),  # a hyphen is none
        ("2016-17", "2016 17", 1.0),  # nor is the dash of a range
        ("3/4", "34", 0.0),  # a fraction is no integer
        (".5", "0.5", 1.0),  # a leading point
        ("10:30", "1030", 0.0),  # a time
        ("version 1.2.3.", "version 1.2.3", 1.0),  # the sentence's full stop is not the number's
        ("1,2,3", "1 2 3", 1.0),  # a list of numbers, not a thousand
        ("don't", "don’t", 1.0),  # either apostrophe
        ("cafe\u0301", "café", 1.0),  # composed or not
        ("STRASSE", "straße", 1.0),  # full case folding
        ("paris paris paris paris", "paris", 0.4),  # a multiset: repetition costs precision
        ("paris", "paris paris", 2 / 3),  # and the reference's repetitions count
        ("the the the", "the", 0.5),  # nothing but articles: compared as they are
        ("A", "A", 1.0),  # the choice A is an answer
        ("B", "A", 0.0),  # and another choice is none
        ("+", "+", 1.0),  # nothing but marks: compared as they are
        ("+", "-", 0.0),  # so these differ
        ("中国的首都是北京", "北京是中国的首都", 1.0),  # Chinese by character
        ("首都：北京。", "首都 北京", 1.0),  # with its own punctuation
        ("서울은 한국의 수도", "한국의 수도는 서울", 7 / 8),  # Korean by character, so particles cost little
        ("हिन्दी भाषा", "हिन्दी", 2 / 3),  # scripts with vowel signs by word
        ("zebra", "Paris", 0.0),  # disjoint
    ],
)
def test_token_overlap(completion: str, reference: str, value: float) -> None:
    assert token_overlap(completions=[completion], answer=[reference]) == pytest.approx([value])


def test_numbers_as_references() -> None:
    assert token_overlap(completions=["18", "1.8"], answer=[18, 1.8]) == [1.0, 1.0]


def _published_f1(prediction: str, reference: str) -> float:
    """SQuAD's definition, written down from the paper and its evaluation script's steps."""

    def tokens(text: str) -> list[str]:
        bare = "".join(c for c in text.lower() if c not in string.punctuation)
        return re.sub(r"\b(a|an|the)\b", " ", bare).split()

    found, wanted = Counter(tokens(prediction)), Counter(tokens(reference))
    common = (found & wanted).total()
    if not common:
        return 0.0
    precision, recall = common / found.total(), common / wanted.total()
    return 2 * precision * recall / (precision + recall)


WORDS = [
    "The",
    "a",
    "an",
    "capital",
    "it's",
    "(Paris)",
    "state-of-the-art",
    "7",
    "x2",
    "end.",
    '"so"',
    "C++",
    "the",
    "is",
]


@settings(deadline=None)
@given(*(st.lists(st.sampled_from(WORDS), min_size=1).map(lambda words: " ".join([*words, "end"])) for _ in "ab"))
def test_equal_to_squad_where_numbers_have_no_marks(prediction: str, reference: str) -> None:
    [value] = token_overlap(completions=[prediction], answer=[reference])
    assert value == pytest.approx(_published_f1(prediction, reference))


@settings(deadline=None)
@given(st.text())
def test_every_written_text_has_tokens(text: str) -> None:
    assert bool(squad_tokens(text)) == bool(text.split())


@pytest.mark.parametrize(
    ("completion", "reference", "value"),
    [
        ("kitten", "sitting", 8 / 13),  # LCS "ittn": 2 · 4 / 13
        ("  kitten\n", "kitten", 1.0),  # white space at the ends does not count
        ("Kitten", "kitten", 10 / 12),  # case does
        ("abc", "xyz", 0.0),  # nothing in common
        ("北京", "北京市", 0.8),  # characters, not bytes
    ],
)
def test_edit_similarity(completion: str, reference: str, value: float) -> None:
    assert edit_similarity(completions=[completion], answer=[reference]) == pytest.approx([value])
