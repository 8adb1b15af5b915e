"""ROUGE-1, ROUGE-2 and ROUGE-L with a reference, equal to the figures of Google's ``rouge_score``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal, NamedTuple, get_args

from ..text import RewardError
from ..words import words
from .base import Similarity
from .overlap import common_count, f_measure
from .porter import stem

Variant = Literal["1", "2", "L"]

TOKENS_IN_ORDER = 10_000
"""ROUGE-L reads texts to their first so many tokens: its time grows with the product of lengths."""

_LATIN_TOKEN = re.compile(r"[a-z0-9]++")


class Reading(NamedTuple):
    """A text's units (words, or pairs of words): those of ``rouge_score``, and those of every script."""

    latin: Sequence[str]
    every: Sequence[str]

    @property
    def is_latin(self) -> bool:
        """Whether ``rouge_score`` sees at least half of the text."""
        return 2 * len(self.latin) >= len(self.every)


@dataclass(frozen=True)
class Rouge(Similarity[Reading]):
    """ROUGE F-measure with the reference, in [0, 1]: ``2 · common / (answer + reference)``.

    ``variant`` "1" and "2" count the common words or pairs of neighbouring words (as multisets), "L" the
    longest common subsequence of words, the whole text being one sequence (``rouge_score``'s ``rougeL``).
    Words are ``rouge_score``'s: lower-case runs of a-z and 0-9, stemmed with ``stemmer`` when longer than three
    letters; so are the figures. Against a reference that is mostly in another script, which ``rouge_score``
    drops, that script is read too: Chinese and Japanese by character, others by word.

    Compared is the content of the one ``<answer>`` block, or without one all that follows the reasoning, to
    its first 100,000 characters (10,000 tokens for "L"). The best of several references counts. 0 where
    nothing is written or the reasoning never closes; None where a row has no reference.

    Raises :class:`RewardError` at construction for another variant or a stemmer that is no truth value, and when
    called without a reference column.

    Source: Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004.

    >>> rouge_l(completions=["sat cat the quietly"], reference=["the cat sat quietly"])
    [0.5]
    >>> rouge_1(completions=["sat cat the quietly"], reference=["the cat sat quietly"])
    [1.0]
    >>> rouge_1(completions=["北京是首都"], reference=["首都北京"])
    [0.8888888888888888]
    """

    name: ClassVar[str] = "rouge"
    variant: Variant = "L"
    stemmer: bool = False

    def __post_init__(self) -> None:
        if self.variant not in get_args(Variant):
            raise RewardError(f"{self.name}: variant={self.variant!r}; write '1', '2' or 'L'.")
        if not isinstance(self.stemmer, bool):
            raise RewardError(f"{self.name}: stemmer={self.stemmer!r}; write True or False.")

    def features(self, text: str) -> Reading:
        folded = text.lower()
        latin = self._units(_LATIN_TOKEN.findall(folded))
        return Reading(latin, latin if folded.isascii() else self._units(words(text)))

    def _units(self, tokens: list[str]) -> Sequence[str]:
        if self.stemmer:
            tokens = [stem(token) if len(token) > 3 else token for token in tokens]
        if self.variant == "2":
            return list(map(" ".join, pairwise(tokens)))
        return tokens[:TOKENS_IN_ORDER] if self.variant == "L" else tokens

    def compare(self, answer: Reading, reference: Reading) -> float:
        if reference.is_latin:
            return self._f_measure(answer.latin, reference.latin)
        return self._f_measure(answer.every, reference.every)

    def _f_measure(self, answer: Sequence[str], reference: Sequence[str]) -> float:
        if self.variant == "L":
            from rapidfuzz.distance import LCSseq  # heavy at start-up

            common = LCSseq.similarity(answer, reference)
        else:
            common = common_count(Counter(answer), Counter(reference))
        return f_measure(common, len(answer), len(reference))


@dataclass(frozen=True)
class Rouge1(Rouge):
    """ROUGE-1, the F-measure of words: :class:`Rouge` under a name of its own."""

    name: ClassVar[str] = "rouge_1"
    variant: Variant = "1"


@dataclass(frozen=True)
class Rouge2(Rouge):
    """ROUGE-2, the F-measure of pairs of neighbouring words: :class:`Rouge` under a name of its own."""

    name: ClassVar[str] = "rouge_2"
    variant: Variant = "2"


@dataclass(frozen=True)
class RougeL(Rouge):
    """ROUGE-L, the F-measure of the longest common subsequence: :class:`Rouge` under a name of its own."""

    name: ClassVar[str] = "rouge_l"
    variant: Variant = "L"


rouge = Rouge()
rouge_1 = Rouge1()
rouge_2 = Rouge2()
rouge_l = RougeL()
