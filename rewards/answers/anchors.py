"""Answers that words announce: "the answer is 18", a heading "Final answer", a last line "A: 18"."""

from __future__ import annotations

import re
from itertools import islice

from ..reward import Span
from .announcements import COPULA, find_announcements
from .choices import read_choice
from .denials import is_denied
from .equations import is_name
from .normalize import tidy
from .numbers import read_quantity
from .qualifiers import qualifies
from .trailing_words import makes_another

MOST_CANDIDATES = 16
"""Markers of one kind that are looked at, from the end."""

LONGEST_ANSWER = 1_000
"""Characters of a box or a line that can be an answer."""

_LAST_LINE = re.compile(r"\s*\**A\**\s*[:：]\s*(\S.*)")  # "A: 18"
_ANCHOR_WORDS = ("nswer", "NSWER", "答案")
_OPTION = r"\**+ \(? \**+ (?P<{group}> (?-i:[A-J]) ) \**+ \)? \**+"
_CHOICE = re.compile(
    rf"""
    (?<![A-Za-z]) (?:
        (?: choice | option ) (?: \s++ (?:here|then|therefore|to\ (?:choose|pick|select)) )?
        \s++ (?:is|would[ ]be|should[ ]be|must[ ]be) :? \s++ (?: (?:option|choice) \s++ )?
        {_OPTION.format(group="named")}
        (?= \s*+ (?: [.,;:!)(] | \Z | \n | because | since | as\b ) )                  # the best choice is C
      | (?: (?:option|choice) \s++ )? {_OPTION.format(group="praised")}
        (?: [.):]\s [^.\n]{{1,80}}? )?? \s++ (?:is|would[ ]be|must[ ]be) \s++ (?:the \s++ )?
        (?: (?:correct|right|best) (?: \s++ (?:answer|option|choice|one) )? | answer )
        (?= \s*+ (?: [.,;:!] | \Z | \n | because | since | as\b ) )                    # option C is correct
      | (?: choose | chose | pick | picked | select | selected | opt[ ]for | go[ ]with | going[ ]with ) \s++
        (?: (?:option|choice|letter|answer) \s++ )? {_OPTION.format(group="picked")}
        (?= \s*+ (?: [.,;:!] | \Z | \n | because | since ) )                            # I choose D
    )
    | (?: 故选 | 应选 | 應選 | 所以选 | 因此选 | 选择 | 選擇 ) \s* [:：]? \s*
        {_OPTION.format(group="chinese")} (?![A-Za-z])
    | (?: 选项 | 選項 ) \s* {_OPTION.format(group="correct")} \s* 是?  (?: 正确 | 正確 | 对的 )
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Sentences that choose an option without saying "answer is"."""
_CHOICE_WORDS = (
    *("choice", "option", "choose", "chose", "pick", "select", "opt for", "go with", "going with"),
    *("correct", "right", "best", "answer", "选", "選"),
)
"""One of these stands in each of those sentences."""

_PRAISED = re.compile(
    r"(?:\A|(?<=[.!?:])\s++|\n)(?P<value>(?:(?!\.\s)[^\n!?]){1,60}?)\s++is\s+(?:the|our|my)\s+"
    r"(?:(?:final|correct|right)\s+)?answer\b(?!\s+(?:to|of|for)\b)"
)  # 18 is the answer
_ANCHOR = re.compile(
    r"""
    (?: nswers? | NSWERS? | 答案 )
    (?: \s++ (?:to|for|of) \s [^.\n:=]{1,150}?                            # "the answer to 5 + 7 is"
      | \s++ (?:here|then|therefore|thus|choice|key)
    )?
    [\s*]*+
    (?: (?: (?:is|was|are|would[ ]be|should[ ]be|must[ ]be|will[ ]be|equals|comes[ ]to) (?![A-Za-z])
          | 应该是 | 應該是 | 是 | 为 | 為 )
        (?: \s++ (?:therefore|thus|then|simply|just|indeed|found[ ]to[ ]be|equal[ ]to|given[ ]by|approximately|
                    about|that|probably|likely|most[ ]likely|clearly|actually|exactly|definitely|certainly|surely|
                    for[ ]sure) \b )*+
        \s*+ [:：]?
      | [:：=]                                                            # "Answer: 18"
    )
    [\s*]*+
    (?P<value> \S [^\n]*+ )
    """,
    re.VERBOSE,
)
_HEADING = re.compile(r"(?:nswer|NSWER|答案)[:：]?\**+[ \t]*+\n\s*+(?P<value>\S[^\n]*+)")  # "**Final answer**", "18"
_HEADED = ("#", "*", "final", "Final", "FINAL")
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？]")
_ASIDE = re.compile(
    r"""
    ,? \s++ (?:because|since|which|so|as|where|given[ ]that|when) \s     # "18, because …"
    | (?P<words> \s \( (?!or\b) (?=[a-z])                                # "18 (as above)", but not "18 (or 19)"
        | \s - \s (?=[a-z]) )                                             # "18 - that is all"
    """,
    re.VERBOSE,
)
_NO_VALUES = re.compile(
    r"(?:correct|right|wrong|incorrect|below|above|as follows|clear|reasonable|unknown|unclear|here|given|not .*)",
    re.IGNORECASE | re.DOTALL,
)
_SUBJECT = re.compile(
    r"(?P<subject>.*\S\s)(?:is|are|was|were|equals|=|will be|would be|must be)\s+(?P<value>\S.*)", re.DOTALL
)
_CJK_SUBJECT = re.compile(
    r"(?P<subject>.*[\u4e00-\u9fff])(?<!不)(?:是|为|為|等于)\s*(?P<value>[^\u4e00-\u9fff].*)", re.DOTALL
)
_WINDOW = 2_000
"""Characters after an anchor in which its value must begin."""


