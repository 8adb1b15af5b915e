"""lm-evaluation-harness (``--log_samples``): a line per document and filter, with the run's results beside it.

Read as version 0.4.13 writes them. Every response stands there once per filter, so that one filter must be chosen.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from ...errors import nearest
from ...files import read_json
from ...rewards.graded import Grade
from ...rewards.text import Text
from ..runs.manifest import UNKNOWN
from ..tasks.tables import json_lines
from ..types import EvaluationError
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
    stem,
)

KEYS = {"doc_id", "doc", "resps", "filtered_resps"}
"""What every line has."""

SHARES = {"acc", "acc_norm", "acc_mutual_info", "acc_bytes", "exact_match", "em", "mc1", "mc2"}
"""Metrics between 0 and 1; of others the log does not say the range."""

NO_METRICS = KEYS | {"target", "arguments", "filter", "metrics", "doc_hash", "prompt_hash", "target_hash"}

_NAME = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.:-]+)\.jsonl(?:\.gz)?")


def is_row(row: Mapping[str, Any]) -> bool:
    """Return whether a row is a line of such a log."""
    return row.keys() >= KEYS


def sample_files(folder: Path) -> list[Path]:
    """Return the samples files in a folder, or in the folder of a model that it holds."""
    return sorted(file for depth in ("*", "*/*") for file in folder.glob(f"{depth}.jsonl*") if _NAME.match(file.name))


def read(path: Path, choice: LogChoice) -> Log:
    """Open a samples file, or the folder that holds it."""
    files = _chosen(path, choice.task) if path.is_dir() else [path]
    return _Samples(path, files, choice.filter).log()


def _chosen(folder: Path, task: str | None) -> list[Path]:
    """Return the samples files of the one task in a folder, or of those whose names fit a pattern."""
    tasks: defaultdict[str, list[Path]] = defaultdict(list)
    for file in sample_files(folder):
        tasks[_task(file)].append(file)
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


def _task(file: Path) -> str:
    named = _NAME.fullmatch(file.name)
    return named["task"] if named else stem(file)


@dataclass
class _Samples:
    """The samples files of one task, or of several that are read as one."""

    path: Path
    files: list[Path]
    filter: str | None
    first: str | None = None
    metrics: Metrics = field(default_factory=lambda: Metrics("lm_eval"))

    def log(self) -> Log:
        arguments = self._said("config", "model_args")
        arguments = arguments if isinstance(arguments, Mapping) else {}
        model, adapter = self.results.get("model_name"), arguments.get("peft")
        names = {"checkpoint": arguments.get("pretrained") or model, "adapter": adapter}
        return Log(
            self.path,
            "lm_eval",
            _task(self.files[0]) if len(self.files) == 1 else "+".join(map(_task, self.files)),
            self._rows(),
            self.metrics,
            model=None if model is None else str(model),
            weights=self._weights(adapter),
            reference="target",
            facts=self._facts(),
            names={key: str(value) for key, value in names.items() if value},
            notes=self._notes(),
        )

    @cached_property
    def results(self) -> dict[str, Any]:
        """What the results file of the same moment says; nothing where there is none."""
        named = _NAME.fullmatch(self.files[0].name)
        file = self.files[0].with_name(f"results_{named['date']}.json") if named else None
        if file is None or not file.is_file():
            return {}
        try:
            said = read_json(file)
        except (OSError, ValueError) as error:
            raise EvaluationError(f"cannot read {file}: {error}; mend it, or move it away.") from None
        return said if isinstance(said, dict) else {}

    def _said(self, *path: str) -> Any:
        """Return what stands at a path of keys in the results; None where nothing does."""
        value: Any = self.results
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def _weights(self, adapter: object) -> str:
        shas = [self._said("config", name) for name in (("model_sha", "peft_sha") if adapter else ("model_sha",))]
        return "+".join(map(str, shas)) if all(shas) else UNKNOWN

    def _facts(self) -> dict[str, Any]:
        task = _task(self.files[0])
        facts = {
            "version": self.results.get("lm_eval_version"),
            "shots": self._said("n-shot", task),
            "template": self.results.get("chat_template_sha"),
            "system": self.results.get("system_instruction_sha"),
            "dtype": self._said("config", "model_dtype"),
            "generation": self._said("configs", task, "generation_kwargs"),
            "overrides": self._said("config", "gen_kwargs") or None,
        }
        return {name: value for name, value in facts.items() if value is not None}

    def _notes(self) -> tuple[str, ...]:
        return (f"{self.path}: lower is better for {', '.join(self.lower)}: left out.",) if self.lower else ()

    @cached_property
    def lower(self) -> list[str]:
        """The metrics of which less is better: their changes would be read the wrong way round."""
        said = self._said("higher_is_better", _task(self.files[0]))
        return [name for name, higher in said.items() if higher is False] if isinstance(said, Mapping) else []

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
            str(value["doc_id"]) if len(self.files) == 1 else f"{_task(file)}:{value['doc_id']}",
            asked[0][0],
            columns if len(self.files) == 1 else columns | {"task": _task(file)},
            text,
            dict(self._grades(value)),
            question=question_hash(
                value.get("doc_hash") or question_hash(value["doc"]), value.get("target_hash") or value.get("target")
            ),
        )

    def _grades(self, value: Mapping[str, Any]) -> Iterator[tuple[str, Grade]]:
        kind = value.get("filter", "none")
        suffix = "" if kind == "none" else f"[{kind}]"
        for name in value.get("metrics") or [name for name in value if name not in NO_METRICS]:
            number = as_number(value.get(name))
            if name not in self.lower and number is not None:
                said = f"{name} of {_shown(value['filtered_resps'])}"
                bounded = name in SHARES or isinstance(value[name], bool)
                yield self.metrics.grade(f"{name}{suffix}", number, said, bounded=bounded)


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
