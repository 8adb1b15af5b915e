"""lm-evaluation-harness (``--log_samples``): a line per document and filter, with the run's results beside it.

Read as version 0.4.13 writes them. Every response stands there once per filter, so that one filter must be chosen.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from ...errors import nearest
from ...rewards.graded import Grade
from ...rewards.text import Text
from ..tasks.tables import json_lines
from ..types import EvaluationError
from .lm_eval_results import KEYS, SAMPLES, Results, metric_names, task_of
from .log import (
    BadRow,
    Log,
    LogChoice,
    LogRow,
    LogRows,
    Metrics,
    as_number,
    metadata,
    question_hash,
    refuse_several,
    row_or_fault,
)

SHARES = {"acc", "acc_norm", "acc_mutual_info", "acc_bytes", "exact_match", "em", "mc1", "mc2"}
"""Metrics between 0 and 1; of others the log does not say the range."""


def is_row(row: Mapping[str, Any]) -> bool:
    """Return whether a row is a line of such a log."""
    return row.keys() >= KEYS


def sample_files(folder: Path) -> list[Path]:
    """Return the samples files in a folder, or in the folder of a model that it holds."""
    return sorted(file for depth in ("*", "*/*") for file in folder.glob(f"{depth}.jsonl*") if SAMPLES.match(file.name))


def read(path: Path, choice: LogChoice) -> Log:
    """Open a samples file, or the folder that holds it."""
    files = _chosen(path, choice.task) if path.is_dir() else [path]
    return _Samples(path, files, choice.filter).log()


def _chosen(folder: Path, task: str | None) -> list[Path]:
    """Return the samples files of the one task in a folder, or of those whose names fit a pattern."""
    tasks: defaultdict[str, list[Path]] = defaultdict(list)
    for file in sample_files(folder):
        tasks[task_of(file)].append(file)
    names = [name for name in tasks if task is None or fnmatchcase(name, task)]
    if not names:
        raise EvaluationError(f"{folder} holds no task {task!r}. {nearest(task or '', list(tasks))}")
    if task is None and len(names) > 1:
        raise refuse_several(folder, "tasks", names, "--task")
    for name in names:
        if len(tasks[name]) > 1:
            written = " or ".join(map(str, tasks[name]))
            raise EvaluationError(f"{folder} holds {len(tasks[name])} logs of task {name!r}; give one: {written}.")
    return [tasks[name][0] for name in names]


@dataclass
class _Samples:
    """The samples files of one task, or of several that are read as one."""

    path: Path
    files: list[Path]
    filter: str | None
    first: str | None = None
    metrics: Metrics = field(default_factory=lambda: Metrics("lm_eval"))

    def log(self) -> Log:
        said = self.results
        return Log(
            self.path,
            "lm_eval",
            "+".join(map(task_of, self.files)),
            self._rows(),
            self.metrics,
            model=said.model,
            weights=said.weights,
            reference="target",
            facts=said.facts,
            names=said.names,
            notes=said.notes,
        )

    @cached_property
    def results(self) -> Results:
        """What the results beside the samples say."""
        return Results(self.path, self.files)

    def _rows(self) -> LogRows:
        kept = 0
        for file in self.files:
            for place, value, torn in json_lines(file):
                where = place if len(self.files) == 1 else f"{file.name}, {place}"
                if fault := torn or _fault(value):
                    yield BadRow(where, str(value["doc_id"]) if "doc_id" in value else None, fault)
                elif self._is_wanted(value, file):
                    kept += 1
                    yield row_or_fault(partial(self._row, value, where, file), where, str(value["doc_id"]))
        if self.filter is not None and not kept:
            names = self._filters(self.files[0])
            raise EvaluationError(f"{self.path} has no row of filter {self.filter!r}. {nearest(self.filter, names)}")

    def _is_wanted(self, value: Mapping[str, Any], file: Path) -> bool:
        name = str(value.get("filter", "none"))
        if self.filter is not None:
            return name == self.filter
        self.first = self.first or name
        if name != self.first:
            raise refuse_several(file, "filters", self._filters(file), "--filter")
        return True

    def _filters(self, file: Path) -> list[str]:
        return list(dict.fromkeys(str(row.value.get("filter", "none")) for row in json_lines(file) if not row.fault))

    def _row(self, value: Mapping[str, Any], where: str, file: Path) -> LogRow:
        asked = _requests(value)
        options = [continuation for _, continuation in asked if isinstance(continuation, str)]
        text = _choice(value["resps"], options) if options else _first(value["resps"])
        target: object = value.get("target")
        if options and isinstance(target, str) and target.isdecimal():
            target = int(target)  # the place of the right choice, which is written as a text
        columns = metadata(value["doc"]) | {"reference": target}
        if len(options) > 1:
            columns["choices"] = [option.strip() for option in options]
        return LogRow(
            where,
            str(value["doc_id"]) if len(self.files) == 1 else f"{task_of(file)}:{value['doc_id']}",
            asked[0][0],
            columns if len(self.files) == 1 else columns | {"task": task_of(file)},
            text,
            dict(self._grades(value)),
            question=question_hash(
                value.get("doc_hash") or question_hash(value["doc"]), value.get("target_hash") or value.get("target")
            ),
        )

    def _grades(self, value: Mapping[str, Any]) -> Iterator[tuple[str, Grade]]:
        kind = value.get("filter", "none")
        suffix = "" if kind == "none" else f"[{kind}]"
        for name in metric_names(value):
            if name not in self.results.lower and _is_single(value.get(name)):
                number = as_number(value.get(name))
                said = f"{name} of {_shown(value['filtered_resps'])}"
                # A value that is missing says nothing against a range.
                bounded = number is None or name in SHARES or isinstance(value[name], bool)
                yield self.metrics.grade(f"{name}{suffix}", number, said, bounded=bounded)


def _is_single(value: object) -> bool:
    """Return whether a metric's value is a number or a missing one; a list is for the metric of the whole task."""
    return value in (None, "nan") or isinstance(value, float) or as_number(value) is not None


