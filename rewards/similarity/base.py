"""What the rewards that compare with a reference share: which text is compared, and the best of several references."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from ..accepted import accepted
from ..layout import Layout
from ..reward import Batch, Judgement, Reward, Span
from ..text import Completion, RewardError

Features = TypeVar("Features")
"""What a text is turned into once before it is compared: its tokens, its n-grams, the text itself."""

MAX_CHARACTERS = 100_000
"""Texts are compared by their first so many characters: some 25,000 tokens, so that no text takes long."""


def answer_span(completion: Completion, tag: str = "answer") -> Span | None:
    """Return where the text to compare stands: inside the one answer block, else all after the reasoning.

    Several blocks are compared as a whole, tags included, so that listing answers costs precision. None when
    the reasoning never closes.

    >>> from grpokit.rewards.text import normalise
    >>> answer_span(normalise("<think>France.</think> So: <answer>Paris</answer>"))
    Span(start=35, end=40)
    >>> answer_span(normalise("<think>France")) is None
    True
    """
    if completion.final is None:
        return None
    start = completion.final_start
    opening, closing = f"<{tag}>", f"</{tag}>"
    opened, closed = completion.final.find(opening) + len(opening), completion.final.find(closing)
    single = completion.final.count(opening) == 1 == completion.final.count(closing)
    if single and opened <= closed:
        return Span(start + opened, start + closed)
    return Span(start, start + len(completion.final))


def reference_texts(value: Any, reward: str) -> list[str]:
    """Return the texts of one row's reference: a string, a number, or a list of them; blank and missing ones drop out.

    >>> reference_texts(["Paris", None, " "], "rouge"), reference_texts(18, "rouge"), reference_texts(None, "rouge")
    (['Paris'], ['18'], [])
    """
    texts = []
    for answer in accepted(value):
        if not isinstance(answer, str | int | float):
            raise RewardError(
                f"{reward}: a reference must be a string or a list of strings; got {type(answer).__name__} "
                f"{answer!r:.60}."
            )
        if str(answer).strip() and answer == answer:  # NaN is how tables say that there is none
            texts.append(str(answer))
    return texts


class Pairing(NamedTuple):
    """A text to compare, where it stands in its completion, and the references it is compared with."""

    text: str
    span: Span
    references: list[str]

    def judgement(self, value: float) -> Judgement:
        """Return the judgement for the similarity with the best of the references."""
        count = len(self.references)
        against = "the reference" if count == 1 else f"the best of {count} references"
        return Judgement(value, "compared", f"{value:.3f} against {against}", self.span)


def pairings(batch: Batch, column: str | None, reward: Reward) -> list[Pairing | Judgement]:
    """Return per completion what is to be compared, or the judgement where nothing is.

    That is None without a reference, and 0 where a reference stands against no answer: nothing written, or a
    reasoning block that never closes.
    """
    references, layout = batch.references(column, reward.name), reward.layout
    return [
        _pair(completion, reference_texts(reference, reward.name), layout)
        for completion, reference in zip(batch.read(layout), references, strict=True)
    ]


def _pair(completion: Completion, references: list[str], layout: Layout) -> Pairing | Judgement:
    if not references:
        return Judgement(None, "no reference", "there is no reference to compare with")
    span = answer_span(completion, layout.answer_tag)
    if span is None:
        return Judgement(0.0, "no answer", "the reasoning never closes, so nothing follows it")
    text = completion.text[span.start : span.end]
    if not text.strip():
        return Judgement(0.0, "empty", "nothing is written", span)
    return Pairing(text, span, references)


@dataclass(frozen=True, kw_only=True)
class Similarity(Reward, Generic[Features]):
    """Base of the rewards in [0, 1] that compare a completion's answer with its reference.

    A subclass says what is read of a text (:meth:`features`) and how two of these compare (:meth:`compare`).
    The best of several references counts; None and 0 are those of :func:`pairings`.
    """

    reads: ClassVar[tuple[str, ...]] = ("reasoning_tags", "answer_tag")

    reference_column: str | None = None

    @abstractmethod
    def features(self, text: str) -> Features:
        """Return what is compared of a text; called once for each distinct text of a batch."""

    @abstractmethod
    def compare(self, answer: Features, reference: Features) -> float:
        """Return the similarity in [0, 1]."""

    def judge(self, batch: Batch) -> list[Judgement]:
        known: dict[str, Features] = {}
        judged: list[Judgement] = []
        for pairing in pairings(batch, self.reference_column, self):
            if isinstance(pairing, Judgement):
                judged.append(pairing)
                continue
            answer = self._known(pairing.text, known)
            best = max(self.compare(answer, self._known(reference, known)) for reference in pairing.references)
            judged.append(pairing.judgement(best))
        return judged

    def _known(self, text: str, known: dict[str, Features]) -> Features:
        if text not in known:
            known[text] = self.features(text[:MAX_CHARACTERS])
        return known[text]
