"""A reward for the layout `<think>…</think>`, then anything: reasoning models that answer in free text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..reward import Batch, Judgement, Reward, Span
from .xml_tags import TagCall, Tags, check_prefilled, is_blank, lookalikes, tag_calls, trimmed


@dataclass(frozen=True)
class ReasoningFormat(Reward):
    r"""1 where the completion is one reasoning block, then a text of any form; else 0.

    Nothing but white space stands before the block, the block and the text behind it hold more than white space and
    invisible characters (and more than the tags of an answer block), and no other tag of its name stands anywhere, not
    even with attributes or in capitals.

    ``think_prefilled``: True where the prompt ends inside the reasoning block, so that the completion holds only its
    end; False where it does not; None decides per completion, as in :class:`~.xml_format.XmlFormat`.

    Range {0, 1}, never None. Statuses: "reasoned", "missing tag", "stray tag", "wrong order", "text before", "empty
    reasoning", "empty answer". The span is the offending place, or the text behind the block. Source: the
    ``think_format_reward`` of TRL, which also pays a block with nothing in it or behind it.

    >>> reasoning_format(completions=["<think>9*2</think>\nIt is 18.", "It is 18.", "<think></think>18"])
    [1.0, 0.0, 0.0]
    """

    name: ClassVar[str] = "reasoning_format"
    reads: ClassVar[tuple[str, ...]] = ("reasoning_tag", "answer_tag")

    reasoning_tag: str | None = None
    think_prefilled: bool | None = None

    def __post_init__(self) -> None:
        self.check_layout()
        check_prefilled(self.name, self.think_prefilled)

    def judge(self, batch: Batch) -> list[Judgement]:
        """Return one judgement per completion, in order."""
        return [_judge_one(call) for call in tag_calls(batch, self.layout, self.think_prefilled)]


def _judge_one(call: TagCall) -> Judgement:
    text, reasoning, prefilled = call.completion.text, call.tags.reasoning, call.tags.prefilled
    opening, closing = f"<{reasoning}>", f"</{reasoning}>"
    wanted = [closing] if prefilled else [opening, closing]
    places = lookalikes(text, Tags(reasoning, reasoning, prefilled))
    tags = [text[place.start : place.end] for place in places]
    for tag in wanted:
        if tag not in tags:
            return Judgement(0.0, "missing tag", f"there is no {tag}")
    if tags == wanted[::-1] != wanted:
        return Judgement(0.0, "wrong order", f"{closing} comes before {opening}", places[0])
    if tags != wanted:
        stray = next((at for at, tag in enumerate(tags) if at >= len(wanted) or tag != wanted[at]), 0)
        return Judgement(0.0, "stray tag", f"{tags[stray][:40]} is one tag too many", places[stray])
    start = 0 if prefilled else places[0].end
    before, end = trimmed(text, 0, 0 if prefilled else places[0].start), places[-1]
    if before.end > before.start:
        return Judgement(0.0, "text before", f"text before the block: {before.end - before.start} characters", before)
    if is_blank(text[start : end.start]):
        return Judgement(0.0, "empty reasoning", "the reasoning block is empty", Span(start, end.start))
    if is_blank(_without_answer_tags(text[end.end :], call.tags.answer)):
        return Judgement(0.0, "empty answer", f"nothing follows {closing}", Span(end.end, len(text)))
    return Judgement(1.0, "reasoned", "one reasoning block, then text", trimmed(text, end.end, len(text)))


def _without_answer_tags(text: str, answer_tag: str) -> str:
    return text.replace(f"<{answer_tag}>", "").replace(f"</{answer_tag}>", "")


reasoning_format = ReasoningFormat()
"""The reward with default parameters."""
