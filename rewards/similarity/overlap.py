"""Word overlap and edit similarity with a reference."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, TypeVar
from unicodedata import normalize

from .base import Similarity
from .squad import squad_tokens

Item = TypeVar("Item")

EDITED_CHARACTERS = 10_000
"""Edit similarity reads texts to their first so many characters: its time grows with the product of lengths."""


def f_measure(common: int, answer: int, reference: int) -> float:
    """Return the harmonic mean of precision ``common/answer`` and recall ``common/reference``; 0 for none in common.

    >>> f_measure(common=2, answer=4, reference=2), f_measure(common=0, answer=0, reference=5)
    (0.6666666666666666, 0.0)
    """
    return 2 * common / (answer + reference) if common else 0.0


@dataclass(frozen=True, kw_only=True)
class TokenOverlap(Similarity["Counter[str]"]):
    """SQuAD's F1 of tokens with the reference, in [0, 1]: ``2 · common / (answer + reference)``.

    Tokens are those of :func:`~grpokit.rewards.similarity.squad.squad_tokens` (case, punctuation and articles do not
    count, numbers stay whole, Chinese and the like by character) and are compared as multisets: a word
    repeated counts as often as the reference has it. Compared is the content of the one ``<answer>`` block,
    or without one all that follows the reasoning, to its first 100,000 characters. The best of several
    references counts. 0 where nothing is written or the reasoning never closes; None where a row has no
    reference.

    Raises :class:`RewardError` when called without a reference column.

    Source: Rajpurkar et al., "SQuAD", arXiv 1606.05250, section 6.1.

    >>> token_overlap(completions=["The capital is Paris.", "Paris, Paris"], answer=["paris", "paris"])
    [0.5, 0.6666666666666666]
    >>> token_overlap(completions=["costs 18", "Lyon"], answer=[["costs 1.8", "it costs 2"], None])
    [0.5, None]
    """

    name: ClassVar[str] = "token_overlap"

    def features(self, text: str) -> Counter[str]:
        return Counter(squad_tokens(text))

    def compare(self, answer: Counter[str], reference: Counter[str]) -> float:
        return f_measure(common_count(answer, reference), answer.total(), reference.total())


def common_count(first: Counter[Item], second: Counter[Item]) -> int:
    """Return the size of the multisets' intersection."""
    few, many = sorted((first, second), key=len)
    return sum(min(count, many[item]) for item, count in few.items() if item in many)


@dataclass(frozen=True, kw_only=True)
class EditSimilarity(Similarity[str]):
    """Normalised insertion and deletion similarity with the reference, in [0, 1].

    ``2 · LCS / (len(answer) + len(reference))`` over characters, LCS being the longest common subsequence;
    that is ``1 − distance / (len(answer) + len(reference))`` with the distance in insertions and deletions.
    Characters are compared in their composed form (NFC), white space at the ends left out. Which text is
    compared, several references, 0 and None are as in :class:`TokenOverlap`; texts are read to their first
    10,000 characters.

    Raises :class:`RewardError` when called without a reference column.

    Source: the Indel similarity of the rapidfuzz library.

    >>> edit_similarity(completions=["kitten", "sitting", ""], answer=["sitting", "sitting", "sitting"])
    [0.6153846153846154, 1.0, 0.0]
    """

    name: ClassVar[str] = "edit_similarity"

    def features(self, text: str) -> str:
        return normalize("NFC", text.strip()[:EDITED_CHARACTERS])

    def compare(self, answer: str, reference: str) -> float:
        from rapidfuzz.distance import Indel  # heavy at start-up

        return Indel.normalized_similarity(answer, reference)


token_overlap = TokenOverlap()
edit_similarity = EditSimilarity()