def _fault(value: Mapping[str, Any]) -> str | None:
    """Say what keeps a line from being a sample; None where nothing does."""
    if lacking := sorted(KEYS - value.keys()):
        return f"no {' and no '.join(map(repr, lacking))}, which lm-eval's samples have"
    if not _requests(value):
        return f"its prompt is not where version 0.4.13 has it: arguments is {value.get('arguments')!r:.80}"
    return None if isinstance(value["resps"], list) and value["resps"] else "it has no response"


def _requests(value: Mapping[str, Any]) -> list[tuple[Text, Any]]:
    """Return what was asked, request by request: the prompt, and a continuation or the settings of generation."""
    said = value.get("arguments")
    requests = list(said.values()) if isinstance(said, Mapping) else said if isinstance(said, list) else []
    pairs = []
    for request in requests:
        parts = [request.get("arg_0"), request.get("arg_1")] if isinstance(request, Mapping) else request
        if not isinstance(parts, list) or len(parts) < 2 or (prompt := _prompt(parts[0])) is None:
            return []
        pairs.append((prompt, parts[1]))
    return pairs


def _prompt(value: object) -> Text | None:
    """Return a prompt: a text, or the messages that were sent to a chat endpoint, which stand in it as JSON."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        return None
    if value.startswith("[{"):
        try:
            messages = json.loads(value)
        except ValueError:
            return value
        if all(isinstance(one, dict) and "role" in one for one in messages):
            return list(messages)
    return value


def _first(responses: Any) -> str | None:
    """Return the first response: where a document is asked several times, its metrics are those of all of them."""
    while isinstance(responses, list):
        responses = responses[0] if responses else None
    return responses if isinstance(responses, str) else None


def _choice(responses: Any, options: Sequence[str]) -> str:
    """Return the option with the highest log-likelihood; of a single continuation, which nobody chose, nothing."""
    likelihoods = [as_number(_first(response)) for response in responses]
    if len(options) < 2 or len(likelihoods) != len(options) or None in likelihoods:
        return ""
    return options[max(range(len(options)), key=lambda at: likelihoods[at] or 0.0)].strip()


def _shown(filtered: Any) -> str:
    answer = filtered[0] if isinstance(filtered, list) and len(filtered) == 1 else None
    return repr(answer)[:80] if isinstance(answer, str) else "the choices' log-likelihoods"
