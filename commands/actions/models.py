"""The models of a command line: loaded one after another, and asked all that is to be asked of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ...evaluate.engines import Limits, Loading, ModelSpec, VllmSettings, load_engines
from ...evaluate.engines.model_path import expanded
from ...evaluate.evaluation import Evaluation, check_free
from ...evaluate.finished import finished_run, take
from ...evaluate.paired.drift import measure_plausibility
from ...evaluate.paired.noise import measure_noise
from ...evaluate.runs.run import Run
from ...evaluate.runs.shards import Shard
from ...evaluate.types import Engine
from ..options import UsageError, check_loading
from ..progress import Bars


@dataclass(frozen=True)
class ModelOptions:
    """Who answers, and what is done with the answers."""

    model: list[str]
    batch_size: int | None
    noise_floor: bool
    no_drift: bool
    resume: bool
    out: Path | None


class Work(NamedTuple):
    """What every model is asked, and the folder of each model's run."""

    evaluation: Evaluation
    folders: Sequence[Path]


@dataclass(frozen=True)
class Models:
    """Models to be asked, in their order; the first is the base."""

    specs: Sequence[ModelSpec]
    options: ModelOptions
    loading: Loading
    limits: Limits
    vllm: VllmSettings

    def check(self) -> None:
        """Raise :class:`UsageError` for what none of the models can follow, and where there is none to ask."""
        if all(spec.kind == "run" for spec in self.specs):
            runs = " ".join(f"{spec.name}={spec.path.base}" for spec in self.specs)
            raise UsageError(f"every --model is a finished run, so nothing is to ask: grpo-eval compare {runs}")
        if self.options.batch_size and not any(spec.loads for spec in self.specs):
            raise UsageError("--batch-size is for weights that are loaded here; for endpoints give --concurrency.")
        check_loading(self.specs, self.loading)
        if self.options.noise_floor and self.specs[0].kind != "transformers":
            name = self.specs[0].name
            raise UsageError(
                f"--noise-floor: the base {name!r} is no checkpoint that is loaded here; leave the option out."
            )

    def check_finished(self, work: Work) -> None:
        """Refuse finished runs that do not answer what is asked; raises EvaluationError."""
        for spec in self.specs:
            if spec.kind == "run":
                finished_run(expanded(spec.path.base), spec.name, work.evaluation)

    def check_folders(self, work: Work) -> None:
        """Raise EvaluationError for a folder that holds anything but the very run that is to be resumed."""
        for spec, folder in zip(self.specs, work.folders, strict=True):
            if spec.kind != "run":
                work.evaluation.check_out(folder, resume=self.options.resume)
            elif not self.options.resume:
                check_free(folder)

    @property
    def drift(self) -> bool:
        """Whether the answers are read again: base and tuned are one load, and differ by an adapter."""
        if self.options.no_drift or Shard.current().count > 1:
            return False
        first, *others = [(spec.kind, spec.path.without_adapter) for spec in self.specs]
        adapters = [spec.path.adapter for spec in self.specs[1:]]
        tuned = any(one == first and adapter is not None for one, adapter in zip(others, adapters, strict=True))
        return first[0] == "transformers" and tuned

    def load(self, folders: Sequence[Path]) -> Iterator[Engine]:
        """Load the models that are no finished runs, each when it is asked for; ``folders`` are those of their runs."""
        begun = [_as_begun(spec, folder) for spec, folder in zip(self.specs, folders, strict=True)]
        asked = [spec for spec in begun if spec.kind != "run"]
        rows = self.options.batch_size
        return load_engines(asked, batch_size=rows, loading=self.loading, limits=self.limits, vllm=self.vllm)

    def answer(self, works: Sequence[Work], bars: Bars) -> None:
        """Have every model answer all of ``works``, one model at a time, each loaded once."""
        engines = self.load(works[0].folders)
        for place, spec in enumerate(self.specs):
            if spec.kind == "run":
                self._take(spec, works, place)
            else:
                self._ask_next(engines, works, place, bars)

    def _take(self, spec: ModelSpec, works: Sequence[Work], place: int) -> None:
        if Shard.current().first:
            for work in works:
                run = finished_run(expanded(spec.path.base), spec.name, work.evaluation)
                take(run, spec.name, work.folders[place])

    def _ask_next(self, engines: Iterator[Engine], works: Sequence[Work], place: int, bars: Bars) -> None:
        """Load a model and ask it; on return nothing here holds it, so the next one need not fit beside it."""
        with bars.loading(self.specs[place].name):
            engine = next(engines)
        for evaluation, folders in works:
            rows = len(evaluation.prompts) * evaluation.sampling.samples
            what = engine.name if len(works) == 1 else f"{engine.name}, {evaluation.task.name}"
            longest = evaluation.sampling.max_new_tokens
            with bars.track(what, rows, "completions", longest) as advance:
                run = evaluation.run(engine, folders[place], resume=self.options.resume, advance=advance)
            self.measure(engine, evaluation, run, noise=self.options.noise_floor and place == 0)
        report_refusals(engine)

    def measure(self, engine: Engine, evaluation: Evaluation, run: Run, *, noise: bool) -> None:
        """Measure the drift where base and tuned share a load, and the ``noise`` floor where it is asked for."""
        drift = self.drift and not evaluation.sampling.likelihood
        if not (drift or noise):
            return
        from ...evaluate.engines.transformers import TransformersEngine

        start, own = self.specs[0].path, next(spec.path for spec in self.specs if spec.name == engine.name)
        if drift and isinstance(engine, TransformersEngine) and own.without_adapter == start.without_adapter:
            measure_plausibility(run, engine, start.adapter_folder)
        if noise:
            assert isinstance(engine, TransformersEngine), "the noise of other engines is refused before any work"
            measure_noise(run, engine.rebatched(), evaluation.mix, evaluation.sampling)


def _as_begun(spec: ModelSpec, folder: Path) -> ModelSpec:
    """Return an endpoint as the run in ``folder`` found it, which is asked no more than its run lacks."""
    if spec.kind != "openai" or not (folder / "manifest.json").exists():
        return spec
    vllm = Run.open(folder).manifest.engine.get("vllm")
    return replace(spec, vllm=vllm if isinstance(vllm, bool) else None)


def report_refusals(engine: Engine) -> None:
    """Print what an endpoint refused, on standard error."""
    if engine.describe()["kind"] != "openai":
        return
    from ...evaluate.engines.endpoint import EndpointEngine

    assert isinstance(engine, EndpointEngine), "no other engine is of this kind"
    if engine.refusals:
        (reason, _), *others = engine.refusals.most_common()
        more = f", and {len(others)} other reasons" if others else ""
        count = f"{engine.refusals.total()} completions refused"
        print(f"{engine.name}: {count} ({reason}{more}); they are scored as empty texts.", file=sys.stderr)
