"""Stored completions as an engine: what was generated once is answered again, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ...files import read_lines
from ..types import EvaluationError, Prompt, Request, Row, Sampling

BATCH = 256


@dataclass
class ReplayEngine:
    """Answers from a ``completions.jsonl`` (or the run that holds it); a request that is not there is an error."""

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

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Row]]:
        """Yield the stored rows in the order of ``requests``."""
        rows = self._stored()
        for start in range(0, len(requests), BATCH):
            yield [
                rows[request.prompt.id, request.sample]._replace(model=self.name)
                for request in requests[start : start + BATCH]
            ]

    def _stored(self) -> dict[tuple[str, int], Row]:
        if not self._rows:
            path = self.source / "completions.jsonl" if self.source.is_dir() else self.source
            for line in read_lines(path):
                row = _row(line.value, path, line.number)
                self._rows[row.prompt_id, row.sample] = row
        return self._rows


def _row(value: dict[str, Any], path: Path, number: int) -> Row:
    try:
        return Row(**value)
    except TypeError:
        raise EvaluationError(
            f"{path}, line {number}: not a row of a run; its keys are {', '.join(value)}. For completions of other "
            "tools use: grpo-eval score FILE."
        ) from None
