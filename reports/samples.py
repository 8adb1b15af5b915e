"""The questions of a comparison with every model's answers, read side by side from the run directories."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, takewhile
from typing import NamedTuple

from ..evaluate.paired.arms import Arm, runs_of
from ..evaluate.runs.lines import parse_row
from ..evaluate.runs.places import ScoredPlaces
from ..evaluate.runs.run import Run, Score, ScoredRow
from ..evaluate.types import EvaluationError, FinishReason, Prompt
from ..files import parse_short
from ..rewards.reward import Judgement
from ..rewards.text import Text, normalise, strip_eos

TOGETHER = 64
"""Questions whose lines are read with a file opened once."""

SHORT = 20
"""So many characters with which all questions begin are shown with each."""


class Answer(NamedTuple):
    """One completion with its judgements; ``total`` is the weighted sum of the values that exist."""

    text: str
    finish_reason: FinishReason | None
    tokens: int | None
    total: float | None
    rewards: Mapping[str, Judgement]


class Question(NamedTuple):
    """One prompt, what its last message asks, and, per model in the order of the models, its answers."""

    id: str
    prompt: str
    asked: str
    reference: str | None
    answers: tuple[tuple[Answer, ...], ...]


class StoredQuestion(NamedTuple):
    """A prompt and, per run, where its answers stand."""

    prompt: Prompt
    answers: tuple[ScoredPlaces, ...]


@dataclass(frozen=True)
class QuestionReader:
    """Reads the questions that every run has answered, side by side; ``sides`` are the runs of each model.

    The answers of an arm are those of its runs, one run after the other.
    """

    sides: tuple[tuple[Run, ...], ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """All runs in order."""
        return tuple(run for side in self.sides for run in side)

    def stored(self, wanted: Collection[str] | None = None) -> Iterator[StoredQuestion]:
        """Yield the questions in the order of the first run's prompts; ``wanted`` limits them to these prompt ids."""
        runs = self.runs
        for prompt in runs[0].asked():
            if wanted is None or prompt.id in wanted:
                answers = tuple(run.places(prompt.id) for run in runs)
                if all(places.rows for places in answers):
                    yield StoredQuestion(prompt, answers)

    def read(self, piece: Sequence[StoredQuestion]) -> Iterator[Question]:
        """Yield questions with their answers; raises what the lines of a run raise where they hold no answer.

        Values are not checked: whoever compares the runs has done that.
        """
        runs = [_answers(run, piece, index) for index, run in enumerate(self.runs)]
        for (prompt, _), answers in zip(piece, zip(*runs, strict=True), strict=True):
            remaining = iter(answers)
            sides = tuple(sum(islice(remaining, len(side)), ()) for side in self.sides)
            yield Question(prompt.id, as_text(prompt.text), asked(prompt.text), _reference(prompt.columns), sides)


def question_reader(sides: Sequence[Run | Arm]) -> QuestionReader:
    """Return the reader of the runs that a comparison was made of."""
    return QuestionReader(tuple(tuple(runs_of([side])) for side in sides))


def read_questions(sides: Sequence[Run | Arm], wanted: Collection[str] | None = None) -> Iterator[Question]:
    """Yield the questions that every run has answered, as :class:`QuestionReader` reads them."""
    reader = question_reader(sides)
    remaining = reader.stored(wanted)
    while piece := list(islice(remaining, TOGETHER)):
        yield from reader.read(piece)


def _reference(columns: Mapping[str, object]) -> str | None:
    reference = columns.get("reference")
    return None if reference is None else str(reference)


def _answers(run: Run, piece: Sequence[StoredQuestion], index: int) -> Iterator[tuple[Answer, ...]]:
    """Yield the answers to each question of a run, the one with this index."""
    places = [stored.answers[index] for stored in piece]
    scores, rows = chain.from_iterable(one.scores for one in places), chain.from_iterable(one.rows for one in places)
    lines = run.scored_rows(ScoredPlaces([*scores], [*rows]))
    for stored, where in zip(piece, places, strict=True):
        samples = islice(lines, sum(stretch.lines for stretch in where.rows))
        yield tuple(_answer(run, stored.prompt.id, line) for line in samples)


def _answer(run: Run, prompt_id: str, line: ScoredRow) -> Answer:
    """Return what two lines hold. A comparison of the runs has checked their values: only those that fail are again."""
    try:
        row, score = parse_row(line.row.text), parse_short(line.score.text)
        if not row["prompt_id"] == score["prompt_id"] == prompt_id or row["sample"] != score["sample"]:
            raise EvaluationError(f"{run.path}: its scores are not those of its completions; score the run again.")
        text = row["text"]
        text = strip_eos(text) if isinstance(text, str) else normalise(text).text
        return Answer(text, row["finish_reason"], row["tokens"], score["total"], Score.from_json(score).rewards)
    except (ValueError, LookupError, TypeError, AttributeError):
        run.read_row(line.row)
        run.read_score(line.score)
        raise


def asked(prompt: Text) -> str:
    """Return what a prompt asks in the end: the text of its last message.

    >>> asked([{"role": "system", "content": "Add."}, {"role": "user", "content": "2+2?"}])
    '2+2?'
    """
    return prompt if isinstance(prompt, str) else normalise([{**prompt[-1], "role": "assistant"}]).text


def shared_opening(texts: Iterable[str]) -> str:
    """Return the words with which all texts begin, such as an instruction; "" where these are few, or all there is.

    >>> shared_opening(["Solve this step by step: 2+2", "Solve this step by step: 23", "Solve this step by step: 2"])
    'Solve this step by step: '
    >>> shared_opening(["What is 2+2?", "What is 3+3?"]), shared_opening(["the same"] * 2)
    ('', '')
    """
    lowest = highest = None
    for text in texts:
        lowest = text if lowest is None else min(lowest, text)
        highest = text if highest is None else max(highest, text)
    if lowest is None or highest is None or lowest == highest:
        return ""
    same = takewhile(lambda two: two[0] == two[1], zip(lowest, highest, strict=False))
    opening = re.sub(r"\S+$", "", "".join(character for character, _ in same))
    return opening if len(opening) > SHORT else ""


def as_text(prompt: Text) -> str:
    """Return a prompt for reading: chat messages become blocks headed by their role."""
    if isinstance(prompt, str):
        return prompt
    texts = [normalise([{**message, "role": "assistant"}]).text for message in prompt]  # it reads an assistant's turn
    return "\n\n".join(f"[{message.get('role', 'user')}]\n{text}" for message, text in zip(prompt, texts, strict=True))
