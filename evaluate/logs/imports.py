"""Runs out of logs: one per model that a log holds, scored by the grades that are there and by rewards beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import nearest
from ...files import write_lines
from ...names import folder_names
from ...rewards import RewardMix
from ...rewards.fault_isolation import UNWATCHED, Calls
from ...rewards.graded import Graded
from ...rewards.text import NoReferenceError
from ..environment import environment
from ..evaluation import claim, command_line, now, require_clusters
from ..paired.doubts import SHOWN
from ..paired.summary import TOTAL
from ..progress import Advance, unwatched
from ..runs.manifest import PLACED, QUESTION, Manifest, TaskRecord, prompt_digest, prompts_fingerprint
from ..runs.run import Run
from ..scoring import check_primary, check_without_prompts, mix_record, primary_of, score_run, try_mix
from ..types import EvaluationError, Prompt
from .external_sort import Answers, Grouping
from .flat import TABLE
from .log import BadRow, Log, LogRow

UNNAMED = "model"
"""The model's name when nothing names it."""


@dataclass(frozen=True)
class Grading:
    """How the completions of logs are scored: ``mix`` beside the grades that they have, None for these alone.

    ``primary`` names the metric whose verdict counts, by default the first that the log has. Rows that cannot be read
    are an error, or with ``skip_bad_rows`` left out and counted. Questions with one value in the column ``cluster`` are
    one cluster.
    """

    mix: RewardMix | None
    primary: str | None = None
    skip_bad_rows: bool = False
    advance: Advance = unwatched
    calls: Calls = UNWATCHED
    cluster: str | None = None


def import_log(log: Log, grading: Grading, out: Path, name: str | None = None) -> list[Run]:
    """Make a run per model out of a log and score it; ``name`` takes the place of the model's own.

    One model's run is ``out`` itself; several are in ``out/MODEL``. Memory stays flat as rows grow. Raises
    :class:`EvaluationError` for a row that cannot be read, for a log without completions, and for one without grades
    where no reward is to score it.
    """
    return _Import(log, grading, name).write(out)


