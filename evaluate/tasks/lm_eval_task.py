"""A task of lm-evaluation-harness as a task of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .card import Task
from .filters import NumberedRow, Sieve
from .lm_eval import CHOICES, DOCUMENT, PROMPT, TARGET, digest, in_one_line, load, metrics, rows, sampling
from .lm_eval_metric import LmEvalMetric
from .shots import NO_EXAMPLES, Examples
from .sources import Source


class LmEvalTask(Task):
    """Rows and prompts are the library's own: prompts are texts, without the model's chat template.

    ``shots`` takes the place of the task's ``num_fewshot``, and ``system`` is the library's system instruction.
    """

    def rows(self, split: str, data: Path | None, sieve: Sieve) -> Iterator[NumberedRow]:
        """Yield the rows of a split that the sieve keeps; ``data`` holds such rows in a local file."""
        if data is not None:
            return super().rows(split, data, sieve)
        shots = None if self.shots is None else self.shots.count
        return sieve.keep(rows(str(self.source.config), split, shots, self.system))

    def examples(self, split: str, data: Path | None = None) -> Examples:
        """Return none: the library puts its examples into the prompt."""
        return NO_EXAMPLES

    def _plain(self, row: Mapping[str, Any], examples: Examples) -> str:
        return str(self._column(row, PROMPT))


def lm_eval_task(name: str, *, allow_code: bool = False) -> LmEvalTask:
    """Return the task ``name`` of the library, or the one of a YAML file; raises what loading it raises.

    Its rewards are its metrics; the first one has the weight 1 and gives the verdict, the others are measured.
    """
    with in_one_line(name):
        return _built(name, load(name, allow_code=allow_code))


def _built(name: str, task: Any) -> LmEvalTask:
    settings = digest(name)
    judges = [LmEvalMetric(one.name, one.filter, settings) for one in metrics(task)]
    path = f"{LmEvalMetric.__module__}:{LmEvalMetric.__qualname__}"
    parts = [f"{path}(metric={one.metric!r},filter={one.filter!r},digest={settings!r})" for one in judges]
    choices = CHOICES if task.OUTPUT_TYPE == "multiple_choice" else None
    return LmEvalTask(
        name=f"lm_eval:{name}",
        description=f"The task {name} of lm-evaluation-harness.",
        source=Source(generator="lm_eval", config=name, splits={"train": "train", "test": "test"}),
        user=f"{{{PROMPT}}}",
        chat=False,
        choices=choices,
        reference=TARGET,
        id=DOCUMENT,
        rewards=",".join(f"{part}={0 if place else 1}" for place, part in enumerate(parts)),
        primary=judges[0].__name__,
        **({} if choices else sampling(task)),
    )
