"""The questions as a page carries them: an index that lists and filters need, and compressed blocks with the texts.

A page opens as fast with 20,000 questions as with 20: it inflates the index when it opens, a block when one of
its questions is shown, and all of them when somebody searches.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from ..evaluate.paired.comparison import Comparison
from ..evaluate.paired.summary import TOTAL
from ..rewards.reward import NO_ANSWER
from .outcomes import outcome
from .samples import Answer, Question

BLOCK = 64
"""Questions in a block."""

WORDS = 80
"""Characters of a question in the list."""

CUT, UNANSWERED, RIGHT, WRONG, MISSING = 1, 2, 4, 8, 16
"""Flags of a model's answers to a question: one was cut, one held no answer, all were right, all were wrong, none has
a value."""

FLAGS = {"cut": CUT, "unanswered": UNANSWERED, "right": RIGHT, "wrong": WRONG, "missing": MISSING}
"""The flags by the names of the page's filters."""


@dataclass(frozen=True)
class Embedded:
    """Base64 of deflated JSON: one text for the index and one for each block of questions.

    ``outcomes`` count by model what became of the completions.
    """

    index: str
    blocks: tuple[str, ...]
    outcomes: Mapping[str, Counter[str]]


def embed(comparison: Comparison, questions: Iterable[Question], opening: str = "") -> Embedded:
    """Return the questions packed; changes of the primary metric are the comparison's.

    ``opening`` are the words with which all questions begin: what each asks in few words comes after them.
    """
    changes = [{change.prompt_id: change.delta for change in pair.changes} for pair in comparison.pairs]
    suspects = [frozenset(pair.suspects) for pair in comparison.pairs]
    rows: list[list[Any]] = []
    blocks: list[str] = []
    outcomes = {model.name: Counter[str]() for model in comparison.models}
    for block in _blocks(questions):
        rows += [_index_row(question, comparison.primary, changes, suspects, opening) for question in block]
        for question in block:
            for counts, answers in zip(outcomes.values(), question.answers, strict=True):
                counts.update(outcome(answer, comparison.primary) for answer in answers)
        blocks.append(pack([_question(question, list(comparison.weights)) for question in block]))
    return Embedded(pack({"block": BLOCK, "flags": FLAGS, "rows": rows}), tuple(blocks), outcomes)


def pack(value: object) -> str:
    """Return ``value`` as base64 of deflated JSON, which is plain ASCII whatever the text holds."""
    return base64.b64encode(zlib.compress(_to_json(value), 6)).decode("ascii")


def _to_json(value: object) -> bytes:
    try:
        return orjson.dumps(value, default=tuple)  # a named tuple is a list
    except TypeError:  # a lone surrogate has no UTF-8; its escaped form reads back the same
        return json.dumps(value).encode("ascii")


def _blocks(questions: Iterable[Question]) -> Iterator[list[Question]]:
    remaining = iter(questions)
    while block := list(islice(remaining, BLOCK)):
        yield block


def _index_row(
    question: Question,
    primary: str,
    changes: Sequence[Mapping[str, float]],
    suspects: Sequence[Collection[str]],
    opening: str,
) -> list[Any]:
    """Return [id, flags per model; per pair: change, whether the texts differ, whether it is a suspect; words]."""
    base, *tuned = question.answers
    texts = [[answer.text for answer in answers] for answers in (base, *tuned)]
    return [
        question.id,
        [_flags(answers, primary) for answers in question.answers],
        [change.get(question.id, 0) for change in changes],
        [int(theirs != texts[0]) for theirs in texts[1:]],
        [int(question.id in ids) for ids in suspects],
        " ".join(question.asked[len(opening) : len(opening) + 2 * WORDS].split())[:WORDS],
    ]


def _flags(answers: Sequence[Answer], primary: str) -> int:
    """Return the flags of a model's answers to a question, as the report counts them: without missing values."""
    judged = [answer.rewards[primary] for answer in answers if primary in answer.rewards]
    given = [answer.total for answer in answers] if primary == TOTAL else [one.value for one in judged]
    values = [value for value in given if value is not None]
    flags = CUT * any(answer.finish_reason == "length" for answer in answers)
    flags |= UNANSWERED * any(one.status in NO_ANSWER for one in judged)
    flags |= RIGHT * (bool(values) and all(value == 1 for value in values))
    flags |= WRONG * (bool(values) and all(value == 0 for value in values))
    return flags | MISSING * (not values)


def _question(question: Question, rewards: Sequence[str]) -> dict[str, Any]:
    return {
        "prompt": question.prompt,
        "reference": question.reference,
        "answers": [[_answer(answer, rewards) for answer in answers] for answers in question.answers],
    }


def _answer(answer: Answer, rewards: Sequence[str]) -> dict[str, Any]:
    judged = [answer.rewards.get(name) for name in rewards]
    return {
        "text": answer.text,
        "finish": answer.finish_reason,
        "tokens": answer.tokens,
        "total": answer.total,
        "rewards": judged,
    }
