r"""Boxes within boxes: where the outermost begins, and an answer without the frames in it."""

from __future__ import annotations

import re

from .anchors import LONGEST_ANSWER

BOX = "\\boxed"
BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
r"""A brace; an escaped sign goes first, so that ``\{`` is none."""

_BOX_OR_BRACE = re.compile(r"\\?(?P<box>\\boxed)[ \t\n]*+\{|\\.|[{}]", re.DOTALL)  # a doubled backslash is JSON's
_FRAME = re.compile(r"\\?\\(?:boxed|fbox)(?![A-Za-z])\s*+(?P<brace>\{)?|\\.|[{}]", re.DOTALL)


def outermost(text: str, start: int, after: int) -> int | None:
    """Return where the outermost of the boxes begins that hold the one from ``start`` to ``after``, None for none.

    Only boxes of at most :data:`LONGEST_ANSWER` characters are looked for, in one pass.
    """
    first = text.find(BOX, max(0, after - LONGEST_ANSWER - len(BOX)), start)
    if first < 0:
        return None
    opened: list[int | None] = []  # of each open brace, where its box begins
    for sign in _BOX_OR_BRACE.finditer(text, first, start):
        if sign[0] == "}":
            del opened[-1:]
        elif sign["box"] or sign[0] == "{":
            opened.append(sign.start("box") if sign["box"] else None)
    found = None
    for brace in BRACE.finditer(text, after, after + LONGEST_ANSWER):
        if not opened:
            break
        if brace[0] == "{":
            opened.append(None)
        elif brace[0] == "}":
            box = opened.pop()
            found = found if box is None else box
    return found


def unframed(answer: str) -> str:
    r"""Return an answer without the frames within it: ``-\boxed{5}`` is -5.

    >>> unframed(r"\frac{\boxed{5}}{2}"), unframed(r"\boxed{\fbox{5}}, 6")
    ('\\frac{ 5 }{2}', '5  , 6')
    """
    if BOX not in answer and "\\fbox" not in answer:
        return answer
    pieces: list[str] = []
    frames: list[bool] = []  # of each open brace, whether it is a frame's
    end = 0
    for sign in _FRAME.finditer(answer):
        pieces.append(answer[end : sign.start()])
        end = sign.end()
        if sign[0] == "}":
            pieces.append(" " if frames and frames.pop() else "}")
        elif sign[0] == "{" or sign["brace"]:
            frames.append(sign[0] != "{")
            pieces.append(" " if sign["brace"] else "{")
        else:
            pieces.append(" " if sign[0].lstrip("\\").startswith(("boxed", "fbox")) else sign[0])
    return ("".join(pieces) + answer[end:]).strip()
