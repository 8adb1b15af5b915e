"""A task card: where the rows come from, how a row becomes a prompt and a reference, how answers are scored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from ...errors import nearest
from ...rewards.accepted import accepted
from ...rewards.answers.options import OPTION_COLUMNS
from ...rewards.reward import REFERENCE_COLUMNS
from ...rewards.text import Message
from ..engines.model_path import expanded
from ..rendering import plain
from ..template_arguments import Template, check_template
from ..types import CONTINUATIONS, EvaluationError, Prompt, Sampling
from .choices import bare, choice_texts, lettered
from .drawing import Drawing, draw
from .filters import EmptyPrompt, NumberedRow, Sieve, Where
from .shots import NO_EXAMPLES, Example, Examples, Shots, draw_examples, right_choice
from .sources import Source

RESERVED = frozenset({"prompt", "prompts", "completion", "completions", "completion_ids", *REFERENCE_COLUMNS})
"""Columns that rewards do not get under their own name: the arguments of a reward call and the reference's."""

_COLUMN = re.compile(r"\{(\w+)\}")


Texts = Annotated[tuple[str, ...], Field(strict=False)]
"""A list of texts; YAML knows no tuples."""


def _counted(value: object) -> object:
    """Let ``shots: 5`` stand for ``shots: {count: 5}``."""
    return {"count": value} if isinstance(value, int) else value


