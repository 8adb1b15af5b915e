"""Examples that are shown before a question: few-shot prompting."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from ...rewards.answers.options import Options, row_options
from ..types import EvaluationError
from .drawing import place
from .filters import EmptyPrompt, NumberedRow


class Shots(BaseModel):
    """How many examples are shown, and which: ``count`` rows of ``split``, drawn at random with ``seed``.

    ``split`` is "train" where the task has it, else the first that it has. ``answer`` is the template of what is
    answered to an example; without it that is the reference, and in a task with choices the right one of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    count: int = Field(ge=0, le=1000)
    split: str | None = None
    answer: str | None = None
    seed: int = 0


SPARE = 4
"""So many times as many rows are drawn as are needed: some ask the same, and some have nothing to ask."""


class Example(NamedTuple):
    """A question and what is answered to it."""

    question: str
    answer: str


class Examples(NamedTuple):
    """The examples of a task, and one to spare where there is one; ``shown`` of them stand before a question."""

    drawn: Sequence[Example]
    shown: int

    def before(self, question: str) -> list[Example]:
        """Return the examples that are shown before a question, which is none of them.

        >>> examples = Examples([Example("1+1?", "2"), Example("2+2?", "4")], shown=1)
        >>> examples.before("2+2?"), examples.before("1+1?")
        ([Example(question='1+1?', answer='2')], [Example(question='2+2?', answer='4')])
        """
        others = [example for example in self.drawn if example.question != question][: self.shown]
        if len(others) < self.shown:
            raise EvaluationError(
                f"shots={self.shown}, but there are {len(others)} other questions to show; give {len(others)} or less."
            )
        return others


NO_EXAMPLES = Examples([], 0)
"""A question alone."""


def draw_examples(
    rows: Iterable[NumberedRow], shots: Shots, example: Callable[[Mapping[str, Any]], Example]
) -> Examples:
    """Return examples of the rows in a random order that the seed decides; no two of them ask the same.

    ``example`` makes one of a row; rows that have nothing to ask or to answer are passed over.
    """
    wanted = shots.count + 1
    drawn: dict[str, Example] = {}
    for row in heapq.nsmallest(SPARE * wanted, rows, key=lambda row: place(row.number, shots.seed)):
        try:
            one = example(row.values)
        except EmptyPrompt:
            continue
        drawn.setdefault(one.question, one)
    return Examples(list(drawn.values())[:wanted], shots.count)


def right_choice(columns: Mapping[str, Any], texts: Sequence[str], reference: object) -> str | None:
    """Return the text that a reference means among the ``texts`` to choose from, read as the reward `choice` does.

    >>> right_choice({}, ["A", "B"], 1), right_choice({"choices": ["milk", "honey"]}, ["A", "B"], "honey")
    ('B', 'B')
    """
    own = row_options(columns)
    options = own if own is not None and len(own.texts) == len(texts) else Options.read(texts)
    right = None if options is None else options.place(reference)
    return None if right is None else texts[right]
