"""Votes for an answer, appended to a JSON Lines file: material for preferences, one line per vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ...evaluate.types import Sampling
from ...files import FileError, dump_line
from .chat import Answer, Chat, Question, Turn


class Exchange(NamedTuple):
    """A question with every model's whole answer, and how they were drawn."""

    question: Question
    answers: Sequence[Answer]
    sampling: Sampling
    turns: Sequence[Turn] = ()


@dataclass(frozen=True)
class Votes:
    """The file that votes go to. Raises :class:`~grpokit.files.FileError` at once when it cannot be written."""

    path: Path

    def __post_init__(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"cannot write {self.path}: {error.strerror}.") from None
        self._append("")

    def add(self, chat: Chat, exchange: Exchange, choice: str, *, blind: bool = False) -> None:
        """Append a vote: question, answers with their rewards and weights, settings and the choice.

        ``blind`` says that the voter did not see which model wrote which answer.
        """
        models = zip(chat.engines, exchange.answers, strict=True)
        self._append(
            dump_line(
                {
                    "time": datetime.now(UTC).isoformat(timespec="seconds"),
                    **exchange.question._asdict(),
                    "answers": {engine.name: _answer(answer, engine.weights) for engine, answer in models},
                    "choice": choice,
                    "blind": blind,
                    "turns": [turn._asdict() for turn in exchange.turns],
                    "settings": asdict(exchange.sampling),
                    "rewards": chat.mix.spec,
                }
            )
        )

    def _append(self, line: str) -> None:
        try:
            with self.path.open("a", encoding="utf-8") as handle:
                handle.write(line)
        except OSError as error:
            raise FileError(f"cannot write {self.path}: {error.strerror}.") from None


def _answer(answer: Answer, weights: str) -> dict[str, object]:
    values = {name: judged.value for name, judged in answer.rewards.items()}
    return {
        "text": answer.text,
        "finish_reason": answer.finish_reason,
        "total": answer.total,
        "rewards": values,
        "weights": weights,
    }
