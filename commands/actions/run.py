"""``grpo-eval run``: generate with every model, score, compare."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ...errors import nearest
from ...evaluate.by_looks import ask_by_looks, looks_of
from ...evaluate.engines import Loading
from ...evaluate.engines.spec import parse_models
from ...evaluate.evaluation import Evaluation, check_free, require_clusters, task_record
from ...evaluate.order import shuffled
from ...evaluate.paired.stages import decided
from ...evaluate.paired.subgroups import group_names
from ...evaluate.progress import Advance
from ...evaluate.runs.manifest import Manifest
from ...evaluate.runs.run import run_folders
from ...evaluate.runs.shards import Shard
from ...evaluate.tasks import is_packaged
from ...evaluate.types import Prompt
from ...names import folder_names
from ..ending import OK
from ..options import (
    EndpointOptions,
    SamplingOptions,
    ScoringOptions,
    UsageError,
    VllmOptions,
)
from ..output import output_folder
from ..progress import Bars, progress
from ..report_options import ReportOptions
from ..results import show_results
from ..stopping import StopOptions
from ..targets import check_outputs
from ..task_options import TaskOptions
from .models import ModelOptions, Models, Work, report_refusals


@dataclass(frozen=True)
class Job:
    """An evaluation as the command line asks for it."""

    models: ModelOptions
    asked: TaskOptions
    cluster: str | None
    loading: Loading
    vllm: VllmOptions
    endpoints: EndpointOptions
    sampling: SamplingOptions
    scoring: ScoringOptions
    report: ReportOptions
    stopping: StopOptions

    def run(self) -> int:
        """Evaluate every model and show the results."""
        if self.models.resume and self.models.out is None:
            raise UsageError("--resume needs --out, the folder of the run to go on with.")
        models = self.chosen_models()
        specs = models.specs
        self.stopping.check(specs)
        check_outputs(self.report.outputs, self.models.out, {"--data": self.asked.data})
        names = folder_names([spec.name for spec in specs])
        evaluation = self.evaluation()
        if self.stopping.early:
            looks_of(evaluation)
        if self.report.by is not None:
            group_names(evaluation.prompts, self.report.by)
        if self.models.resume and self.models.out is not None and not _begun(self.models.out):
            raise UsageError(f"--resume: {self.models.out} holds no run to go on with; leave the option out.")
        with output_folder(self.models.out, evaluation.task.name) as out:
            folders = [out if len(specs) == 1 else out / name for name in names]
            work = Work(evaluation, folders)
            models.check_finished(work)
            self._check_before(models, work, out)
            try:
                with progress() as bars:
                    if self.stopping.early:
                        self._until_decided(models, work, bars)
                    else:
                        models.answer([work], bars)
            except KeyboardInterrupt as stop:
                stop.add_note(_way_on(out))
                raise
            self.asked.note_drawn(evaluation.task.source)
            return show_results(folders, self.report) if Shard.current().first else OK

    def chosen_models(self) -> Models:
        """Return the models that are named; raises UsageError for options that none of them can follow."""
        specs = self.asked.models(parse_models(self.models.model))
        limits, vllm = self.endpoints.limits(specs), self.vllm.settings(specs, self.loading)
        models = Models(specs, self.models, self.loading, limits, vllm)
        models.check()
        return models

    def _check_before(self, models: Models, work: Work, out: Path) -> None:
        """Refuse, before a model is loaded, all that can be seen without one."""
        evaluation, folders = work
        evaluation.check()
        if not Shard.current().first:  # the first process may be writing into it by now
            return
        models.check_folders(work)
        if out not in folders and (out / "manifest.json").exists():
            raise UsageError(f"{out} holds the run of one model; give another --out for these {len(folders)}.")
        if out not in folders and not self.models.resume:
            check_free(out)

    def _until_decided(self, models: Models, work: Work, bars: Bars) -> None:
        def track(what: str, total: int) -> AbstractContextManager[Advance]:
            return bars.track(what, total, "completions", work.evaluation.sampling.max_new_tokens)

        evaluation, folders = work
        engines = list(models.load(folders))
        for runs in ask_by_looks(evaluation, engines, folders, track, resume=self.models.resume):
            (pair,) = self.report.compare(runs).pairs
            if decided(pair, held=self.stopping.held):
                break
        for engine, run in zip(engines, runs, strict=True):
            models.measure(engine, evaluation, run, noise=self.models.noise_floor and engine is engines[0])
            report_refusals(engine)

    def _order(self) -> int | None:
        """Return the seed of the questions' order: that of the run to go on with, or this one's if it may end early."""
        out = self.models.out
        if self.models.resume and out is not None and _begun(out):
            return Manifest.read(run_folders(out)[0]).task.order
        return (self.sampling.seed or 0) if self.stopping.early else None

    def evaluation(self) -> Evaluation:
        """Return what is asked of every model; raises GrpokitError for a task, data or rewards with a mistake."""
        asked = self.asked
        task = asked.load(self.scoring.rewards)
        if self.cluster is not None:
            task = task.clustered(self.cluster)
        own = asked.task is not None and is_packaged(asked.task)
        mix, primary = self.scoring.over(task.rewards, task.primary, str(asked.task or asked.data), own=own)
        prompts, source = asked.questions(task, self.sampling.seed or 0)
        if self.cluster is not None:
            _check_clusters(prompts, self.cluster, source)
        order = self._order()
        if order is not None:
            prompts = shuffled(prompts, task.cluster, order)
        record = task_record(task.name, primary, task.cluster, prompts, source, task.reference, order)
        return Evaluation(record, prompts, self.sampling.of(task), mix, self.scoring.calls)


def _check_clusters(prompts: Sequence[Prompt], column: str, source: str) -> None:
    """Raise for a column that no row has, or that makes one cluster of all."""
    lacking = next((prompt for prompt in prompts if column not in prompt.columns), None)
    if lacking is not None:
        raise UsageError(f"{source}: no column {column!r} for --cluster-column. {nearest(column, [*lacking.columns])}")
    require_clusters([prompt.columns[column] for prompt in prompts], column, source)


def _begun(out: Path) -> bool:
    return (out / "manifest.json").exists() or any(out.glob("*/manifest.json"))


def _way_on(out: Path) -> str:
    if not _begun(out):
        return f"nothing is in {out} yet, so start again with the same command."
    return f"finished rows are kept; go on with the same command, --out {out} and --resume."