class Task(BaseModel):
    """A task serves evaluation and training alike.

    ``user`` and ``system`` are templates in which ``{column}`` stands for a column of the row; a ``user``
    that is exactly ``{column}`` may also be a column of chat messages. ``reference`` names the column that
    rewards compare with; ``id`` the one that identifies a row (default: its number in the source); ``cluster``
    the one whose rows are not independent (a passage, a template). ``primary`` is the reward whose verdict counts.

    ``choices`` makes it a task of multiple choice that is asked by likelihood: a column with a list of texts (or ARC's
    ``{"text": [...], "label": [...]}``), or the texts themselves where they are the same for every row. In a template
    such a column stands for its lettered lines, "A. first", and so do the columns ``choices`` and ``options`` of any
    task. With ``chat: false`` the prompt is the text itself, without
    the model's chat template, as base models are asked.

    ``shots`` are examples before the question: earlier turns of the chat, or text. ``prefill`` is how every answer
    begins: the model goes on with it, and it is a part of the completion. ``template`` holds arguments of the model's
    chat template, such as ``enable_thinking``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    description: str = ""
    source: Source
    system: str | None = None
    user: str
    chat: bool = True
    shots: Annotated[Shots | None, BeforeValidator(_counted)] = None
    prefill: str | None = None
    template: Mapping[str, Any] = Field(default_factory=dict)
    choices: str | Texts | None = None
    reference: str | None = None
    id: str | None = None
    cluster: str | None = None
    rewards: str
    primary: str
    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 512
    stop: Texts = ()

    @field_validator("user")
    @classmethod
    def _check_user(cls, template: str) -> str:
        if not _COLUMN.search(template):
            raise EvaluationError("name a column in braces, such as '{question}', or every prompt is the same")
        return template

    @field_validator("template")
    @classmethod
    def _check_template(cls, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        check_template(arguments)
        return arguments

    def sampling(self, **overrides: Any) -> Sampling:
        """Return the card's generation settings; an override of None leaves the card's value."""
        names = ("samples", "temperature", "top_p", "max_new_tokens", "stop", "template")
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

    def with_shots(self, count: int) -> Task:
        """Return the task with so many examples before each question, in place of its own number.

        >>> from grpokit.evaluate import load_task
        >>> load_task("gsm8k").with_shots(5).shots.count
        5
        """
        shots = Shots(count=count) if self.shots is None else self.shots.model_copy(update={"count": count})
        return self.model_copy(update={"shots": shots})

    def with_template(self, arguments: Template) -> Task:
        """Return the task with these arguments of the chat template too, in place of its own of the same names.

        >>> from grpokit.evaluate import load_task
        >>> load_task("gsm8k").with_template({"enable_thinking": False}).template
        {'enable_thinking': False}
        """
        return self.model_copy(update={"template": {**self.template, **arguments}})

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
        """Yield the prompts of a split in the source's order, the first ``limit`` of them.

        Raises :class:`EvaluationError` for a source that cannot be read, a missing column, an empty prompt and too few
        examples.
        """
        return self._prompts(islice(self.rows(split, data, Sieve(self.source.where)), limit), split, data)

    def draw(self, split: str, count: int, seed: int, *, data: Path | None = None) -> Drawing:
        """Return ``count`` prompts of a split, drawn at random, in the source's order; see :func:`drawing.draw`.

        Raises what :meth:`prompts` raises.
        """
        rows, total = draw(self.rows(split, data, Sieve(self.source.where)), count, seed)
        return Drawing(list(self._prompts(rows, split, data)), total)

    def _prompts(self, rows: Iterable[NumberedRow], split: str, data: Path | None) -> Iterator[Prompt]:
        examples = self.examples(split, data)
        for number, row in rows:
            yield self.prompt(row, number, examples)

    def examples(self, split: str, data: Path | None = None) -> Examples:
        """Return the examples that stand before the questions of a split, drawn from the rows of ``shots.split``.

        Local rows have no splits: examples are drawn from the very rows that are asked, and none is its own.
        """
        shots = self.shots
        if shots is None or not shots.count:
            return NO_EXAMPLES
        splits = self.source.splits
        own = shots.split or ("train" if "train" in splits else next(iter(splits), split))
        rows = self.rows(own, data, Sieve(self.source.where))
        return draw_examples(rows, shots, lambda row: Example(self._question(row), self._answer(row)))

    def prompt(self, row: Mapping[str, Any], number: int = 0, examples: Examples = NO_EXAMPLES) -> Prompt:
        """Turn one row into a prompt; raise :class:`EvaluationError` naming the columns when one is missing."""
        kept = self._columns(row)
        identity = str(number if self.id is None else self._column(row, self.id))
        try:
            return Prompt(identity, self._text(row, examples) if self.chat else self._plain(row, examples), kept)
        except EmptyPrompt as error:
            raise EmptyPrompt(f"task {self.name!r}, row {identity}: {error}") from None

    def _columns(self, row: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in row.items() if name not in RESERVED}
        if self.reference is not None:
            kept["reference"] = self._column(row, self.reference)
        if self.choices is not None:
            kept[CONTINUATIONS] = self._continuations(row)
        return kept

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
            row.setdefault(
                self.id, prompt.id
            )  # it has the column as it was, unless that is one that rewards do not get
        whole = _COLUMN.fullmatch(self.user)
        if whole and whole[1] in RESERVED:  # no column that is kept, but the messages are what it said
            row[whole[1]] = prompt.text if isinstance(prompt.text, str) else self._asked(prompt.text)
        return row

    def _asked(self, text: Sequence[Message]) -> list[Message]:
        """Return a prompt's messages without those that the card puts before and behind the question."""
        before = (self.system is not None) + 2 * (self.shots.count if self.shots else 0)
        return list(text[before : len(text) - bool(self.prefill)])

    def _text(self, row: Mapping[str, Any], examples: Examples) -> list[Message]:
        turns = self._turns(row)
        shown = examples.before(self._question(row)) if examples.shown else []
        before = [
            {"role": role, "content": text}
            for example in shown
            for role, text in (("user", example.question), ("assistant", example.answer))
        ]
        system = [] if self.system is None else [{"role": "system", "content": self._fill(self.system, row)}]
        begun = [{"role": "assistant", "content": self.prefill}] if self.prefill else []
        return [*system, *before, *turns, *begun]

    def _plain(self, row: Mapping[str, Any], examples: Examples) -> str:
        """Return a prompt as one text, in which the answer to an example stands behind its question and a space."""
        asked = plain(self._turns(row)).rstrip()
        shown = examples.before(self._question(row)) if examples.shown else []
        before = [f"{example.question.rstrip()} {example.answer}" for example in shown]
        system = [] if self.system is None else [self._fill(self.system, row)]
        return "\n\n".join([*system, *before, asked])

    def _turns(self, row: Mapping[str, Any]) -> list[Message]:
        whole = _COLUMN.fullmatch(self.user)
        if whole and isinstance(value := self._column(row, whole[1]), list):
            return self._messages(whole[1], value)
        return [{"role": "user", "content": self._fill(self.user, row)}]

    def _question(self, row: Mapping[str, Any]) -> str:
        turns = self._turns(row)
        if len(turns) > 1:
            raise EvaluationError(
                f"task {self.name!r}: shots go before a question that is one text; its column {self.user} holds chats."
            )
        return str(turns[0]["content"])

    def _answer(self, row: Mapping[str, Any]) -> str:
        """Return what is answered to a row where it is an example."""
        if self.shots is not None and self.shots.answer is not None:
            return self._fill(self.shots.answer, row)
        if self.reference is None:
            raise EvaluationError(f"task {self.name!r}: shots need a reference, or shots.answer, to be answered by.")
        value = self._column(row, self.reference)
        if self.choices is None:
            if not (answers := [str(one) for one in accepted(value) if str(one).strip()]):
                raise EmptyPrompt(_empty(self.reference))
            return answers[0]
        right = right_choice(self._columns(row), self._continuations(row), value)
        if right is None:
            raise EvaluationError(f"task {self.name!r}: the reference {value!r:.80} is none of the choices of its row.")
        return right

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
        texts = choice_texts(value) if self.choices is not None or column in OPTION_COLUMNS else None
        return str(value) if texts is None else lettered(bare(texts))

    def _column(self, row: Mapping[str, Any], column: str) -> Any:
        if column not in row:
            raise EvaluationError(f"task {self.name!r}: no column {column!r} in the data. {nearest(column, list(row))}")
        return row[column]


def _empty(column: str) -> str:
    return f"column {column!r} is empty; `grpo-eval tasks prepare` drops such rows."
