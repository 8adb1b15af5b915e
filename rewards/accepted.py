"""What a row's reference accepts: one answer, or any of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeGuard

_LISTS = ("aliases", "text")
"""The keys of the lists in the mappings in which TriviaQA and SQuAD keep their answers."""


def plain(value: object) -> object:
    """Return what arrays and scalars of numpy hold as lists and numbers; anything else as it is.

    >>> import numpy as np
    >>> plain(np.array(["4", "four"], dtype=object)), plain(np.int64(3)), plain("18")
    (['4', 'four'], 3, '18')
    """
    tolist = getattr(value, "tolist", None)
    return tolist() if callable(tolist) else value


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """Return whether a value is a list or tuple, not a text.

    >>> is_list(["4"]), is_list("4"), is_list(None)
    (True, False, False)
    """
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def accepted(reference: object) -> list[object]:
    """Return the answers that a reference accepts, in order: itself, or those of a list of them, nested or not.

    SQuAD's ``{"text": [...]}`` and TriviaQA's ``{"value": ..., "aliases": [...]}`` are lists too. None accepts nothing.

    >>> accepted("18"), accepted(["4", None, ["four"]]), accepted([]), accepted(None)
    (['18'], ['4', 'four'], [], [])
    >>> accepted({"text": ["Paris", "the city of Paris"], "answer_start": [3, 9]})
    ['Paris', 'the city of Paris']
    """
    if type(reference) is str:
        return [reference]
    answers: list[object] = []
    waiting = [reference]  # not by recursion: a list nested a thousand deep is read too
    while waiting:
        value = plain(waiting.pop())
        if isinstance(value, Mapping) and any(is_list(plain(value.get(key))) for key in _LISTS):
            value = [value[key] for key in ("value", *_LISTS) if key in value]
        if is_list(value):
            waiting.extend(reversed(value))
        elif value is not None:
            answers.append(value)
    return answers
