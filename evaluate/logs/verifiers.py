"""verifiers (up to 0.2): a line per rollout, with a key per reward function, and metadata in a file beside it.

The key ``id`` is a place in one run and stands beside other prompts in another, so the prompt tells the question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...files import parse_json, read_json
from ...rewards.graded import Grade
from ...rewards.text import Text
from ..runs.lines import is_text
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
    row_or_fault,
    stem,
)

KEYS = {"prompt", "completion", "reward"}
MARKS = {"task", "info", "generation_ms", "scoring_ms", "example_id"}
"""Keys of which a rollout has at least one, and a table of prompts, completions and rewards hardly any."""

NO_METRICS = KEYS | MARKS | {"id", "answer", "total_ms", "is_completed", "is_truncated", "stop_condition", "error"}


def is_row(row: Mapping[str, Any]) -> bool:
    """Return whether a row is a rollout."""
    return row.keys() >= KEYS and bool(row.keys() & MARKS)


def read(path: Path, choice: LogChoice) -> Log:
    """Open a results file, or the folder that holds it."""
    file = path / "results.jsonl" if path.is_dir() else path
    about = _metadata(file)
    metrics = Metrics("verifiers")
    model, environment = about.get("model"), about.get("env") or about.get("env_id")
    sampling = about.get("sampling_args")
    return Log(
        path,
        "verifiers",
        str(environment or stem(file)),
        _rows(file, metrics),
        metrics,
        model=None if model is None else str(model),
        reference="answer",
        facts={"generation": sampling} if sampling else {},
        names={} if model is None else {"checkpoint": str(model)},
    )


def _metadata(file: Path) -> Mapping[str, Any]:
    """Return what the file of metadata beside the results says; nothing where there is none."""
    for beside in (file.with_name(f"{stem(file)}.metadata.json"), file.with_name("metadata.json")):
        if beside.is_file():
            try:
                said = read_json(beside)
            except (OSError, ValueError) as error:
                raise EvaluationError(f"cannot read {beside}: {error}; mend it, or move it away.") from None
            return said if isinstance(said, Mapping) else {}
    return {}


def _rows(file: Path, metrics: Metrics) -> LogRows:
    for where, value, torn in json_lines(file):
        if fault := torn or _fault(value):
            yield BadRow(where, None if torn else str(value.get("id")), fault)
        else:
            yield row_or_fault(partial(_row, value, where, metrics), where, str(value.get("id")))


def _fault(value: Mapping[str, Any]) -> str | None:
    """Say what keeps a line from being a rollout; None where nothing does."""
    if lacking := sorted(KEYS - value.keys()):
        return f"no {' and no '.join(map(repr, lacking))}, which verifiers' rollouts have"
    return None if is_text(value["prompt"]) else f"its prompt is {value['prompt']!r:.80}"


def _row(value: Mapping[str, Any], where: str, metrics: Metrics) -> LogRow:
    prompt, completion, error = value["prompt"], _spoken(value["completion"]), value.get("error")
    identity = question_hash(prompt, value.get("answer"))
    return LogRow(
        where,
        identity,
        prompt,
        metadata(value.get("info")) | {"reference": value.get("answer")},
        None if error else completion,
        dict(_grades(value, metrics)),
        question=identity,
        finish="length" if value.get("is_truncated") is True else None,
        error=str(error) if error else None,
    )


def _spoken(completion: Any) -> Text | None:
    """Return a completion whose tool calls, which stand there as JSON in texts, are objects."""
    if not is_text(completion):
        return None
    if isinstance(completion, str):
        return completion
    return [_message(message) for message in completion]


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in message.items() if value is not None}
    calls = kept.get("tool_calls")
    if isinstance(calls, list):
        kept["tool_calls"] = [parse_json(call.encode()) if isinstance(call, str) else call for call in calls]
    return kept


def _grades(value: Mapping[str, Any], metrics: Metrics) -> Iterator[tuple[str, Grade]]:
    """Yield the reward, which a rollout has even where its value is missing, and the numbers beside it."""
    for name in ("reward", *(name for name in value if name not in NO_METRICS)):
        number = None if isinstance(value[name], str) else as_number(value[name])
        if number is not None or name == "reward" or isinstance(value[name], float):
            yield metrics.grade(name, number, f"{name} {value[name]}")
