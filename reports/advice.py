"""What a reader does next: which answers are lost, and what mends it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..evaluate.paired.doubts import Obstacle
from ..evaluate.paired.summary import ModelSummary
from .wording import SAID_FROM, one_line, share


class LostAnswers(NamedTuple):
    """Answers that were cut or not found in some of the completions; ``filter`` is that of the page's samples."""

    filter: str
    text: str


def lost_answers(models: Iterable[ModelSummary], hindrances: Sequence[Obstacle]) -> list[LostAnswers]:
    """Return which answers are lost, where those of a model are a twentieth or more and no obstacle says so."""
    models, said = list(models), {one.kind for one in hindrances}
    cut = {model.name: model.cut for model in models}
    unanswered = {model.name: model.unanswered for model in models}
    lost = []
    if "cut" not in said and _many(cut.values()):
        text = f"{_shares(cut)} were cut at the token limit: a larger --max-new-tokens lets them end."
        lost.append(LostAnswers("cut", text))
    if "unanswered" not in said and _many(unanswered.values()):
        text = f"No answer was found in {_shares(unanswered)}: read some, since they count as wrong."
        lost.append(LostAnswers("unanswered", text))
    return lost


def _many(shares: Iterable[float | None]) -> bool:
    return any(value is not None and value >= SAID_FROM for value in shares)


def _shares(values: dict[str, float | None]) -> str:
    """Return the shares of models' completions in words."""
    known = [f"{share(value)} of {name}'s" for name, value in values.items() if value is not None]
    return one_line(" and ".join(known)) + " completions"
