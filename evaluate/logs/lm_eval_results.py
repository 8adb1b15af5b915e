"""What lm-evaluation-harness's results say of the samples beside them, above all of which metrics less is better."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ...files import read_json
from ..runs.manifest import UNKNOWN
from ..tasks.tables import json_lines
from ..types import EvaluationError
from .log import stem

KEYS = {"doc_id", "doc", "resps", "filtered_resps"}
"""What every line has."""

LOWER_IS_BETTER = {
    "likelihood_diff",
    "pct_stereotype",
    "brier_score",
    "ter",
    "perplexity",
    "word_perplexity",
    "byte_perplexity",
    "bits_per_byte",
}
"""Metrics of lm-eval of which less is better, for samples whose results are silent about that."""

NO_METRICS = KEYS | {"target", "arguments", "filter", "metrics", "doc_hash", "prompt_hash", "target_hash"}

SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.:-]+)\.jsonl(?:\.gz)?")


def task_of(file: Path) -> str:
    """Return the task whose samples a file holds."""
    named = SAMPLES.fullmatch(file.name)
    return named["task"] if named else stem(file)


def metric_names(value: Mapping[str, Any]) -> list[str]:
    """Return the names of a line's metrics: those it lists, else what it has beside the keys of every line."""
    said = value.get("metrics")
    listed = [name for name in said if isinstance(name, str)] if isinstance(said, list) else []
    return listed or [name for name in value if name not in NO_METRICS]


@dataclass
class Results:
    """The results beside the samples ``files`` of one task, or of several that are read as one."""

    path: Path
    files: list[Path]

    @cached_property
    def _said(self) -> dict[Path, dict[str, Any]]:
        """What the results of the same moment say of each samples file; nothing where there are none."""
        beside = {file: _results_file(file) for file in self.files}
        read = {file: _read_results(file) for file in set(beside.values()) if file is not None}
        return {file: {} if said is None else read[said] for file, said in beside.items()}

    @property
    def weights(self) -> str:
        """The hash of the weights that all tasks name."""
        named = {_weights(said) for said in self._said.values()}
        return named.pop() if len(named) == 1 else UNKNOWN

    @property
    def names(self) -> dict[str, str]:
        """Where the model and its adapter came from."""
        arguments = _at(self._said[self.files[0]], "config", "model_args")
        arguments = arguments if isinstance(arguments, Mapping) else {}
        names = {"checkpoint": arguments.get("pretrained") or self.model, "adapter": arguments.get("peft")}
        return {key: str(value) for key, value in names.items() if value}

    @property
    def model(self) -> str | None:
        """The name of the model whose samples these are; raises :class:`EvaluationError` for those of several."""
        said = [results.get("model_name") for results in self._said.values()]
        models = list(dict.fromkeys(str(model) for model in said if model is not None))
        if len(models) > 1:
            raise EvaluationError(
                f"{self.path} holds tasks of {len(models)} models: {', '.join(models)}; give one's folder."
            )
        return models[0] if models else None

    @property
    def facts(self) -> dict[str, Any]:
        """What is said of how the samples were made; by task where the tasks differ."""
        said = {task_of(file): _facts_of(results, task_of(file)) for file, results in self._said.items()}
        first = next(iter(said.values()))
        return {
            name: first[name]
            if all(facts[name] == first[name] for facts in said.values())
            else {task: facts[name] for task, facts in said.items()}
            for name in first
            if any(facts[name] is not None for facts in said.values())
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be read before the numbers."""
        names = [f"{name} (in some tasks)" if self._is_higher_somewhere(name) else name for name in self.lower]
        return (f"{self.path}: lower is better for {', '.join(names)}: left out.",) if names else ()

    def _is_higher_somewhere(self, name: str) -> bool:
        return any(
            _at(results, "higher_is_better", task_of(file), name) is True for file, results in self._said.items()
        )

    @cached_property
    def lower(self) -> list[str]:
        """The metrics of which less is better in any task: their changes would be read the wrong way round."""
        return list(dict.fromkeys(name for file in self.files for name in self._lower_of(file)))

    def _lower_of(self, file: Path) -> list[str]:
        """Return what the results call lower-is-better, and where they are silent what lm-eval is known to."""
        said = _at(self._said[file], "higher_is_better", task_of(file))
        said = said if isinstance(said, Mapping) else {}
        first = next((row.value for row in json_lines(file) if not row.fault), {})
        silent = [name for name in metric_names(first) if name in LOWER_IS_BETTER and said.get(name) is None]
        return [name for name, higher in said.items() if higher is False] + silent


def _results_file(file: Path) -> Path | None:
    """Return the results file of the same moment as a samples file; None where there is none."""
    named = SAMPLES.fullmatch(file.name)
    results = file.with_name(f"results_{named['date']}.json") if named else None
    return results if results is not None and results.is_file() else None


def _read_results(file: Path) -> dict[str, Any]:
    try:
        said = read_json(file)
    except (OSError, ValueError) as error:
        raise EvaluationError(f"cannot read {file}: {error}; mend it, or move it away.") from None
    return said if isinstance(said, dict) else {}


def _at(results: Mapping[str, Any], *path: str) -> Any:
    """Return what the results say at a path of keys; None where they say nothing."""
    value: Any = results
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _weights(results: Mapping[str, Any]) -> str:
    """Return the hash of the weights, and the adapter's where there is one."""
    names = ("model_sha", "peft_sha") if _at(results, "config", "model_args", "peft") else ("model_sha",)
    shas = [_at(results, "config", name) for name in names]
    return "+".join(map(str, shas)) if all(shas) else UNKNOWN


def _facts_of(results: Mapping[str, Any], task: str) -> dict[str, Any]:
    return {
        "version": results.get("lm_eval_version"),
        "shots": _at(results, "n-shot", task),
        "template": results.get("chat_template_sha"),
        "system": results.get("system_instruction_sha"),
        "dtype": _at(results, "config", "model_dtype"),
        "generation": _at(results, "configs", task, "generation_kwargs"),
        "overrides": _at(results, "config", "gen_kwargs") or None,
    }
