"""promptfoo (``-o out.json``): a result per test, prompt and provider; every pair of the latter two is a model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ...rewards.graded import Grade
from ..json_stream import JsonStream
from ..tasks.rows import opened
from ..types import EvaluationError
from .log import BadRow, Log, LogChoice, LogRow, LogRows, Metrics, as_number, question_hash, row_or_fault, stem

VERSION = 3
ERROR = 2
"""The ``failureReason`` of a test whose provider gave no output; 1 is an assertion that failed."""


def is_header(value: Mapping[str, Any]) -> bool:
    """Return whether the first members of a JSON document are those of such a file."""
    return "evalId" in value


def read(path: Path, choice: LogChoice) -> Log:
    """Open an output file; its version stands at its beginning."""
    with opened(path) as file:
        stream, version, prompts = JsonStream(file, path), None, 1
        for name in _inside(stream):
            if name == "results":
                break
            value = stream.value()
            version = value if name == "version" else version
            prompts = len({json.dumps(one.get("label")) for one in value}) if name == "prompts" else prompts
    if version != VERSION:
        raise EvaluationError(f"{path} is of version {version} of promptfoo's results; this reads version {VERSION}.")
    metrics = Metrics("promptfoo")
    return Log(path, "promptfoo", stem(path), _Results(path, prompts, metrics).rows(), metrics)


def _inside(stream: JsonStream) -> Iterator[str]:
    """Yield the names of the members of the object ``results``."""
    for name in stream.members():
        if name == "results":
            yield from stream.members()
            return
        stream.value()


@dataclass
class _Results:
    path: Path
    prompts: int
    metrics: Metrics = field(default_factory=lambda: Metrics("promptfoo"))
    columns: dict[str, int] = field(default_factory=dict)
    """By model, the ``promptIdx``, which is the number of the pair of a provider and a prompt."""

    def rows(self) -> LogRows:
        for number, value in enumerate(self._values(), start=1):
            where = f"result {number}"
            if isinstance(value, EvaluationError):
                yield BadRow(where, None, f"it and what follows cannot be read ({value})")
            else:
                yield row_or_fault(partial(self._row, value, where), where, None)

    def _values(self) -> Iterator[Any]:
        """Yield the results, and at the end the error of the first that is no JSON."""
        with opened(self.path) as file:
            stream = JsonStream(file, self.path)
            for name in _inside(stream):
                if name != "results":
                    stream.value()
                    continue
                try:
                    yield from stream.elements()
                except EvaluationError as error:
                    yield error
                return

    def _row(self, value: Mapping[str, Any], where: str) -> LogRow:
        provider, asked, variables = value["provider"], value["prompt"]["raw"], value["vars"]
        response = value.get("response")
        output = response.get("output") if isinstance(response, Mapping) else None
        failed = value.get("failureReason") == ERROR
        return LogRow(
            where,
            str(value["testIdx"]),
            asked,
            {str(name): one for name, one in variables.items()},
            None if failed or output is None else output if isinstance(output, str) else json.dumps(output),
            dict(self._grades(value)),
            question=question_hash(variables),
            model=self._model(provider, value.get("promptIdx", 0)),
            error=str(value.get("error")) if failed else None,
        )

    def _model(self, provider: Mapping[str, Any], column: int) -> str:
        """Return the name of a pair of a provider and a prompt; two pairs of one name would be one model."""
        label = str(provider.get("label") or provider["id"])
        name = label if self.prompts == 1 else f"{label}, prompt {column + 1}"
        if self.columns.setdefault(name, column) != column:
            raise EvaluationError(
                f"{self.path}: several providers or prompts go by the name {label!r}; give each a label of its own in "
                "promptfoo's configuration and evaluate again."
            )
        return name

    def _grades(self, value: Mapping[str, Any]) -> Iterator[tuple[str, Grade]]:
        graded = value.get("gradingResult")
        reason = str(graded.get("reason")) if isinstance(graded, Mapping) else ""
        yield self.metrics.grade("success", as_number(value.get("success")), reason, bounded=True)
        named = value.get("namedScores")
        for name, score in {"score": value.get("score"), **(named if isinstance(named, Mapping) else {})}.items():
            if (number := as_number(score)) is not None:
                yield self.metrics.grade(name, number, reason)
