"""``grpo-eval run``: generate with every model, score, compare."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import nearest
from ...evaluate.by_looks import ask_by_looks, looks_of
from ...evaluate.engines import Loading, ModelSpec, load_engines
from ...evaluate.engines.spec import parse_models
from ...evaluate.evaluation import Evaluation, check_free, require_clusters, task_record
from ...evaluate.order import shuffled
from ...evaluate.paired.drift import measure_plausibility
from ...evaluate.paired.noise import measure_noise
from ...evaluate.paired.stages import decided
from ...evaluate.paired.subgroups import group_names
from ...evaluate.progress import Advance
from ...evaluate.runs.manifest import Manifest
from ...evaluate.runs.run import Run, run_folders
from ...evaluate.runs.shards import Shard
from ...evaluate.types import Engine, Prompt
from ...files import folder_names
from ..ending import OK
from ..options import (
    EndpointOptions,
    SamplingOptions,
    ScoringOptions,
    TaskOptions,
    UsageError,
)
from ..output import output_folder
from ..progress import Bars, progress
from ..report_options import ReportOptions
from ..results import show_results
from ..stopping import StopOptions
from ..targets import check_outputs


@dataclass(frozen=True)
class ModelOptions:
    """Who answers, and what is done with the answers."""

    model: list[str]
    batch_size: int | None
    noise_floor: bool
    no_drift: bool
    resume: bool
    out: Path | None

    def check(self, specs: Sequence[ModelSpec]) -> None:
        """Raise :class:`UsageError` for an option that none of the models can follow."""
        if self.batch_size and all(spec.kind == "openai" for spec in specs):
            raise UsageError("--batch-size is for weights that are loaded here; for endpoints give --concurrency.")
        if self.noise_floor and specs[0].kind != "transformers":
            raise UsageError(
                f"--noise-floor: the base {specs[0].name!r} is no checkpoint that is loaded here; leave the option out."
            )


@dataclass(frozen=True)
class Job:
    """An evaluation as the command line asks for it."""

    models: ModelOptions
    asked: TaskOptions
    system: str | None
    cluster: str | None
    loading: Loading
    endpoints: EndpointOptions
    sampling: SamplingOptions
    scoring: ScoringOptions
    report: ReportOptions
    stopping: StopOptions

    def run(self) -> int:
        """Evaluate every model and show the results."""
        if self.models.resume and self.models.out is None:
            raise UsageError("--resume needs --out, the folder of the run to go on with.")
        specs = parse_models(self.models.model)
        limits = self.endpoints.limits(specs)
        self.models.check(specs)
        self.stopping.check(specs)
        check_outputs(self.report.outputs, self.models.out, {"--data": self.asked.data})
        names = folder_names([spec.name for spec in specs])
        evaluation = self._evaluation()
        if self.stopping.early:
            looks_of(evaluation)
        if self.report.by is not None:
            group_names(evaluation.prompts, self.report.by)
        if self.models.resume and self.models.out is not None and not _begun(self.models.out):
            raise UsageError(f"--resume: {self.models.out} holds no run to go on with; leave the option out.")
        with output_folder(self.models.out, evaluation.task.name) as out:
            folders = [out if len(specs) == 1 else out / name for name in names]
            self._check_before(evaluation, out, folders)
            specs = [_as_begun(spec, folder) for spec, folder in zip(specs, folders, strict=True)]
            engines = load_engines(specs, batch_size=self.models.batch_size, loading=self.loading, limits=limits)
            try:
                with progress() as bars:
                    self._ask(engines, evaluation, folders, bars)
            except KeyboardInterrupt as stop:
                stop.add_note(_way_on(out))
                raise
            return show_results(folders, self.report) if Shard.current().first else OK

    def _check_before(self, evaluation: Evaluation, out: Path, folders: Sequence[Path]) -> None:
        """Refuse, before a model is loaded, all that can be seen without one."""
        evaluation.check()
        if not Shard.current().first:  # the first process may be writing into it by now
            return
        for folder in folders:
            evaluation.check_out(folder, resume=self.models.resume)
        if out not in folders and (out / "manifest.json").exists():
            raise UsageError(f"{out} holds the run of one model; give another --out for these {len(folders)}.")
        if out not in folders and not self.models.resume:
            check_free(out)

    @property
    def _drift(self) -> bool:
        """Whether the answers are read again: base and tuned are one load, with and without an adapter."""
        if self.models.no_drift or Shard.current().count > 1:
            return False
        specs = parse_models(self.models.model)
        first, *others = [(spec.kind, spec.path.without_adapter) for spec in specs]
        tuned = any(one == first and spec.path.adapter is not None for one, spec in zip(others, specs[1:], strict=True))
        return first[0] == "transformers" and specs[0].path.adapter is None and tuned

    def _ask(self, engines: Iterator[Engine], evaluation: Evaluation, folders: Sequence[Path], bars: Bars) -> None:
        if self.stopping.early:
            self._until_decided(list(engines), evaluation, folders, bars)
            return
        for folder in folders:
            noise = self.models.noise_floor and folder == folders[0]
            _evaluate_next(engines, evaluation, folder, bars, resume=self.models.resume, noise=noise, drift=self._drift)

    def _until_decided(
        self, engines: Sequence[Engine], evaluation: Evaluation, folders: Sequence[Path], bars: Bars
    ) -> None:
        def track(what: str, total: int) -> AbstractContextManager[Advance]:
            return bars.track(what, total, "completions")

        for runs in ask_by_looks(evaluation, engines, folders, track, resume=self.models.resume):
            (pair,) = self.report.compare(runs).pairs
            if decided(pair, held=self.stopping.held):
                break
        _finish(engines[0], evaluation, runs[0], noise=self.models.noise_floor, drift=self._drift)
        _finish(engines[1], evaluation, runs[1], noise=False, drift=self._drift)

    def _order(self) -> int | None:
        """Return the seed of the questions' order: that of the run to go on with, or this one's if it may end early."""
        out = self.models.out
        if self.models.resume and out is not None and _begun(out):
            return Manifest.read(run_folders(out)[0]).task.order
        return (self.sampling.seed or 0) if self.stopping.early else None

    def _evaluation(self) -> Evaluation:
        asked = self.asked
        task = asked.load(self.scoring.rewards)
        if self.system is not None:
            task = task.with_system(self.system)
        if self.cluster is not None:
            task = task.clustered(self.cluster)
        mix, primary = self.scoring.over(task.rewards, task.primary, str(asked.task or asked.data))
        prompts = list(task.prompts(asked.split, data=asked.data, limit=asked.limit))
        source = str(asked.data) if asked.data else f"{asked.split} split"
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


def _as_begun(spec: ModelSpec, folder: Path) -> ModelSpec:
    """Return an endpoint as the run in ``folder`` found it, which is asked no more than its run lacks."""
    if spec.kind != "openai" or not (folder / "manifest.json").exists():
        return spec
    vllm = Run.open(folder).manifest.engine.get("vllm")
    return replace(spec, vllm=vllm if isinstance(vllm, bool) else None)


def _way_on(out: Path) -> str:
    if not _begun(out):
        return f"nothing is in {out} yet, so start again with the same command."
    return f"finished rows are kept; go on with the same command, --out {out} and --resume."


def _evaluate_next(
    engines: Iterator[Engine],
    evaluation: Evaluation,
    folder: Path,
    bars: Bars,
    *,
    resume: bool,
    noise: bool,
    drift: bool,
) -> None:
    """Load and evaluate one model; on return nothing here holds it, so the next one need not fit beside it."""
    engine = next(engines)
    rows = len(evaluation.prompts) * evaluation.sampling.samples
    with bars.track(engine.name, rows, "completions") as advance:
        run = evaluation.run(engine, folder, resume=resume, advance=advance)
    _finish(engine, evaluation, run, noise=noise, drift=drift)


def _finish(engine: Engine, evaluation: Evaluation, run: Run, *, noise: bool, drift: bool) -> None:
    """Say what an endpoint refused, and measure the noise floor and the drift where they are asked for."""
    if drift and not evaluation.sampling.likelihood:
        from ...evaluate.engines.transformers import TransformersEngine

        if isinstance(engine, TransformersEngine):
            measure_plausibility(run, engine)
    if engine.describe()["kind"] == "openai":
        _print_refusals(engine)
    if noise:
        from ...evaluate.engines.transformers import TransformersEngine

        assert isinstance(engine, TransformersEngine), "the noise of other engines is refused before any work"
        measure_noise(run, engine.rebatched(), evaluation.mix, evaluation.sampling)


def _print_refusals(engine: Engine) -> None:
    from ...evaluate.engines.endpoint import EndpointEngine

    assert isinstance(engine, EndpointEngine), "no other engine is of this kind"
    if engine.refusals:
        (reason, _), *others = engine.refusals.most_common()
        more = f", and {len(others)} other reasons" if others else ""
        count = f"{engine.refusals.total()} completions refused"
        print(f"{engine.name}: {count} ({reason}{more}); they are scored as empty texts.", file=sys.stderr)
