"""The questions of a comparison with every model's answers, read side by side from the run directories."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..evaluate.run import Run, Score
from ..evaluate.types import EvaluationError, FinishReason, Row
from ..rewards.text import normalise, strip_eos
from ..rewards.types import Judgement, Text


class Answer(NamedTuple):
    """One completion with its judgements; ``total`` is the weighted sum of the values that exist."""

    text: str
    finish_reason: FinishReason | None
    tokens: int | None
    total: float | None
    rewards: Mapping[str, Judgement]


class Question(NamedTuple):
    """One prompt and, per run in the order of the runs, the answers of its model."""

    id: str
    prompt: str
    reference: str | None
    answers: tuple[tuple[Answer, ...], ...]


def read_questions(runs: Sequence[Run], wanted: Collection[str] | None = None) -> Iterator[Question]:
    """Yield the questions that every run has answered, in the order of the first run's prompts.

    ``wanted`` limits them to these prompt ids.
    """
    answered = [_answers(run, wanted) for run in runs]
    for prompt in runs[0].prompts.values():
        found = tuple(answers[prompt.id] for answers in answered if prompt.id in answers)
        if len(found) == len(runs):
            yield Question(prompt.id, as_text(prompt.text), _reference(prompt.columns), found)


def _reference(columns: Mapping[str, object]) -> str | None:
    reference = columns.get("reference")
    return None if reference is None else str(reference)


def _answers(run: Run, wanted: Collection[str] | None) -> dict[str, tuple[Answer, ...]]:
    found: dict[str, list[Answer]] = {}
    for row, score in zip(run.rows(), run.scores(), strict=False):
        if (row.prompt_id, row.sample) != (score.prompt_id, score.sample):
            raise EvaluationError(f"{run.path}: its scores are not those of its completions; score the run again.")
        if wanted is None or row.prompt_id in wanted:
            found.setdefault(row.prompt_id, []).append(_answer(row, score))
    return {prompt_id: tuple(answers) for prompt_id, answers in found.items()}


def _answer(row: Row, score: Score) -> Answer:
    text = strip_eos(row.text) if isinstance(row.text, str) else normalise(row.text).text
    return Answer(text, row.finish_reason, row.tokens, score.total, score.rewards)


def as_text(prompt: Text) -> str:
    """Return a prompt for reading: chat messages become blocks headed by their role."""
    if isinstance(prompt, str):
        return prompt
    return "\n\n".join(f"[{message.get('role', 'user')}]\n{normalise([_spoken(message)]).text}" for message in prompt)


def _spoken(message: Mapping[str, object]) -> dict[str, object]:
    return {**message, "role": "assistant"}
