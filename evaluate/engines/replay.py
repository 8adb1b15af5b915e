"""Stored completions as an engine: what a run or a log of another tool holds is answered again, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ...files import dump_json, read_lines
from ..logs.log import BadRow, LogChoice
from ..logs.recognition import open_log
from ..progress import Grow, unwatched
from ..runs.lines import row_lines
from ..runs.run import Run
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
        """Return the prompts as they are.

        Raises :class:`EvaluationError` when one has no stored completion, and for a run that was generated from
        another text of a prompt, or by other settings.
        """
        self._check_asked(prompts, sampling)
        asked = [(prompt.id, sample) for prompt in prompts for sample in range(sampling.samples)]
        lacking = [one for one in asked if one not in self._stored()]
        if lacking:
            identity, sample = lacking[0]
            raise EvaluationError(
                f"{self.source} has no completion of prompt {identity!r}, sample {sample}: "
                + (self._unfinished() or f"it lacks {len(lacking):,} of the {len(asked):,} that are asked.")
            )
        return list(prompts)

    def generate(self, requests: Sequence[Request], sampling: Sampling, grow: Grow = unwatched) -> Iterator[list[Row]]:
        """Yield the stored rows in the order of ``requests``."""
        rows = self._stored()
        for start in range(0, len(requests), BATCH):
            yield [
                rows[request.prompt.id, request.sample]._replace(model=self.name)
                for request in requests[start : start + BATCH]
            ]

    def _check_asked(self, prompts: Sequence[Prompt], sampling: Sampling) -> None:
        """Check what a run says of its rows, which would pass for answers to these questions by these settings."""
        run = self._run()
        if run is None or run.manifest.sampling is None:
            return
        drawn, wanted = {**asdict(Sampling()), **run.manifest.sampling}, asdict(sampling)
        for name in sorted(wanted.keys() - {"samples"}):
            if dump_json(drawn[name]) != dump_json(wanted[name]):
                raise EvaluationError(
                    f"{self.source} was generated with {name}={drawn[name]!r}, not {wanted[name]!r}; ask by its "
                    "settings."
                )
        texts = {prompt.id: dump_json(prompt.text) for prompt in run.asked()}
        for prompt in prompts:
            if texts.get(prompt.id, "") not in ("", dump_json(prompt.text)):
                raise EvaluationError(
                    f"{self.source} answers another question {prompt.id!r} than the one that is asked; give the task "
                    "that it was asked."
                )

    def _run(self) -> Run | None:
        """Return the run that the rows are of, where they are of one."""
        folder = self.source if self.source.is_dir() else self.source.parent
        return Run.open(folder) if (folder / "manifest.json").exists() else None

    def _unfinished(self) -> str | None:
        """Return a sentence on a run that does not hold all of its own rows yet; None for any other."""
        run = self._run()
        if run is None or run.manifest.sampling is None:
            return None
        task, have = run.manifest.task, len(self._stored())
        wanted = task.prompts * {**asdict(Sampling()), **run.manifest.sampling}["samples"]
        if have >= wanted:
            return None
        early = "it was asked in random order, and ended early" if task.order is not None else "it is not finished"
        return f"{early} ({have:,} of {wanted:,} completions); finish it by its own command with --resume."

    def _stored(self) -> dict[tuple[str, int], Row]:
        if not self._rows:
            path = self.source / "completions.jsonl"
            own = path if path.is_file() or not self.source.exists() else self.source
            rows = _run_rows(own) if _is_run(own) else _log_rows(self.source)
            for row in rows:
                if self._rows.setdefault((row.prompt_id, row.sample), row) is not row:
                    raise EvaluationError(f"{own} has sample {row.sample} of prompt {row.prompt_id!r} twice.")
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
