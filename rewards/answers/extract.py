r"""Where a completion's final answer stands, and what a reference's answer is.

In this order, in the text after the reasoning: the answer tag, the last balanced ``\boxed`` (of boxes within each
other the outermost, which is what a reader sees framed as the answer), ``####``, an anchor
("the answer is", a last line "A: 18"), the whole text when it is nothing but a value; in lenient extraction also the
last expression or number. Candidates are looked at from the end, and only a bounded number of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ..layout import DEFAULT_LAYOUT, Layout
from ..reward import Span
from ..text import Completion
from .anchors import LONGEST_ANSWER, MOST_CANDIDATES, find_anchored
from .boxes import BOX, BRACE, outermost, unframed
from .denials import is_taken_back
from .equality import is_words
from .last_value import find_last_value
from .normalize import tidy
from .numbers import read_quantity
from .trailing_words import end_of_value


class Answer(NamedTuple):
    """The extracted answer, where it stands in the completion's text, and what marked it."""

    text: str
    span: Span
    marker: str

    def moved(self, by: int) -> Answer:
        """Return the answer as it stands in a text that has ``by`` more characters in front."""
        return Answer(self.text, Span(self.span.start + by, self.span.end + by), self.marker) if by else self


class NoAnswer(NamedTuple):
    """Why there is no answer: ``status`` is "no answer" or "unclosed"."""

    status: str
    reason: str


WHOLE_REFERENCE = "whole reference"
"""The marker of a completion that is the reference, word for word."""

Outcome = Answer | NoAnswer | None
"""An answer, or that a marker stands here without one; None when there is no such marker."""

_STRAY_END = re.compile(r"\{([^{}\\\n]{1,200})\\\}(?=[\s.,$]|\Z)")
"""A box whose closing brace is escaped by mistake."""

_JOIN = re.compile(
    r"""
    (?: [\s,;$&*.]++ | \\[()\[\],;:!] | \\q?quad \b )*+                   # "$, $", "**, **", "\), \("
    (?: (?: and | or ) \b
      | \\text \s* \{ \s* (?: (?:for|in) \s+ (?:part|case) \s+ \S{1,6} \s+ )? (?:and|or) \s* \}
    )?
    (?: [\s,;$&*.]++ | \\[()\[\],;:!] | \\q?quad \b )*+
    (?: [A-Za-z] (?: _ (?: \w | \{ \w{1,4} \} ) )? \s* = \s* )?             # "k = " before the next box
    """,
    re.VERBOSE,
)
"""What may stand between the items of one list."""

_FINAL = re.compile(r"[Ff]inal [Aa]nswer")


def extract(completion: Completion, layout: Layout = DEFAULT_LAYOUT) -> Answer | NoAnswer:
    r"""Return the completion's final answer with its place in ``completion.text``, or why there is none.

    >>> from ..text import normalise
    >>> extract(normalise(r"<think>maybe \boxed{17}</think>So \boxed{18}."))
    Answer(text='18', span=Span(start=41, end=43), marker='box')
    >>> extract(normalise("I do not know, perhaps it cannot be told.")).status
    'no answer'
    """
    if completion.final is None:
        return NoAnswer("unclosed", "the reasoning block never closes")
    final = completion.final
    outcome = find_answer_tag(final, layout.answer_tag) or find_marked(final) or _whole(final)
    if outcome is None and layout.extraction == "lenient":
        last = find_last_value(final)
        outcome = last and Answer(final[last.start : last.end], last, "last value")
    if isinstance(outcome, Answer):
        text, place, marker = outcome
        end = end_of_value(text) if len(text) <= LONGEST_ANSWER else len(text)
        if end < len(text):
            outcome = Answer(text[:end], Span(place.start, place.start + end), marker)
        return outcome.moved(completion.final_start) if completion.final_start else outcome
    return outcome or NoAnswer("no answer", "no answer tag, box, #### or 'the answer is', and more than a value")


def whole_reference(completion: Completion, phrases: Sequence[str]) -> Answer | None:
    """Return the whole final text as the answer where it is one of the reference's phrases and nothing else."""
    final = completion.final
    if final is None or not any(_is_phrase(final, phrase) for phrase in phrases):
        return None
    start = len(final) - len(final.lstrip())
    place = Span(start, start + len(final.strip()))
    return Answer(final.strip(), place, WHOLE_REFERENCE).moved(completion.final_start)


def _is_phrase(final: str, phrase: str) -> bool:
    return abs(len(final) - len(phrase)) <= 20 and _spelling(final) == _spelling(phrase)


def _spelling(text: str) -> str:
    return text.strip(" \t\r\n.").casefold()


def find_answer_tag(text: str, tag: str) -> Outcome:
    """Find the last answer block, or the run of adjacent ones; an open block is no answer."""
    if "<" not in text or f"{tag}>" not in text:
        return None
    opening, closing = f"<{tag}>", f"</{tag}>"
    start = text.rfind(opening)
    if start < 0:  # the prompt opened the block: what closes it is an answer when it is nothing but a value
        end = text.find(closing)
        value = end >= 0 and is_value(text[: min(end, LONGEST_ANSWER)])
        return _inside(text, _trimmed(text, 0, end)) if value else None
    end = text.find(closing, start)
    if end < 0:
        return NoAnswer("unclosed", f"{opening} is never closed")
    places = [_trimmed(text, start + len(opening), end)]
    for _ in range(MOST_CANDIDATES):
        before = text.rfind(closing, 0, start)
        if before < 0 or not _joined(text, before + len(closing), start):
            break
        start = text.rfind(opening, 0, before)
        if start < 0:
            break
        places.append(_trimmed(text, start + len(opening), before))
    if len(places) > 1:
        return _together(text, places[::-1], "tag")
    return _inside(text, places[0])


