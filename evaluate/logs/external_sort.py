"""Foreign rows brought into the order of a run: by model, then question, then sample, on disk rather than in memory."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from ..runs.manifest import prompt_digest, prompts_fingerprint
from ..types import EvaluationError, FinishReason, Prompt, Row
from .log import LogRow


@contextmanager
def _needing_room() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        reason = getattr(error, "strerror", None) or error
        raise EvaluationError(
            f"cannot sort the rows in a temporary folder: {reason}; set TMPDIR to a folder with room for all of them."
        ) from None


@dataclass
class _Question:
    number: int
    digest: int
    samples: int = 0


@dataclass
class Answers:
    """One model's answers, the questions in order of appearance and each question's samples together."""

    model: str
    database: sqlite3.Connection
    seen: dict[str, _Question] = field(default_factory=dict)

    @property
    def questions(self) -> int:
        """How many questions the model answered."""
        return len(self.seen)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the questions."""
        return prompts_fingerprint(question.digest for question in self.seen.values())

    @property
    def digest(self) -> str:
        """Sixteen hex digits of the texts."""
        digest = hashlib.sha256()
        for (text,) in self._select("SELECT text FROM answers WHERE model = ? ORDER BY question, sample"):
            digest.update(text.encode())
        return digest.hexdigest()[:16]

    def prompts(self) -> Iterator[Prompt]:
        """Yield the questions."""
        for (line,) in self._select("SELECT prompt FROM questions WHERE model = ? ORDER BY question"):
            yield Prompt(*json.loads(line))

    def rows(self, model: str, weights: str) -> Iterator[Row]:
        """Yield the answers in the order of the questions, as those of a model of this name."""
        names = list(self.seen)
        answers = "SELECT question, sample, text, said FROM answers WHERE model = ? ORDER BY question, sample"
        for question, sample, text, said in self._select(answers):
            given, (finish, tokens, graded) = json.loads(text), json.loads(said)
            reason: FinishReason | None = "missing" if given is None else finish
            yield Row(names[question], sample, given or "", reason, tokens, None, model, weights, graded)

    def _select(self, query: str) -> Iterator[tuple[Any, ...]]:
        return iter(self.database.execute(query, (self.model,)))


class _Digested(NamedTuple):
    """A prompt as it is written in Python, in which 1, 1.0 and True differ as they do in JSON, and its digest."""

    said: str
    digest: int


class Grouping:
    """A temporary database of rows; only ids and digests are kept in memory.

    Its file has no name once it is open, so that it goes with the process, however that ends. Raises
    :class:`EvaluationError` where there is no room for it.
    """

    def __init__(self) -> None:
        self._answers: dict[str, Answers] = {}
        self._last = _Digested("", 0)

    def __enter__(self) -> Grouping:
        with _needing_room(), tempfile.TemporaryDirectory(prefix="grpokit-") as folder:
            self._database = sqlite3.connect(Path(folder) / "rows.sqlite")
            self._database.executescript(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                "CREATE TABLE questions (model, question, prompt, PRIMARY KEY (model, question)) WITHOUT ROWID;"
                "CREATE TABLE answers "
                "(model, question, sample, text, said, PRIMARY KEY (model, question, sample)) WITHOUT ROWID;"
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, model: str, prompt: Prompt, row: LogRow) -> bool:
        """Add an answer; False when the model's earlier answers to this id were to another question."""
        answers = self._answers.setdefault(model, Answers(model, self._database))
        digest = self._digest(prompt)
        question = answers.seen.get(prompt.id)
        if question is None:
            question = answers.seen[prompt.id] = _Question(len(answers.seen), digest)
            self._insert("questions", model, question.number, json.dumps(prompt, default=str))
        said = json.dumps([row.finish, row.tokens, row.graded or None])
        self._insert("answers", model, question.number, question.samples, json.dumps(row.text), said)
        question.samples += 1
        return question.digest == digest

    def _digest(self, prompt: Prompt) -> int:
        """Return the digest of a prompt, which mostly is that of the row before."""
        said = repr(prompt)
        if said != self._last.said:
            self._last = _Digested(said, prompt_digest(prompt))
        return self._last.digest

    def _insert(self, table: str, *values: object) -> None:
        marks = ", ".join("?" * len(values))
        with _needing_room():
            self._database.execute(f"INSERT INTO {table} VALUES ({marks})", values)

    def models(self) -> list[Answers]:
        """Return what each model answered, in order of appearance."""
        with _needing_room():
            self._database.commit()
        return list(self._answers.values())
