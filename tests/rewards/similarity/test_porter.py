"""The stemmer equals NLTK's, word by word."""

import json
import random
import re
from pathlib import Path

import pytest
from grpokit.rewards.similarity.porter import stem
from grpokit.tests.rewards.growth import assert_linear
from hypothesis import given, settings
from hypothesis import strategies as st

nltk_stem = pytest.importorskip("nltk.stem", reason="the stemmer that ours equals")
ENDINGS = """
ational tional enci anci izer bli alli entli eli ousli ization ation ator alism iveness fulness ousness aliti
iviti biliti fulli logi icate ative alize iciti ical ful ness al ance ence er ic able ible
ant ement ment ent ion sion tion ou ism ate iti ous ive ize ed ing ies ied
s y ly e ll sses eed at bl iz ating bled izing
"""


@pytest.mark.parametrize(
    ("word", "stemmed"),
    [
        ("caresses", "caress"),  # step 1a
        ("ponies", "poni"),
        ("dies", "die"),  # NLTK: four letters keep ie
        ("feed", "feed"),  # step 1b: m = 0
        ("agreed", "agre"),
        ("hopping", "hop"),  # the doubled letter goes
        ("falling", "fall"),  # but not l
        ("filing", "file"),  # the e comes back
        ("enjoy", "enjoy"),  # NLTK: y stays after a vowel
        ("happy", "happi"),
        ("relational", "relat"),  # steps 2 and 4
        ("geology", "geolog"),  # NLTK: logi with the l in the stem
        ("adoption", "adopt"),  # ion after t
        ("controll", "control"),  # step 5b
        ("skies", "sky"),  # irregular
        ("as", "as"),  # two letters stay
        ("", ""),
    ],
)
def test_steps(word: str, stemmed: str) -> None:
    assert stem(word) == stemmed


def test_equal_to_nltk_on_made_up_words() -> None:
    draw, peer, endings = random.Random(0), nltk_stem.PorterStemmer(), ENDINGS.split()
    for _ in range(20_000):
        word = "".join(draw.choices("aeioubcdtlsyw1", k=draw.randint(0, 5))) + draw.choice(endings)
        assert stem(word) == peer.stem(word), word


@settings(deadline=None)
@given(st.text("aeiouylsteding1", max_size=20))
def test_equal_to_nltk_on_any_letters(word: str) -> None:
    assert stem(word) == nltk_stem.PorterStemmer().stem(word)


def test_equal_to_nltk_on_every_word_of_the_summaries(shared: Path) -> None:
    rows = map(json.loads, (shared / "data/tldr/reddit_tldr.jsonl").open())
    words = {word for row in rows for word in re.findall("[a-z0-9]+", json.dumps(row).lower())}
    peer = nltk_stem.PorterStemmer()
    assert [word for word in words if stem(word) != peer.stem(word)] == []
    assert len(words) > 10_000


@pytest.mark.parametrize("letters", ["y", "ab", "ll", "ational"])
def test_a_word_without_end_is_stemmed_in_linear_time(letters: str) -> None:
    assert_linear(stem, letters)
