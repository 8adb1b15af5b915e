"""A task card: where the rows come from, how a row becomes a prompt and a reference, how answers are scored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from ...errors import GrpokitError, nearest
from ...rewards import RewardMix
from ...rewards.reward import REFERENCE_COLUMNS
from ...rewards.spec import import_paths
from ...rewards.text import Message, Text
from ..engines.model_path import expanded
from ..rendering import plain
from ..scoring import check_primary
from ..types import CONTINUATIONS, EvaluationError, Prompt, Sampling
from .choices import choice_texts, lettered
from .filters import NumberedRow, Sieve, Where
from .sources import Source

RESERVED = frozenset({"prompt", "prompts", "completion", "completions", "completion_ids", *REFERENCE_COLUMNS})
"""Columns that rewards do not get under their own name: the arguments of a reward call and the reference's."""

_COLUMN = re.compile(r"\{(\w+)\}")


class EmptyPrompt(EvaluationError):
    """A row has nothing to ask: a column of its prompt is null or blank."""


class Task(BaseModel):
    """A task serves evaluation and training alike.

    ``user`` and ``system`` are templates in which ``{column}`` stands for a column of the row; a ``user``
    that is exactly ``{column}`` may also be a column of chat messages. ``reference`` names the column that
    rewards compare with; ``id`` the one that identifies a row (default: its number in the source); ``cluster``
    the one whose rows are not independent (a passage, a template). ``primary`` is the reward whose verdict counts.

    ``choices`` makes it a task of multiple choice that is asked by likelihood: a column with a list of texts (or ARC's
    ``{"text": [...], "label": [...]}``), or the texts themselves where they are the same for every row. In a template
    such a column stands for its lettered lines, "A. first". With ``chat: false`` the prompt is the text itself, without
    the model's chat template, as base models are asked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    source: Source
    system: str | None = None
    user: str
    chat: bool = True
    choices: str | tuple[str, ...] | None = None
    reference: str | None = None
    id: str | None = None
    cluster: str | None = None
    rewards: str
    primary: str
    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 512
    stop: tuple[str, ...] = ()

    @field_validator("user")
    @classmethod
    def _check_user(cls, template: str) -> str:
        if not _COLUMN.search(template):
            raise EvaluationError("name a column in braces, such as '{question}', or every prompt is the same")
        return template

    def sampling(self, **overrides: Any) -> Sampling:
        """Return the card's generation settings; an override of None leaves the card's value."""
        names = ("samples", "temperature", "top_p", "max_new_tokens", "stop")
        settings = {name: getattr(self, name) for name in names} | {"likelihood": self.choices is not None}
        return Sampling(**{**settings, **{name: value for name, value in overrides.items() if value is not None}})

    def filtered(self, where: Where) -> Task:
        """Return the task with these filters too; one on a column that the card filters by takes its place.

        >>> from grpokit.evaluate import load_task
        >>> load_task("oasst1").filtered({"lang": ("es", "ca")}).source.where["lang"]
        ('es', 'ca')
        """
        merged = {**self.source.where, **where}
        return self.model_copy(update={"source": self.source.model_copy(update={"where": merged})})

    def with_system(self, text: str) -> Task:
        """Return the task with this template of the system message in place of its own; a blank one is none.

        >>> from grpokit.evaluate import load_task
        >>> load_task("gsm8k").with_system("Be brief.").system
        'Be brief.'
        """
        return self.model_copy(update={"system": text if text.strip() else None})

    def clustered(self, column: str) -> Task:
        """Return the task whose questions are not independent where they share a value of ``column``.

        >>> from grpokit.evaluate import load_task
        >>> load_task("gsm8k").clustered("template").cluster
        'template'
        """
        return self.model_copy(update={"cluster": column})

    def located(self, folder: Path) -> Task:
        """Return the task of a card in ``folder``: a relative file of its source is looked for there.

        >>> from grpokit.evaluate.tasks import file_task
        >>> task = file_task(Path("rows.jsonl"), "question", "answer", None, "correctness")
        >>> str(task.located(Path("/data")).source.file)
        '/data/rows.jsonl'
        """
        if self.source.file is None:
            return self
        source = self.source.model_copy(update={"file": (folder / expanded(str(self.source.file))).absolute()})
        return self.model_copy(update={"source": source})

    def rows(self, split: str, data: Path | None, sieve: Sieve) -> Iterator[NumberedRow]:
        """Yield the rows of a split that the sieve keeps; ``data`` feeds the card from a local file instead."""
        return sieve.keep(self.source.rows(split, data))

    def prompts(self, split: str = "test", *, data: Path | None = None, limit: int | None = None) -> Iterator[Prompt]:
        """Yield the prompts of a split in the source's order, at most ``limit`` of them.

        Raises :class:`EvaluationError` for a source that cannot be read, a missing column and an empty prompt.
        """
        kept = self.rows(split, data, Sieve(self.source.where))
        for number, row in islice(kept, limit):
            yield self.prompt(row, number)

    def prompt(self, row: Mapping[str, Any], number: int = 0) -> Prompt:
        """Turn one row into a prompt; raise :class:`EvaluationError` naming the columns when one is missing."""
        kept = {name: value for name, value in row.items() if name not in RESERVED}
        if self.reference is not None:
            kept["reference"] = self._column(row, self.reference)
        identity = str(number if self.id is None else self._column(row, self.id))
        try:
            if self.choices is not None:
                kept[CONTINUATIONS] = self._continuations(row)
            return Prompt(identity, self._text(row) if self.chat else plain(self._text(row)).rstrip(), kept)
        except EmptyPrompt as error:
            raise EmptyPrompt(f"task {self.name!r}, row {identity}: {error}") from None

    def row(self, prompt: Prompt) -> dict[str, Any]:
        """Return a row that becomes ``prompt`` again: its columns under the names that this card reads.

        >>> from grpokit.evaluate import load_task
        >>> task = load_task("gsm8k")
        >>> task.row(task.prompt({"question": "2+2?", "answer": "4"}))
        {'question': '2+2?', 'answer': '4'}
        """
        row = dict(prompt.columns)
        if self.reference is not None and "reference" in row:
            row[self.reference] = row.pop("reference")
        if self.id is not None:
            row[self.id] = prompt.id
        whole = _COLUMN.fullmatch(self.user)
        if whole and whole[1] in RESERVED:  # no column that is kept, but the messages are what it said
            row[whole[1]] = list(prompt.text)[self.system is not None :] if self.chat else prompt.text
        return row

    def _text(self, row: Mapping[str, Any]) -> Text:
        whole = _COLUMN.fullmatch(self.user)
        if whole and isinstance(value := self._column(row, whole[1]), list):
            asked = self._messages(whole[1], value)
        else:
            asked = [{"role": "user", "content": self._fill(self.user, row)}]
        if self.system is None:
            return asked
        return [{"role": "system", "content": self._fill(self.system, row)}, *asked]

    def _messages(self, column: str, value: list[Any]) -> list[Message]:
        if not value:
            raise EmptyPrompt(_empty(column))
        if not all(isinstance(message, Mapping) and {"role", "content"} <= message.keys() for message in value):
            raise EvaluationError(f"task {self.name!r}: column {column!r} is a list, but not of chat messages.")
        if value[-1]["role"] == "assistant":
            raise EvaluationError(
                f"task {self.name!r}: the messages in column {column!r} end with the assistant's answer, which the "
                "prompt would give away; name the column of the question."
            )
        return value

    def _continuations(self, row: Mapping[str, Any]) -> list[str]:
        if not isinstance(self.choices, str):
            return list(self.choices or ())
        texts = choice_texts(self._column(row, self.choices))
        if texts is None:
            raise EvaluationError(
                f"task {self.name!r}: column {self.choices!r} holds no list of two texts or more to choose from."
            )
        return texts

    def _fill(self, template: str, row: Mapping[str, Any]) -> str:
        return _COLUMN.sub(lambda match: self._words(row, match[1]), template)

    def _words(self, row: Mapping[str, Any], column: str) -> str:
        value = self._column(row, column)
        if value is None or not str(value).strip():
            raise EmptyPrompt(_empty(column))
        texts = choice_texts(value) if self.choices is not None else None
        return str(value) if texts is None else lettered(texts)

    def _column(self, row: Mapping[str, Any], column: str) -> Any:
        if column not in row:
            raise EvaluationError(f"task {self.name!r}: no column {column!r} in the data. {nearest(column, list(row))}")
        return row[column]


def parse_card(values: Mapping[str, Any], where: str) -> Task:
    """Build a task from a card's values; every mistake is one line that names ``where`` and the key.

    Nothing that the card names is imported: its mix is built, or refused, where it is needed.
    """
    try:
        task = Task(**values)
        task.sampling()
        if isinstance(task.choices, tuple) and choice_texts(task.choices) is None:
            raise EvaluationError("choices: give the column that holds them, or two texts or more.")
        RewardMix.check(task.rewards)
        if not import_paths(task.rewards):
            check_primary(RewardMix.parse(task.rewards), task.primary, "primary: ")
    except ValidationError as error:
        raise EvaluationError(f"{where}: {_first_mistake(error)}") from None
    except GrpokitError as error:
        raise EvaluationError(f"{where}: {error}") from None
    except TypeError:  # a key that is no string
        raise EvaluationError(f"{where}: the keys of a task card are words.") from None
    return task


def _empty(column: str) -> str:
    return f"column {column!r} is empty; `grpo-eval tasks prepare` drops such rows."


def _first_mistake(error: ValidationError) -> str:
    mistakes = error.errors()
    first = next((mistake for mistake in mistakes if mistake["type"] == "extra_forbidden"), mistakes[0])
    place = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        fields = Source.model_fields if len(first["loc"]) > 1 else Task.model_fields
        return f"unknown key {place!r}. {nearest(str(first['loc'][-1]), list(fields))}"
    if first["type"] == "missing":
        return f"the key {place!r} is missing."
    if first["type"] == "value_error":
        return f"{place}: {first['ctx']['error']}."
    return f"{place}: {first['msg']} (given: {first['input']!r})."
