"""The questions as a page carries them: an index that lists and filters need, and compressed blocks with the texts.

A page opens as fast with 20,000 questions as with 20: it inflates the index when it opens, a block when one of
its questions is shown, and all of them when somebody searches.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import orjson

from ..evaluate.paired.arms import Arm
from ..evaluate.paired.comparison import Comparison
from ..evaluate.paired.summary import TOTAL
from ..evaluate.runs.run import Run
from ..evaluate.workers import Job, processes, spread
from ..rewards.reward import NO_ANSWER
from .outcomes import outcome
from .samples import Answer, Question, QuestionReader, StoredQuestion, asked, question_reader, shared_opening

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


class Block(NamedTuple):
    """Some questions: their rows of the index without what only the comparison knows, their texts, their outcomes."""

    rows: list[list[Any]]
    texts: str
    outcomes: list[Counter[str]]


@dataclass(frozen=True)
class EmbedJob(Job[list[StoredQuestion], Block]):
    """Packing the questions of a page, whose verdicts are by ``primary``; ``opening`` is what all questions share."""

    reader: QuestionReader
    primary: str
    rewards: tuple[str, ...]
    opening: str

    def done(self, piece: list[StoredQuestion]) -> Block:
        """Return the block of questions; raises what :meth:`QuestionReader.read` raises."""
        questions = list(self.reader.read(piece))
        outcomes = [
            Counter(outcome(answer, self.primary) for question in questions for answer in question.answers[side])
            for side in range(len(self.reader.sides))
        ]
        rows = [_index_row(question, self.primary, self.opening) for question in questions]
        return Block(rows, pack([_question(question, self.rewards) for question in questions]), outcomes)


def embed(comparison: Comparison, sides: Sequence[Run | Arm], workers: int | None = None) -> Embedded:
    """Return the questions of a comparison packed; ``sides`` are the runs that it was made of.

    ``workers`` is the number of processes that pack them; None is one, and for large runs one per processor.
    """
    reader = question_reader(sides)
    opening = shared_opening(asked(prompt.text) for prompt in reader.runs[0].asked())
    job = EmbedJob(reader, comparison.primary, tuple(comparison.weights), opening)
    changes = [{change.prompt_id: change.delta for change in pair.changes} for pair in comparison.pairs]
    suspects = [frozenset(pair.suspects) for pair in comparison.pairs]
    rows: list[list[Any]] = []
    blocks: list[str] = []
    outcomes = {model.name: Counter[str]() for model in comparison.models}
    work = spread(job, _pieces(reader), processes(reader.runs[0].scores_file, workers))
    with closing(work):
        for piece, made in work:
            block = made or job.done(piece)
            for id, *row in block.rows:
                rows.append([id, [one.get(id, 0) for one in changes], [int(id in ids) for ids in suspects], *row])
            blocks.append(block.texts)
            for counts, more in zip(outcomes.values(), block.outcomes, strict=True):
                counts.update(more)
    return Embedded(pack({"block": BLOCK, "flags": FLAGS, "rows": rows}), tuple(blocks), outcomes)


def pack(value: object) -> str:
    """Return ``value`` as base64 of deflated JSON, which is plain ASCII whatever the text holds."""
    return base64.b64encode(zlib.compress(_to_json(value), 6)).decode("ascii")


def _to_json(value: object) -> bytes:
    try:
        return orjson.dumps(value, default=tuple)  # a named tuple is a list
    except TypeError:  # a lone surrogate has no UTF-8; its escaped form reads back the same
        return json.dumps(value).encode("ascii")


def _pieces(reader: QuestionReader) -> Iterator[list[StoredQuestion]]:
    remaining = reader.stored()
    while piece := list(islice(remaining, BLOCK)):
        yield piece


def _index_row(question: Question, primary: str, opening: str) -> list[Any]:
    """Return [id, flags per model, whether the texts of each later model differ from the first's, first words]."""
    base, *tuned = ([answer.text for answer in answers] for answers in question.answers)
    return [
        question.id,
        [_flags(answers, primary) for answers in question.answers],
        [int(theirs != base) for theirs in tuned],
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
