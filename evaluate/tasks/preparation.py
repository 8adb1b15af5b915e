"""A task's rows made ready: filtered, deduplicated, of the right length, and counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...files import FileError, write_atomically, write_lines
from ...names import folder_name
from ...plain_yaml import dump_yaml
from ..progress import Advance, unwatched
from ..rendering import encode, plain
from ..types import EvaluationError, Prompt
from .filters import EmptyPrompt, NumberedRow, Sieve
from .shots import Examples
from .tokens import TokenCounts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from .card import Task


@dataclass(frozen=True)
class Lengths:
    """Bounds on a prompt's tokens, the chat template's included; None is no bound."""

    tokenizer: PreTrainedTokenizerBase
    minimum: int | None = None
    maximum: int | None = None


class Preparation(NamedTuple):
    """What :func:`prepare` wrote: ``kept`` of ``read`` rows, and how many were dropped for which reason.

    ``path`` holds the rows, ``card`` the task with the filters that chose them.
    """

    path: Path
    card: Path
    read: int
    kept: int
    dropped: Mapping[str, int]
    tokens: TokenCounts | None


def prepare(
    task: Task,
    split: str,
    out: Path,
    *,
    data: Path | None = None,
    limit: int | None = None,
    lengths: Lengths | None = None,
    advance: Advance = unwatched,
) -> Preparation:
    """Write the rows worth asking to ``out/SPLIT.jsonl``, and what was dropped to ``out/SPLIT.report.json``.

    The rows keep their columns, so the file feeds the same card by ``data``; ``out/TASK.yaml`` is that card with the
    filters in force, since one on the command line would be forgotten. Dropped, in this order, are rows that
    the card's filters leave out, rows with an empty prompt or reference, prompts that came before (white space
    aside), and prompts outside ``lengths``. ``limit`` is of rows kept. The files are written whole or not at all.
    ``advance`` is called for every row that the filters keep.

    Raises :class:`EvaluationError` when no row is left, and the task's own errors.
    """
    sieve = Sieve(task.source.where)
    selection = _Selection(task, task.examples(split, data), lengths, advance)
    path = _folder(out) / f"{split}.jsonl"
    kept = islice(selection.keep(task.rows(split, data, sieve)), limit)
    write_lines(path, map(_plain_values, _at_least_one(kept, task, sieve, selection)))
    dropped = {**sieve.dropped, **selection.dropped}
    tokens = TokenCounts.of(selection.tokens) if selection.tokens else None
    prepared = Preparation(
        path, _write_card(task, out), selection.kept + sum(dropped.values()), selection.kept, dropped, tokens
    )
    write_atomically(out / f"{split}.report.json", _report(task, split, data, prepared))
    return prepared


@dataclass
class _Selection:
    """Chooses among rows by what their prompts are, and counts why others are dropped."""

    task: Task
    examples: Examples
    lengths: Lengths | None
    advance: Advance
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    tokens: list[int] = field(default_factory=list)
    _seen: set[bytes] = field(default_factory=set)

    def keep(self, rows: Iterable[NumberedRow]) -> Iterator[Mapping[str, Any]]:
        """Yield the values of the rows whose prompts are worth asking."""
        for number, values in rows:
            self.advance(1)
            reason = self._reason(number, values)
            if reason is None:
                self.kept += 1
                yield values
            else:
                self.dropped[reason] += 1

    def _reason(self, number: int, values: Mapping[str, Any]) -> str | None:
        try:
            prompt = self.task.prompt(values, number)
        except EmptyPrompt:
            return "empty prompt"
        reference = prompt.columns.get("reference")
        if self.task.reference is not None and (reference is None or not str(reference).strip()):
            return "empty reference"
        if self._is_repeat(prompt):
            return "prompt came before"
        if self.lengths is None:
            return None
        asked = self.task.prompt(values, number, self.examples).text
        count = len(encode(self.lengths.tokenizer, asked, self.task.template))
        if self.lengths.maximum is not None and count > self.lengths.maximum:
            return f"more than {self.lengths.maximum} tokens"
        if self.lengths.minimum is not None and count < self.lengths.minimum:
            return f"fewer than {self.lengths.minimum} tokens"
        self.tokens.append(count)
        return None

    def _is_repeat(self, prompt: Prompt) -> bool:
        words = " ".join(plain(prompt.text).split())
        digest = blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in self._seen:
            return True
        self._seen.add(digest)
        return False


def _at_least_one(
    kept: Iterator[Mapping[str, Any]], task: Task, sieve: Sieve, selection: _Selection
) -> Iterator[Mapping[str, Any]]:
    yield from kept
    if not selection.kept:
        reasons = [f"{count} rows: {reason}" for reason, count in {**sieve.dropped, **selection.dropped}.items()]
        raise EvaluationError(f"no row of task {task.name!r} is left ({'; '.join(reasons) or 'the data is empty'}).")


def _folder(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot write into {out}: {error.strerror}.") from None
    return out


def card_path(task: Task, out: Path) -> Path:
    """Return where the card of prepared rows is, in their folder."""
    return out / f"{folder_name(task.name.replace(':', '-'))}.yaml"


def _write_card(task: Task, out: Path) -> Path:
    path = card_path(task, out)
    values = task.model_dump(mode="json", exclude_defaults=True)
    write_atomically(path, dump_yaml(values))
    return path


def _plain_values(row: Mapping[str, Any]) -> dict[str, Any]:
    """Parquet files hold dates and decimals, for which JSON has no form of its own."""
    plain_row: dict[str, Any] = json.loads(json.dumps(row, default=str))
    return plain_row


def _report(task: Task, split: str, data: Path | None, prepared: Preparation) -> str:
    tokens = prepared.tokens
    report = {
        "task": task.name,
        "split": split,
        "source": str(data or task.source.label),
        "where": task.source.where,
        "read": prepared.read,
        "kept": prepared.kept,
        "dropped": prepared.dropped,
        "prompt_tokens": tokens and {"min": tokens.at(0), "median": tokens.at(0.5), "max": tokens.at(1)},
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"