@dataclass
class _Import:
    log: Log
    grading: Grading
    name: str | None
    rows: int = 0
    bad: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    errors: int = 0
    clusters: set[str] = field(default_factory=set)

    def write(self, out: Path) -> list[Run]:
        with Grouping() as grouping:
            for row in self.log.rows:
                self._take(row, grouping)
            models = grouping.models()
            notes = self._notes()
            self._check(models)
            mix, primary = self._mix()
            if not self.log.asked:
                check_without_prompts(mix, str(self.log.path))
            self._try(mix, next(models[0].prompts()))
            names = [self._name_of(answers) for answers in models]
            claim(out)
            folders = [out] if len(models) == 1 else [out / folder for folder in folder_names(names)]
            for answers, folder, name in zip(models, folders, names, strict=True):
                self._write(folder, answers, name, mix, primary, notes)
        runs = [Run.open(folder) for folder in folders]
        for run in runs:
            score_run(run, mix, self.grading.advance, self.grading.calls)
        return runs

    def _try(self, mix: RewardMix, prompt: Prompt) -> None:
        """Try the mix; where it lacks a reference that a table may have under any name, say how that is named."""
        try:
            try_mix(mix, prompt, None, self.log.reference, self.grading.calls)
        except NoReferenceError:
            if self.log.tool != TABLE:
                raise
            said = "a reward compares with the reference; name its column with --reference-column."
            raise EvaluationError(f"{self.log.path}: {said}") from None

    def _take(self, row: LogRow | BadRow, grouping: Grouping) -> None:
        if isinstance(row, BadRow):
            place = row.where if row.id is None else f"{row.where}, id {row.id}"
            if not self.grading.skip_bad_rows:
                raise EvaluationError(
                    f"{self.log.path}, {place}: {row.fault}. Mend it, or leave such rows out with --skip-bad-rows."
                )
            self.bad.append(f"{place}: {row.fault}")
            return
        self.rows += 1
        self._note_cluster(row)
        if row.text is None:
            self.missing.append(f"{row.where}, id {row.id}" + (f": {row.error:.100}" if row.error else ""))
            self.errors += row.error is not None
        columns = row.columns if row.question is None else {**row.columns, QUESTION: row.question}
        model = next(name for name in (row.model, self.log.model, UNNAMED) if name is not None)
        if not grouping.add(model, Prompt(row.id, row.prompt, columns), row):
            raise EvaluationError(
                f"{self.log.path}: rows of id {row.id!r} and model {model!r} differ in prompt or reference; give the "
                "column that tells questions apart with --id-column."
            )

    def _note_cluster(self, row: LogRow) -> None:
        """Keep two of the clusters, which says that there are several."""
        column = self.grading.cluster
        if column is None or len(self.clusters) > 1:
            return
        if column not in row.columns:
            hint = nearest(column, list(row.columns))
            raise EvaluationError(f"{self.log.path}: no column {column!r} for --cluster-column. {hint}")
        self.clusters.add(str(row.columns[column]))

    def _check(self, models: list[Answers]) -> None:
        if not models:
            raise EvaluationError(f"{self.log.path} holds no row that can be read.")
        if self.grading.cluster is not None:
            require_clusters(self.clusters, self.grading.cluster, str(self.log.path))
        if self.errors and len(self.missing) == self.rows:
            raise EvaluationError(
                f"{self.log.path}: none of its {self.rows:,} outputs is there ({self.missing[0]}); ask the model again."
            )
        if self.name is not None and len(models) > 1:
            held = ", ".join(answers.model for answers in models)
            raise EvaluationError(f"{self.log.path} holds {len(models)} models ({held}): leave out {self.name}=.")

    def _notes(self) -> list[str]:
        notes = list(self.log.notes)
        if self.bad:
            total = self.rows + len(self.bad)
            notes.append(f"{self.log.path}: {len(self.bad):,} of {total:,} rows left out ({_first(self.bad)}).")
        if self.missing:
            some = f"{len(self.missing):,} of {self.rows:,} outputs are missing ({_first(self.missing)})"
            notes.append(f"{self.log.path}: {some}: not applicable.")
        return notes

    def _mix(self) -> tuple[RewardMix, str]:
        """Return the grades and the rewards as one mix; of the grades only the primary metric counts in the total."""
        own, wanted = self.grading.mix, self.grading.primary
        names = self.log.metrics.names
        if own is None and not names:
            why = "".join(f" ({note.rstrip('.')})" for note in self.log.notes)
            raise EvaluationError(
                f"{self.log.path} has no grades{why}; give what to score it by: --rewards correctness."
            )
        graded = [Graded(name, *(self.log.metrics.range(name) or (None, None))) for name in names]
        rewards, weights, layout = (own.rewards, own.weights, own.layout) if own else ((), (), None)
        mix = RewardMix([*graded, *rewards], [0.0] * len(graded) + list(weights), layout)
        if wanted is not None:
            check_primary(mix, wanted, "--primary ")
        if wanted == TOTAL and own is None:
            raise EvaluationError(f"--primary {TOTAL}: grades of a log have no weights; name one, such as {names[0]}.")
        primary = primary_of(mix, wanted)
        return RewardMix(mix.rewards, [*(float(name == primary) for name in names), *weights], layout), primary

    def _name_of(self, answers: Answers) -> str:
        return self.name or answers.model

    def _write(self, folder: Path, answers: Answers, name: str, mix: RewardMix, primary: str, notes: list[str]) -> None:
        log = self.log
        folder.mkdir(parents=True, exist_ok=True)
        write_lines(folder / "prompts.jsonl", (prompt._asdict() for prompt in answers.prompts()))
        write_lines(folder / "completions.jsonl", (row.to_json() for row in answers.rows(name, log.weights)))
        source, first = str(log.path), next(answers.prompts())
        engine: dict[str, Any] = {"kind": "log", "tool": log.tool, "file": source, "file_digest": answers.digest}
        if QUESTION in first.columns:
            texts = (Prompt(prompt.id, prompt.text, {}) for prompt in answers.prompts())
            engine["prompts"] = prompts_fingerprint(map(prompt_digest, texts))
        if log.placed:
            engine[PLACED] = True
        if notes:
            engine["notes"] = notes
        Manifest(
            model=name,
            weights=log.weights,
            task=TaskRecord(
                log.task,
                primary,
                self.grading.cluster,
                answers.fingerprint,
                answers.questions,
                source,
                log.reference,
            ),
            mix=mix_record(mix),
            sampling=None,
            engine={**engine, **log.facts, **log.names},
            environment=environment(),
            command=command_line(),
            created=now(),
        ).write(folder)


def _first(places: list[str]) -> str:
    return "; ".join(places[:SHOWN]) + ("; …" if len(places) > SHOWN else "")
