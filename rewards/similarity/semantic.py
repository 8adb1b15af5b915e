"""Similarity in meaning with a reference, by sentence embeddings, and the summary quality that rests on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..parameters import is_number
from ..reward import Batch, Judgement, Reward
from ..text import RewardError
from .base import Pairing, pairings
from .encoder import encoder
from .overlap import TokenOverlap

DEFAULT_MODEL = "all-MiniLM-L6-v2"


@dataclass(frozen=True, kw_only=True)
class SemanticSimilarity(Reward):
    """Cosine of the sentence embeddings of answer and reference, clipped to [0, 1].

    ``model`` is a sentence-transformers model: a hub name or a local folder; ``device`` a torch device such
    as "cpu" or "cuda:0". All texts of a call are encoded together, each distinct text once; references are
    remembered between calls, and a process loads a model once per device. A text past the encoder's window is
    encoded in chunks cut between words (at most 32, the rest is not read), its embedding the mean of the
    chunks' embeddings weighted by their tokens. Values are rounded to 6 digits, below which padding shows.

    Compared is the content of the one ``<answer>`` block, or without one all that follows the reasoning. The
    best of several references counts. 0 where nothing is written or the reasoning never closes; None where a
    row has no reference. The fingerprint holds the model's name, not its weights.

    Raises :class:`RewardError` for an empty ``model`` or ``device`` at construction; when called without a
    reference column, and when the model cannot be loaded.

    Source: Reimers and Gurevych, "Sentence-BERT", arXiv 1908.10084.

    >>> SemanticSimilarity()(completions=["A cat."], answer=[None])
    [None]
    """

    name: ClassVar[str] = "semantic_similarity"
    loads_model: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ("reasoning_tags", "answer_tag")
    model: str = DEFAULT_MODEL
    device: str = "cpu"
    reference_column: str | None = None

    def __post_init__(self) -> None:
        _check_encoder(self.name, self.model, self.device)

    def judge(self, batch: Batch) -> list[Judgement]:
        items = pairings(batch, self.reference_column, self)
        values = iter(self._values([item for item in items if isinstance(item, Pairing)]))
        return [item if isinstance(item, Judgement) else item.judgement(next(values)) for item in items]

    def _values(self, pairs: Sequence[Pairing]) -> list[float]:
        if not pairs:
            return []
        references = dict.fromkeys(reference for pair in pairs for reference in pair.references)
        embedded = encoder(self.model, self.device).embed([pair.text for pair in pairs], references)
        cosines = [[float(embedded[pair.text] @ embedded[text]) for text in pair.references] for pair in pairs]
        return [round(min(1.0, max(0.0, *cosine)), 6) for cosine in cosines]


@dataclass(frozen=True, kw_only=True)
class SummaryQuality(Reward):
    """``overlap_weight · token_overlap + (1 − overlap_weight) · semantic_similarity``, in [0, 1].

    The mixture of summarisation recipes: 0.7 for saying it in the reference's words, 0.3 for its meaning. The
    parts, and what 0 and None mean, are those of :class:`~grpokit.rewards.similarity.overlap.TokenOverlap` and
    :class:`SemanticSimilarity`; of several references each part takes its own best.

    Raises :class:`RewardError` at construction for an ``overlap_weight`` outside [0, 1] or an empty ``model``
    or ``device``; when called without a reference column, and when the model cannot be loaded.

    >>> SummaryQuality()(completions=["A cat.", ""], answer=[None, "A cat."])
    [None, 0.0]
    """

    name: ClassVar[str] = "summary_quality"
    loads_model: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ("reasoning_tags", "answer_tag")
    overlap_weight: float = 0.7
    model: str = DEFAULT_MODEL
    device: str = "cpu"
    reference_column: str | None = None

    def __post_init__(self) -> None:
        if not is_number(self.overlap_weight) or not 0 <= self.overlap_weight <= 1:
            raise RewardError(f"{self.name}: overlap_weight={self.overlap_weight!r}; write a share from 0 to 1.")
        _check_encoder(self.name, self.model, self.device)

    def judge(self, batch: Batch) -> list[Judgement]:
        overlap = TokenOverlap(reference_column=self.reference_column)
        semantic = SemanticSimilarity(model=self.model, device=self.device, reference_column=self.reference_column)
        return [
            self._judge_one(words, meaning)
            for words, meaning in zip(
                overlap.within(self.layout).judge(batch), semantic.within(self.layout).judge(batch), strict=True
            )
        ]

    def _judge_one(self, words: Judgement, meaning: Judgement) -> Judgement:
        if words.value is None or meaning.value is None:
            return words
        value = self.overlap_weight * words.value + (1 - self.overlap_weight) * meaning.value
        reason = f"words {words.value:.3f}, meaning {meaning.value:.3f}" if words.status == "compared" else words.reason
        return words._replace(value=value, reason=reason)


def _check_encoder(reward: str, model: str, device: str) -> None:
    for name, value, example in (("model", model, DEFAULT_MODEL), ("device", device, "cuda:0")):
        if not isinstance(value, str) or not value:
            raise RewardError(f"{reward}: {name}={value!r}; write a name such as {example!r}.")


semantic_similarity = SemanticSimilarity()
summary_quality = SummaryQuality()