def find_anchored(text: str) -> Span | None:
    """Return where the value stands that the last line "A: …", or else the last anchor with a value, names.

    >>> find_anchored("So the answer is 18, since 9 times 2 is that.")
    Span(start=17, end=19)
    >>> find_anchored("The answer is clear.") is None
    True
    """
    stripped = text.rstrip()
    if stripped.isdecimal():  # as most answer blocks are
        return None
    line = stripped.rfind("\n") + 1
    last = _LAST_LINE.fullmatch(stripped, line)
    if last:
        return _anchor_value(text, last.start(1), last[1])
    end = len(text)
    for _ in range(MOST_CANDIDATES):
        end = max([text.rfind(word, 0, end) for word in _ANCHOR_WORDS])
        if end < 0:
            return _chosen(text) or _said(text)
        announced = _ANCHOR.match(text, end, end + _WINDOW) or _heading(text, end)
        value = _anchor_value(text, announced.start("value"), announced["value"]) if announced else None
        if value is not None and not is_denied(text, end, value.end):
            return value
    return _chosen(text) or _said(text)


def _heading(text: str, end: int) -> re.Match[str] | None:
    """Return the heading "Answer" of which ``end`` is within the word, with the line below it."""
    before = text[text.rfind("\n", 0, end) + 1 : end - 1].strip()
    return _HEADING.match(text, end, end + _WINDOW) if not before or before.startswith(_HEADED) else None


def _lead_in(sentence: str) -> int:
    """Return how many characters of a sentence lead to its value: "The number of eggs is " before 18."""
    said = _SUBJECT.fullmatch(sentence) or _CJK_SUBJECT.fullmatch(sentence)
    if said is None or qualifies(said["subject"]):
        return 0
    if "=" in sentence[said.end("subject") : said.start("value")]:
        return said.start("value") if is_name(said["subject"]) else 0  # x = 18, but not 2x = 18
    return said.start("value") if _is_value(said["value"]) else 0


def _is_value(text: str) -> bool:
    """Return whether a text is a number or a choice, or looks like an expression."""
    plain = tidy(text)
    return bool(read_quantity(plain) or read_choice(plain)) or text.startswith(("$", "\\", "(")) or "=" in text


def _chosen(text: str) -> Span | None:
    """Return where the last sentence stands that chooses an option."""
    start = max(0, len(text) - _WINDOW)
    tail = text[start:].lower()
    choices = _CHOICE.finditer(text, start) if any(map(tail.__contains__, _CHOICE_WORDS)) else ()
    for choice in reversed([*choices]):
        group = next(filter(choice.group, ("named", "praised", "picked", "chinese", "correct")))
        if not is_denied(text, choice.start(), choice.end()):
            return Span(*choice.span(group))
    return None


def _said(text: str) -> Span | None:
    """Return where the value stands that a word for an answer announces, or a word for a result at the end."""
    for said in islice(find_announcements(text, max(0, len(text) - _WINDOW)), MOST_CANDIDATES):
        value = _anchor_value(text, said.start, said.line)
        if value is None or is_denied(text, said.start, value.end):
            continue
        if not said.is_result or (
            _is_value(text[value.start : value.end]) and not COPULA.sub("", text[value.end :]).strip(" \r\n.!*$。")
        ):
            return value
    praises = _PRAISED.finditer(text, max(0, len(text) - _WINDOW)) if "answer" in text else ()
    for praised in reversed([*praises]):
        if _is_value(praised["value"]) and not is_denied(text, praised.start("value"), praised.end()):
            return Span(*praised.span("value"))
    return None


def _anchor_value(text: str, start: int, line: str) -> Span | None:
    """Return where the value stands that a line begins with: the sentence, or what stands before an aside."""
    if line.removeprefix("-").isdecimal():
        return Span(start, start + len(line))
    line = line[:LONGEST_ANSWER]
    stop = _SENTENCE_END.search(line)
    sentence = (line[: stop.start()] if stop else line).rstrip(" .!")
    aside = _ASIDE.search(sentence)
    if aside and aside["words"] and makes_another(sentence[aside.start() :]):
        aside = None  # "18 (in millions)"
    value = (sentence[: aside.start()] if aside else sentence).rstrip(" ,.;!")
    lead = _lead_in(value)
    start, value = start + lead, value[lead:]
    if not value or _NO_VALUES.fullmatch(value.strip("* ")):
        return None
    return Span(start, start + len(value))
