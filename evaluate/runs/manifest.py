"""The manifest of a run: everything that another run must share, or may differ in, to be compared with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ...errors import first_line
from ...files import dump_json, parse_once, read_whole, write_atomically
from ..types import EvaluationError, Prompt
from .lines import is_count, is_number

SCHEMA = 1

UNKNOWN = "unknown"
"""The weights of a model whose log does not say them."""

QUESTION = "question_hash"
"""The column by which the tool that wrote a log tells questions apart, whatever prompt it made of one for a model."""

PLACED = "placed"
"""Stands with what wrote a run whose questions have no ids, only the places of their rows in a file."""


@dataclass(frozen=True)
class TaskRecord:
    """What was asked: the task's name, its primary reward, cluster column and a hash of all prompts and columns.

    ``reference`` is the data's own name of the column that prompts hold as ``reference``; runs of earlier versions do
    not say it, and may be resumed all the same. ``order`` is the seed of the random order in which the questions are
    asked, None where they are asked as they stand in the data.
    """

    name: str
    primary: str
    cluster: str | None
    fingerprint: str
    prompts: int
    source: str
    reference: str | None = field(default=None, compare=False)
    order: int | None = None


@dataclass(frozen=True)
class MixRecord:
    """How completions are scored: the mix as a spec string, and per reward its weight, fingerprint and range.

    ``ranges`` holds the lowest and highest value of the rewards that have both.
    """

    spec: str
    weights: Mapping[str, float]
    fingerprints: Mapping[str, str]
    ranges: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """``manifest.json``, written before the first row.

    ``sampling`` holds the fields of :class:`~grpokit.evaluate.types.Sampling` (None for completions that came
    from elsewhere); ``engine`` what the engine reports of itself (checkpoint, adapter and its proof, template
    hash, device, dtype); ``environment`` versions and hardware.
    """

    model: str
    weights: str
    task: TaskRecord
    mix: MixRecord
    sampling: Mapping[str, Any] | None
    engine: Mapping[str, Any]
    environment: Mapping[str, Any]
    command: str
    created: str
    schema: int = SCHEMA

    def write(self, folder: Path) -> None:
        """Write ``manifest.json`` into ``folder``, whole or not at all."""
        write_atomically(folder / "manifest.json", dump_json(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of a run; raise :class:`EvaluationError` when the folder holds none that is readable."""
        path = folder / "manifest.json"
        try:
            data = parse_once(read_whole(path))
        except FileNotFoundError:
            raise EvaluationError(f"{folder} holds no run: there is no manifest.json in it.") from None
        except OSError as error:
            raise EvaluationError(f"cannot read {path}: {error.strerror}.") from None
        except (ValueError, RecursionError) as error:
            raise EvaluationError(f"{path} is not readable JSON ({error}); this folder holds no usable run.") from None
        return cls._from_json(data, path)

    @classmethod
    def _from_json(cls, data: Any, path: Path) -> Manifest:
        if not isinstance(data, dict) or "schema" not in data:
            raise EvaluationError(f"{path} is not a manifest of a run: it has no 'schema'.")
        if data["schema"] != SCHEMA:
            raise EvaluationError(
                f"{path} has schema {data['schema']}; this version reads schema {SCHEMA}. Upgrade grpokit."
            )
        try:
            values = {one.name: data[one.name] for one in fields(cls)}
            manifest = cls(**{**values, "task": TaskRecord(**data["task"]), "mix": MixRecord(**data["mix"])})
        except (KeyError, TypeError) as error:
            raise EvaluationError(f"{path} is not a manifest of a run: {first_line(error)}.") from None
        manifest._check_kinds(path)
        return manifest

    def _check_kinds(self, path: Path) -> None:
        """Raise :class:`EvaluationError` for a value of another kind than is ever written."""
        for name, value, right in self._kinds():
            if not right(value):
                raise EvaluationError(f"{path} is not a manifest of a run: {name} is {value!r:.80}.")

    def _kinds(self) -> Iterator[tuple[str, object, Callable[[Any], bool]]]:
        """Yield what a reader relies on: its name, its value, and whether such a value can stand there."""
        task, mix, drawn = self.task, self.mix, self.sampling
        for name in ("model", "weights", "command", "created"):
            yield name, getattr(self, name), _is_word
        for name in ("name", "primary", "fingerprint", "source"):
            yield f"task.{name}", getattr(task, name), _is_word
        for name in ("cluster", "reference"):
            yield f"task.{name}", getattr(task, name), lambda value: value is None or _is_word(value)
        yield "task.prompts", task.prompts, is_count
        yield "task.order", task.order, lambda value: value is None or type(value) is int
        yield "mix.spec", mix.spec, _is_word
        yield "mix.weights", mix.weights, lambda value: _all(value, is_number) and bool(value)
        yield "mix.fingerprints", mix.fingerprints, lambda value: _all(value, _is_word) and {*value} == {*mix.weights}
        yield "mix.ranges", mix.ranges, lambda value: _all(value, _is_interval)
        yield "engine", self.engine, lambda value: _all(value, lambda _: True)
        for name in ("kind", "checkpoint", "adapter"):
            yield f"engine.{name}", self.engine.get(name), lambda value: value is None or _is_word(value)
        if self.engine.get("kind") == "log" or "file_digest" in self.engine:
            yield "engine.file", self.engine.get("file"), _is_word
        yield (
            "engine.notes",
            self.engine.get("notes", []),
            lambda value: type(value) is list and all(map(_is_word, value)),
        )
        yield "environment", self.environment, lambda value: _all(value, lambda _: True)
        if drawn is not None:
            yield "sampling", drawn, lambda value: _all(value, lambda _: True)
            yield "sampling.samples", drawn.get("samples"), lambda value: is_count(value) and value > 0
            yield "sampling.temperature", drawn.get("temperature"), is_number


def _is_word(value: object) -> bool:
    return type(value) is str


def _is_interval(value: object) -> bool:
    return type(value) is list and len(value) == 2 and all(map(is_number, value)) and value[0] <= value[1]


def _all(value: object, right: Callable[[Any], bool]) -> bool:
    """Return whether a value is a mapping, and all that it holds is right."""
    return type(value) is dict and all(map(right, value.values()))


def prompt_digest(prompt: Prompt) -> int:
    """Return a 256-bit number over a prompt's id, text and columns; over its id and :data:`QUESTION` where it has one.

    >>> asked = Prompt("1", "2+2?", {QUESTION: "a"})
    >>> prompt_digest(asked) == prompt_digest(asked._replace(text="<user>2+2?"))
    True
    """
    what = (prompt.id, prompt.columns[QUESTION]) if QUESTION in prompt.columns else prompt
    line = json.dumps(what, sort_keys=True, default=str)
    return int.from_bytes(hashlib.sha256(line.encode()).digest())


def prompts_fingerprint(digests: Iterable[int]) -> str:
    """Return sixteen hex digits over the prompts of a task, whatever their order: the sum of their digests.

    >>> prompts_fingerprint([1, 2]) == prompts_fingerprint([2, 1]) != prompts_fingerprint([1, 3])
    True
    """
    total = sum(digests) % 2**256
    return hashlib.sha256(total.to_bytes(32)).hexdigest()[:16]
