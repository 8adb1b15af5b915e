"""Stored completions as an engine: what a run or a log of another tool holds is answered again, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ...files import read_lines
from ..logs.log import BadRow, LogChoice
from ..logs.recognition import open_log
from ..progress import Grow, unwatched
from ..runs.lines import row_lines
from ..types import EvaluationError, FinishReason, Prompt, Request, Row, Sampling

BATCH = 256


@dataclass
class ReplayEngine:
    """Answers from a ``completions.jsonl``, the run that holds it, or a log of one model.

    A request that is not there is an error.
    """

    name: str
    source: Path
    _rows: dict[tuple[str, int], Row] = field(default_factory=dict)

    @cached_property
    def weights(self) -> str:
        """The fingerprint of the weights that wrote the rows."""
        return next(iter(self._stored().values())).weights

    def describe(self) -> dict[str, Any]:
        """Return what the manifest keeps of this engine."""
        return {"kind": "replay", "source": str(self.source)}

    def plan(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Prompt]:
        """Return the prompts as they are; raise :class:`EvaluationError` when one has no stored completion."""
        for prompt in prompts:
            for sample in range(sampling.samples):
                if (prompt.id, sample) not in self._stored():
                    raise EvaluationError(f"{self.source} has no completion of prompt {prompt.id!r}, sample {sample}.")
        return list(prompts)

    def generate(self, requests: Sequence[Request], sampling: Sampling, grow: Grow = unwatched) -> Iterator[list[Row]]:
        """Yield the stored rows in the order of ``requests``."""
        rows = self._stored()
        for start in range(0, len(requests), BATCH):
            yield [
                rows[request.prompt.id, request.sample]._replace(model=self.name)
                for request in requests[start : start + BATCH]
            ]

    def _stored(self) -> dict[tuple[str, int], Row]:
        if not self._rows:
            path = self.source / "completions.jsonl"
            own = path if path.is_file() or not self.source.exists() else self.source
            rows = _run_rows(own) if _is_run(own) else _log_rows(self.source)
            self._rows = {(row.prompt_id, row.sample): row for row in rows}
        return self._rows


def _is_run(path: Path) -> bool:
    """Return whether a file holds rows of a run; one that is not there would."""
    if path.is_dir() or path.suffix != ".jsonl":
        return False
    return next(iter(read_lines(path))).value.keys() >= {"prompt_id", "sample", "text"}


def _run_rows(path: Path) -> Iterator[Row]:
    return (Row(**line.value) for line in row_lines(path))


def _log_rows(source: Path) -> Iterator[Row]:
    """Yield the completions of a log, as samples of their questions in order of appearance."""
    log, samples, models = open_log(source, LogChoice()), Counter[str](), set[str | None]()
    if log.tool == "table":
        raise EvaluationError(
            f"{source} is no run and no log that is known; make a run of it first: grpo-eval score {source}."
        )
    for row in log.rows:
        if isinstance(row, BadRow):
            raise EvaluationError(f"{source}, {row.where}: {row.fault}; make a run of it first, with grpo-eval score.")
        models.add(row.model)
        if len(models) > 1:
            raise EvaluationError(f"{source} holds several models; make runs of it first: grpo-eval score {source}.")
        reason: FinishReason | None = "missing" if row.text is None else row.finish
        yield Row(row.id, samples[row.id], row.text or "", reason, row.tokens, None, "", log.weights)
        samples[row.id] += 1
