"""A metric of a task of lm-evaluation-harness as a reward."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...rewards.reward import Batch, Judgement, Range, Reward
from ...rewards.text import RewardError, Text, normalise


@dataclass(frozen=True)
class LmEvalMetric(Reward):
    """What lm-evaluation-harness makes of one answer to one document, by one of a task's metrics behind a filter.

    The library's own filter and ``process_results`` are called; a text is cut at the task's stop strings before. The
    row says which task and document (as the rows of ``lm_eval:`` tasks do). ``digest`` stands for the task's settings
    and the library's version, so that other ones count as another reward.

    Range unknown, and [0, 1] for ``acc``, ``acc_norm`` and ``exact_match``. None where the metric says no number of the
    document, and for an answer of the wrong kind.
    """

    metric: str
    filter: str = "none"
    digest: str = ""

    name: ClassVar[str] = "lm_eval_metric"

    @property
    def __name__(self) -> str:
        """The metric's own name, and its filter where it has one, as the library's logs are read."""
        return self.metric if self.filter == "none" else f"{self.metric}[{self.filter}]"

    @property
    def range(self) -> Range:
        """From 0 to 1 for shares of right answers; unknown for all else."""
        share = self.metric in ("acc", "acc_norm", "acc_bytes", "exact_match")
        return Range(0.0, 1.0) if share else Range(-math.inf, math.inf)

    def judge(self, batch: Batch) -> list[Judgement]:
        """Return one judgement per completion, in order."""
        from .lm_eval import DOCUMENT, SPLIT, TASK, Metric, values

        for column in (TASK, SPLIT, DOCUMENT):
            if column not in batch.columns:
                raise RewardError(f"{self.__name__} judges rows of lm_eval: tasks, which have a column {column!r}.")
        answers = [_answer(raw) for raw in batch.raw]
        found = values(Metric(self.metric, self.filter), batch, answers)
        return [_judgement(value) for value in found]


def _answer(raw: Text) -> Any:
    """Return a completion as the library has it: a text, or the log-probabilities of the choices."""
    last = raw[-1] if isinstance(raw, Sequence) and not isinstance(raw, str) and raw else {}
    choices = last.get("choices") if not isinstance(last, str) else None
    if choices is None:
        return raw if isinstance(raw, str) else normalise(raw).text
    return [float(choice["logprob"]) for choice in choices]


def _judgement(value: float | None) -> Judgement:
    if value is None or not math.isfinite(value):
        return Judgement(None, "no number", "the metric says no number of this document")
    return Judgement(value, {0.0: "wrong", 1.0: "correct"}.get(value, "judged"), f"{value:.4g}")
