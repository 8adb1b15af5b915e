"""The questions of a comparison with every model's answers, read side by side from the run directories."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import NamedTuple

from ..evaluate.paired.arms import Arm, runs_of
from ..evaluate.runs.lines import line_id
from ..evaluate.runs.run import Run, Score, ScoredRow
from ..evaluate.types import EvaluationError, FinishReason, Prompt, Row
from ..rewards.reward import Judgement
from ..rewards.text import Text, normalise, strip_eos

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
    """A prompt and, per run, the lines of its answers, which have not been looked into."""

    prompt: Prompt
    answers: tuple[tuple[ScoredRow, ...], ...]


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
        answered = [_Answered(run, wanted) for run in self.runs]
        for prompt in self.runs[0].asked():
            if wanted is None or prompt.id in wanted:
                answers = tuple(run.take(prompt.id) for run in answered)
                if all(answers):
                    yield StoredQuestion(prompt, answers)

    def read(self, stored: StoredQuestion) -> Question:
        """Return a question with its answers; raises what the lines of a run raise."""
        prompt, runs = stored.prompt, zip(self.runs, stored.answers, strict=True)
        answers = iter([tuple(_answer(run, line) for line in lines) for run, lines in runs])
        sides = tuple(sum((next(answers) for _ in side), ()) for side in self.sides)
        return Question(prompt.id, as_text(prompt.text), asked(prompt.text), _reference(prompt.columns), sides)


def question_reader(sides: Sequence[Run | Arm]) -> QuestionReader:
    """Return the reader of the runs that a comparison was made of."""
    return QuestionReader(tuple(tuple(runs_of([side])) for side in sides))


def read_questions(sides: Sequence[Run | Arm], wanted: Collection[str] | None = None) -> Iterator[Question]:
    """Yield the questions that every run has answered, as :class:`QuestionReader` reads them."""
    reader = question_reader(sides)
    return map(reader.read, reader.stored(wanted))


def _reference(columns: Mapping[str, object]) -> str | None:
    reference = columns.get("reference")
    return None if reference is None else str(reference)


class _Answered:
    """The answers of one run by prompt, read as far as they are asked for.

    Runs that were made in one order are read side by side, a question at a time. Where the orders differ, what
    one run is ahead of the others waits in memory, of the ``wanted`` prompts alone where these are given.
    """

    def __init__(self, run: Run, wanted: Collection[str] | None) -> None:
        # the completions of a prompt stand together in a run
        path = run.path / "completions.jsonl"
        grouped = groupby(run.scored_rows(), key=lambda line: line_id(path, line.row))
        self._remaining = grouped if wanted is None else (group for group in grouped if group[0] in wanted)
        self._waiting: dict[str, tuple[ScoredRow, ...]] = {}

    def take(self, prompt_id: str) -> tuple[ScoredRow, ...]:
        """Return the lines of the answers to a prompt, none where the run has not answered it."""
        while prompt_id not in self._waiting:
            following = next(self._remaining, None)
            if following is None:
                return ()
            identity, lines = following
            self._waiting[identity] = tuple(lines)
        return self._waiting.pop(prompt_id)


def _answer(run: Run, line: ScoredRow) -> Answer:
    row = Row(**run.read_row(line.row).value)
    score = Score.from_json(run.read_score(line.score).value)
    if (row.prompt_id, row.sample) != (score.prompt_id, score.sample):
        raise EvaluationError(f"{run.path}: its scores are not those of its completions; score the run again.")
    text = strip_eos(row.text) if isinstance(row.text, str) else normalise(row.text).text
    return Answer(text, row.finish_reason, row.tokens, score.total, score.rewards)


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
