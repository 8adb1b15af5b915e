"""Rewards for the layout `<think>…</think><answer>…</answer>`: strict, soft, and a quarter for each tag.

Strict and soft say yes or no; the count gives partial credit early in training. None looks at what the blocks
say. The names of the two tags are the layout's; a reward alone takes them, and whether the prompt opens the
reasoning block, as parameters.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from ..reward import Batch, Judgement, Reward, Span
from .xml_tags import (
    Block,
    TagCall,
    Tags,
    check_prefilled,
    find_block,
    is_blank,
    lookalikes,
    tag_calls,
    trimmed,
)


@dataclass(frozen=True)
class _TagReward(Reward):
    reads: ClassVar[tuple[str, ...]] = ("reasoning_tag", "answer_tag")

    reasoning_tag: str | None = None
    answer_tag: str | None = None
    think_prefilled: bool | None = None

    def __post_init__(self) -> None:
        self.check_layout()
        check_prefilled(self.name, self.think_prefilled)

    def judge(self, batch: Batch) -> list[Judgement]:
        """Return one judgement per completion, in order."""
        calls = tag_calls(batch, self.layout, self.think_prefilled)
        return [self.judge_one(call) for call in calls]

    @abstractmethod
    def judge_one(self, call: TagCall) -> Judgement:
        """Return the judgement of one completion."""


@dataclass(frozen=True)
class XmlFormat(_TagReward):
    r"""1 where the completion is exactly one reasoning block, then exactly one answer block; else 0.

    Both blocks hold more than white space and invisible characters, and nothing but white space stands before,
    between and after them. No other tag of the two names may stand anywhere, not even quoted, with attributes or
    in capitals.

    ``think_prefilled``: True where the prompt ends inside the reasoning block, so that the completion holds
    only its end; False where it does not; None decides per completion: by a string prompt's end where there is
    one, else a text that closes the block without opening it counts as prefilled. Reasoning that a chat
    message carries apart from its content counts as the reasoning block, whatever the tag's name.

    Range {0, 1}, never None. Statuses: "strict", "missing tag", "stray tag", "wrong order", "text before",
    "text between", "text after", "empty reasoning", "empty answer". The span is the offending place, or the
    answer. Source: the format reward of DeepSeek-R1 (arXiv 2501.12948), without the backtracking pattern.

    >>> xml_format(completions=["<think>9*2</think>\n<answer>18</answer>", "<answer>18</answer>"])
    [1.0, 0.0]
    >>> XmlFormat(reasoning_tag="reasoning")(completions=["<reasoning>9*2</reasoning><answer>18</answer> Bye"])
    [0.0]
    """

    name: ClassVar[str] = "xml_format"

    def judge_one(self, call: TagCall) -> Judgement:
        """Return 1 for the strict layout, else 0 and the first thing that breaks it."""
        text, tags = call.completion.text, call.tags
        fault = _wrong_tags(text, tags) or _wrong_order(text, tags)
        if fault:
            return fault
        reasoning, answer = _blocks(text, tags)
        return _wrong_filling(text, tags, reasoning, answer) or Judgement(
            1.0, "strict", "one reasoning block, then one answer block", trimmed(text, answer.start, answer.end)
        )


def _fault(status: str, reason: str, span: Span | None = None) -> Judgement:
    return Judgement(0.0, status, reason, span)


def _wrong_tags(text: str, tags: Tags) -> Judgement | None:
    wanted = tags.expected[1:] if tags.prefilled else tags.expected
    for tag in wanted:
        if tag not in text:
            return _fault("missing tag", f"there is no {tag}")
    seen: set[str] = set()
    for span in lookalikes(text, tags):
        tag = text[span.start : span.end]
        if tag not in wanted or tag in seen:
            return _fault("stray tag", f"{tag[:40]} is one tag too many", span)
        seen.add(tag)
    return None


def _wrong_order(text: str, tags: Tags) -> Judgement | None:
    wanted = tags.expected[1:] if tags.prefilled else tags.expected
    places = [text.find(tag) for tag in wanted]
    for tag, place, before in zip(wanted[1:], places[1:], places, strict=False):
        if place < before:
            return _fault("wrong order", f"{tag} comes too early", Span(place, place + len(tag)))
    return None


def _blocks(text: str, tags: Tags) -> tuple[Block, Block]:
    opening, closing, answer, end = tags.expected
    start = 0 if tags.prefilled else text.find(opening) + len(opening)
    close = text.find(closing, start)
    first = Block(start, close, close + len(closing))
    begin = text.find(answer, first.after) + len(answer)
    finish = text.find(end, begin)
    return first, Block(begin, finish, finish + len(end))


def _wrong_filling(text: str, tags: Tags, reasoning: Block, answer: Block) -> Judgement | None:
    opening, _, answer_opening, _ = tags.expected
    outside = (
        ("text before", 0, 0 if tags.prefilled else reasoning.start - len(opening)),
        ("text between", reasoning.after, answer.start - len(answer_opening)),
        ("text after", answer.after, len(text)),
    )
    for status, start, end in outside:
        span = trimmed(text, start, end)
        if span.end > span.start:
            return _fault(status, f"{status} the blocks: {span.end - span.start} characters", span)
    for status, block in (("empty reasoning", reasoning), ("empty answer", answer)):
        if is_blank(text[block.start : block.end]):
            return _fault(status, f"the {status.split()[1]} block is empty", Span(block.start, block.end))
    return None


@dataclass(frozen=True)
class XmlFormatSoft(_TagReward):
    r"""1 where a reasoning block is followed by an answer block, with any text around them; else 0.

    Both hold more than white space. Tags are still not spammed: the reasoning tags stand once each, and
    outside the reasoning the answer tags stand once each, behind it. Answer tags quoted inside the reasoning
    are ignored, and an answer that stands only there does not count. Parameters as in :class:`XmlFormat`.

    Range {0, 1}, never None. Statuses: "soft", "no reasoning block", "several reasoning blocks",
    "no answer block", "several answer blocks", "empty reasoning", "empty answer". The span is the answer.

    >>> xml_format_soft(completions=["Hm. <think>9*2</think> So: <answer>18</answer> Bye.", "<think>9*2</think>18"])
    [1.0, 0.0]
    """

    name: ClassVar[str] = "xml_format_soft"

    def judge_one(self, call: TagCall) -> Judgement:
        """Return 1 for one reasoning block and one answer block behind it, else 0 and why."""
        text, tags = call.completion.text, call.tags
        reasoning = _reasoning_block(text, tags)
        if reasoning is None:
            return _fault("no reasoning block", f"no {tags.expected[0]} that is closed")
        return self._judge_answer(text, tags, reasoning)

    def _judge_answer(self, text: str, tags: Tags, reasoning: Block) -> Judgement:
        opening, closing, answer_opening, answer_closing = tags.expected
        if text.count(opening) + tags.prefilled != 1 or text.count(closing) != 1:
            return _fault("several reasoning blocks", f"{opening} and {closing} must stand once each")
        answer = find_block(text, answer_opening, answer_closing, reasoning.after)
        if answer is None:
            return _fault("no answer block", f"no {answer_opening} that is closed follows the reasoning")
        outside = text[: reasoning.start] * (not tags.prefilled) + text[reasoning.after :]
        if outside.count(answer_opening) != 1 or outside.count(answer_closing) != 1:
            return _fault("several answer blocks", f"{answer_opening} and {answer_closing} must stand once each")
        if is_blank(text[reasoning.start : reasoning.end]):
            return _fault("empty reasoning", "the reasoning block is empty", Span(reasoning.start, reasoning.end))
        if is_blank(text[answer.start : answer.end]):
            return _fault("empty answer", "the answer block is empty", Span(answer.start, answer.end))
        span = trimmed(text, answer.start, answer.end)
        return Judgement(1.0, "soft", "a reasoning block, then an answer block", span)


def _reasoning_block(text: str, tags: Tags) -> Block | None:
    opening, closing, _, _ = tags.expected
    if not tags.prefilled:
        return find_block(text, opening, closing, 0)
    end = text.find(closing)
    return None if end < 0 else Block(0, end, end + len(closing))


_QUARTER = 0.25
_TAIL_COST = 0.001
_MAX_TAIL_COST = 0.1


@dataclass(frozen=True)
class XmlTagCount(_TagReward):
    r"""A quarter for each of the four tags that stands exactly once, less for disorder and for text at the end.

    ``max(0, n/4 − order − tail)``: n of the four tags stand exactly once (an opening tag that the prompt
    prefilled counts); order is 1/4 where those that do are not in their right order, so that disorder is never
    full; tail is 0.001 for each character behind a closing answer tag that ends the tags, at most 0.1. Only
    tags are looked at: empty blocks earn too, so pair it with ``xml_format``. Parameters as in
    :class:`XmlFormat`.

    Range [0, 1], never None. Statuses: "all tags", "some tags", "no tags", "wrong order", "text after". The
    span is the text behind the last tag, where that costs. Source: the tag-count rewards in use since
    DeepSeek-R1's replications, which there take a text's whole length off for one missing closing tag.

    >>> xml_tag_count(completions=["<think>9*2</think><answer>18</answer>", "<think>9*2</think>18", "18"])
    [1.0, 0.5, 0.0]
    >>> xml_tag_count(completions=["<think>9*2</think><answer>18</answer>" + "!" * 10_000])
    [0.9]
    """

    name: ClassVar[str] = "xml_tag_count"

    def judge_one(self, call: TagCall) -> Judgement:
        """Return the share of tags that stand once, less what disorder and a tail cost."""
        text, tags = call.completion.text, call.tags
        once = [tag for tag in tags.expected if text.count(tag) == 1]
        places = [text.find(tag) for tag in once]
        prefilled = tags.prefilled and tags.expected[0] not in text
        value = _QUARTER * (len(once) + prefilled)
        if places != sorted(places):
            return Judgement(max(0.0, value - _QUARTER), "wrong order", "the tags are not in their right order")
        tail = _tail(text, tags)
        length = tail.end - tail.start
        if length and value:
            cost = min(_MAX_TAIL_COST, _TAIL_COST * length)
            return Judgement(max(0.0, value - cost), "text after", f"{length} characters behind the last tag", tail)
        status = "all tags" if value == 1 else "some tags" if value else "no tags"
        return Judgement(value, status, f"{len(once) + prefilled} of the 4 tags stand exactly once")


def _tail(text: str, tags: Tags) -> Span:
    after = text.rfind(tags.expected[3]) + len(tags.expected[3])
    if after < len(tags.expected[3]) or any(tag in text[after:] for tag in tags.expected):
        return Span(len(text), len(text))
    return trimmed(text, after, len(text))


xml_format = XmlFormat()
xml_format_soft = XmlFormatSoft()
xml_tag_count = XmlTagCount()