def _inside(text: str, place: Span) -> Outcome:
    content = text[place.start : place.end]
    if not content:
        return NoAnswer("no answer", "the answer block is empty")
    marked = find_marked(content)
    if isinstance(marked, Answer):
        return marked.moved(place.start)
    return marked or Answer(content, place, "tag")


def find_marked(text: str) -> Outcome:
    """Find a box, ``####`` or an anchor."""
    if "\\" in text and BOX in text:
        boxed = find_boxed(text)
        final = _final_after(text, boxed)
        if final is None and isinstance(boxed, Answer) and is_taken_back(text, boxed.span.end):
            return NoAnswer("no answer", r"what follows the last \boxed denies it")
        return final or boxed
    if "#" in text and "####" in text:
        hashed = _hashed(text)
        if hashed is not None:
            return hashed
    place = find_anchored(text)
    return None if place is None else Answer(text[place.start : place.end], place, "anchor")


def _final_after(text: str, boxed: Answer | NoAnswer) -> Answer | None:
    """Return the value that words call the final answer after the last box, which then was that of a step."""
    if not isinstance(boxed, Answer) or text.find("inal ", boxed.span.end) < 0:
        return None
    final = _FINAL.search(text, boxed.span.end)
    place = find_anchored(text[final.start() :]) if final else None
    if final is None or place is None:
        return None
    value = Answer(text[final.start() :][place.start : place.end], place, "anchor").moved(final.start())
    return value if is_value(value.text) else None


def find_boxed(text: str) -> Answer | NoAnswer:
    r"""Find the last balanced ``\boxed``, or the list that it ends."""
    places: list[Span] = []
    start = next_start = len(text)
    for _ in range(MOST_CANDIDATES):
        start = text.rfind(BOX, 0, start)
        if start < 0:
            break
        box = _box_at(text, start)
        if box is None:
            continue
        outer = outermost(text, start, box.after)
        if outer is not None and (around := _box_at(text, outer)):
            start, box = outer, around
        if places and not _joined(text, box.after, next_start):
            break
        places.append(box.inside)
        next_start = start
    if not places:
        return NoAnswer("unclosed", r"the \boxed{ is never closed")
    found = _together(text, places[::-1], "box")
    return found._replace(text=unframed(found.text)) if isinstance(found, Answer) else found


class _Box(NamedTuple):
    inside: Span
    after: int


def _box_at(text: str, start: int) -> _Box | None:
    r"""Return the content of ``\boxed{...}`` or of a brace-less ``\boxed 5``; None when it never closes."""
    at = start + len(BOX)
    while at < len(text) and text[at] in " \t\n":
        at += 1
    if at >= len(text) or text[at] != "{":
        end = at
        while end < len(text) and text[end].isalnum():
            end += 1
        return _Box(Span(at, end), end) if end > at else None
    depth = 0
    for brace in BRACE.finditer(text, at, at + LONGEST_ANSWER + 2):
        sign = brace[0]
        depth += 1 if sign == "{" else -1 if sign == "}" else 0
        if depth == 0:
            return _Box(_trimmed(text, at + 1, brace.start()), brace.end())
    stray = _STRAY_END.match(text, at)  # \boxed{185\}
    return _Box(_trimmed(text, at + 1, stray.end(1)), stray.end()) if stray else None


def _joined(text: str, start: int, end: int) -> bool:
    return end - start < 60 and _JOIN.fullmatch(text, start, end) is not None


def _together(text: str, places: list[Span], marker: str) -> Answer | NoAnswer:
    """Join adjacent boxes or blocks to one list; the same answer twice is one answer."""
    texts = dict.fromkeys([text[start:end] for start, end in places])
    joined = ", ".join(texts)
    if not joined:
        return NoAnswer("no answer", "the box or answer block is empty")
    return Answer(joined, Span(places[0].start, places[-1].end), marker)


def _trimmed(text: str, start: int, end: int) -> Span:
    piece = text[start:end].rstrip()
    return Span(start + len(piece) - len(piece.lstrip()), start + len(piece)) if piece else Span(start, start)


def _hashed(text: str) -> Outcome:
    start = text.rfind("####") + 4
    end = text.find("\n", start)
    place = _trimmed(text, start, len(text) if end < 0 else end)
    content = text[place.start : place.end].lstrip("#")
    if not content.strip():
        return NoAnswer("no answer", "nothing follows ####") if end < 0 else None
    heading = end >= 0 and read_quantity(content) is None and is_words(tidy(content))
    return Answer(content, place, "####") if is_value(content) and not heading else None


def _whole(text: str) -> Outcome:
    stripped = text.strip()
    if not stripped or len(stripped) > LONGEST_ANSWER or not is_value(stripped):
        return None
    start = text.index(stripped)
    return Answer(stripped, Span(start, start + len(stripped)), "whole text")


@lru_cache(maxsize=65_536)
def is_value(text: str) -> bool:
    r"""Return whether a text is nothing but a value: a number, an expression, or at most three words
    without a digit.

    >>> is_value("$18.50"), is_value(r"\frac{\pi}{2}"), is_value("Tuesday"), is_value("So 3 of them are left over.")
    (True, True, True, False)
    """
    if "\n\n" in text:
        return False
    plain = tidy(text)
    if read_quantity(plain) is not None:
        return True
    words = plain.split(" ")
    if not plain or not is_words(plain):
        return bool(plain)
    return len(words) <= 3 and not text.rstrip().endswith("?") and not any(map(str.isdigit, plain))
