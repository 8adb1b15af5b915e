"""lighteval (0.13): the details of a task as Parquet, a row per document with its metrics and the model's response."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...rewards.graded import Grade
from ..tasks.tables import parquet_rows
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

COLUMNS = {"doc", "metric", "model_response"}
EARLIER = {"example", "predictions", "metrics"}
"""Columns of the details of versions before 0.11."""

SHARES = ("em", "acc", "exact_match", "extractive_match", "mc_taco", "mcc_single_token", "pass@")
"""Metrics between 0 and 1, by the beginnings of their names; of others the details do not say the range."""


def is_schema(names: set[str]) -> bool:
    """Return whether a Parquet file's columns are those of details, of an earlier version too."""
    return names >= COLUMNS or names >= EARLIER


def read(path: Path, choice: LogChoice) -> Log:
    """Open a details file. The model is the folder ``details/MODEL`` that lighteval puts it in."""
    import pyarrow.parquet

    names = set(pyarrow.parquet.ParquetFile(path).schema_arrow.names)
    if not names >= COLUMNS:
        raise EvaluationError(
            f"{path} holds details of another version of lighteval (columns {', '.join(sorted(names))}); this reads "
            "those of 0.13. Read it as a table: --format table with --completion-column and --score-column."
        )
    parts = path.resolve().parent.parts
    model = "/".join(parts[parts.index("details") + 1 : -1]) if "details" in parts else ""
    metrics = Metrics("lighteval")
    first = next(iter(parquet_rows(path)), None)
    task = str(first.value["doc"].get("task_name")) if first and isinstance(first.value["doc"], Mapping) else stem(path)
    return Log(path, "lighteval", task, _rows(path, metrics), metrics, model=model or None, reference="gold")


def _rows(path: Path, metrics: Metrics) -> LogRows:
    for where, value, _ in parquet_rows(path):
        doc, response = value["doc"], value["model_response"]
        if not (isinstance(doc, Mapping) and isinstance(response, Mapping) and isinstance(doc.get("query"), str)):
            yield BadRow(where, None, "doc and model_response are not those of a document and a model's response")
        else:
            read = partial(_row, doc, response, value["metric"], where, metrics)
            yield row_or_fault(read, where, str(doc.get("id")))


def _row(doc: Mapping[str, Any], response: Mapping[str, Any], values: object, where: str, metrics: Metrics) -> LogRow:
    choices, gold = doc.get("choices") or [], doc.get("gold_index")
    golds = [place for place in (gold if isinstance(gold, list) else [gold]) if isinstance(place, int)]
    accepted = [choices[place] for place in golds if 0 <= place < len(choices)]
    columns = metadata(doc.get("specific")) | {
        "reference": accepted if len(accepted) > 1 else next(iter(accepted), None)
    }
    if len(choices) > len(golds):
        columns["choices"] = choices
    text, tokens = _text(response, choices), response.get("output_tokens")
    return LogRow(
        where,
        str(doc.get("id")),
        doc["query"],
        columns,
        text,
        dict(_grades(values, metrics)),
        question=question_hash(doc["query"], choices, golds),
        tokens=len(tokens[0]) if response.get("text") and tokens else None,
    )


def _text(response: Mapping[str, Any], choices: list[str]) -> str | None:
    """Return the first text that was generated, or the choice that has the highest log-likelihood."""
    if response.get("text"):
        return str(response["text"][0])
    likelihoods = response.get("logprobs") or []
    if len(likelihoods) != len(choices) or not choices:
        return None
    return choices[max(range(len(choices)), key=likelihoods.__getitem__)].strip()


def _grades(values: object, metrics: Metrics) -> Iterator[tuple[str, Grade]]:
    for name, value in values.items() if isinstance(values, Mapping) else ():
        number = as_number(value)
        if number is not None or value is None or isinstance(value, float):  # a text or a list is no value
            yield metrics.grade(name, number, f"{name} {value}", bounded=name.startswith(SHARES))
