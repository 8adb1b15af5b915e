"""The questions of a comparison with every model's answers, read side by side from the run directories."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, takewhile
from typing import NamedTuple

from ..evaluate.paired.arms import Arm, runs_of
from ..evaluate.runs.run import Run, Score
from ..evaluate.types import EvaluationError, FinishReason, Row
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


def read_questions(sides: Sequence[Run | Arm], wanted: Collection[str] | None = None) -> Iterator[Question]:
    """Yield the questions that every run has answered, in the order of the first run's prompts.

    The answers of an arm are those of its runs, one run after the other. ``wanted`` limits them to these prompt ids.
    """
    answered = [[_Answered(run, wanted) for run in runs_of([side])] for side in sides]
    for prompt in runs_of(sides)[0].asked():
        if wanted is not None and prompt.id not in wanted:
            continue
        taken = [[run.take(prompt.id) for run in runs] for runs in answered]
        answers = tuple(sum(given, ()) for given in taken if all(given))
        if len(answers) == len(sides):
            yield Question(prompt.id, as_text(prompt.text), asked(prompt.text), _reference(prompt.columns), answers)


def _reference(columns: Mapping[str, object]) -> str | None:
    reference = columns.get("reference")
    return None if reference is None else str(reference)


class _Answered:
    """The answers of one run by prompt, read as far as they are asked for.

    Runs that were made in one order are read side by side, a question at a time. Where the orders differ, what
    one run is ahead of the others waits in memory.
    """

    def __init__(self, run: Run, wanted: Collection[str] | None) -> None:
        # the completions of a prompt stand together in a run
        self._remaining = groupby(_scored(run, wanted), key=lambda scored: scored[0].prompt_id)
        self._waiting: dict[str, tuple[Answer, ...]] = {}

    def take(self, prompt_id: str) -> tuple[Answer, ...]:
        """Return the answers to a prompt, none where the run has not answered it."""
        while prompt_id not in self._waiting:
            following = next(self._remaining, None)
            if following is None:
                return ()
            identity, scored = following
            self._waiting[identity] = tuple(_answer(row, score) for row, score in scored)
        return self._waiting.pop(prompt_id)


def _scored(run: Run, wanted: Collection[str] | None) -> Iterator[tuple[Row, Score]]:
    for row, score in zip(run.rows(wanted), run.scores(wanted), strict=False):
        if (row.prompt_id, row.sample) != (score.prompt_id, score.sample):
            raise EvaluationError(f"{run.path}: its scores are not those of its completions; score the run again.")
        yield row, score


def _answer(row: Row, score: Score) -> Answer:
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
