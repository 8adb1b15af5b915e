"""The comparison of a suite as a frozen value: one comparison per task, and what they prove together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from ..paired.change import Verdict
from ..paired.comparison import Comparison
from ..paired.margins import Margin, Margins
from ..paired.pairing import compare
from ..runs.run import Run
from ..statistics.intervals import CONFIDENCE
from ..types import EvaluationError
from .card import Role
from .folder import SuiteFolder, TaskEntry
from .verdict import Evidence, Levels, TaskVerdict, judge, judge_tasks


@dataclass(frozen=True)
class SuiteTaskResult:
    """A task of a suite with its runs and their comparison, whose intervals are at the level of one task alone."""

    role: Role
    runs: tuple[Run, ...]
    comparison: Comparison


@dataclass(frozen=True)
class SuiteVerdict:
    """What a suite proves of one tuned model: of each task, and of all together."""

    base: str
    tuned: str
    verdict: Verdict | None
    tasks: tuple[TaskVerdict, ...]


@dataclass(frozen=True)
class SuiteComparison:
    """Models on several tasks. ``verdicts`` has one per tuned model, none where there is one model.

    ``levels`` are those of the claims, before they are shared by several tuned models.
    """

    name: str
    tasks: tuple[SuiteTaskResult, ...]
    verdicts: tuple[SuiteVerdict, ...]
    levels: Levels


def compare_suites(
    folders: Sequence[SuiteFolder],
    *,
    margins: Margins | None = None,
    multiplicity: bool = True,
    trained: str | None = None,
) -> SuiteComparison:
    """Compare the models of one suite on each of its tasks; the runs of several folders of it are put together.

    ``margins`` hold where a task has none of its own. With m tuned models all levels are those of Bonferroni over them
    too, unless without ``multiplicity``. ``trained`` is the mix that the tuned models were trained for, where no recipe
    beside them says it.

    Raises :class:`EvaluationError` for folders of different suites, for models that are not the same in all tasks, and
    for what :func:`~grpokit.evaluate.compare` refuses of a task's runs.
    """
    first, *others = folders
    for other in others:
        if replace(other, path=first.path) != first:
            raise EvaluationError(
                f"{first.path} holds the suite {first.name!r} and {other.path} {other.name!r}, whose tasks or margins "
                "differ; compare folders of one suite."
            )
    runs = [tuple(run for folder in folders for run in folder.runs(entry)) for entry in first.tasks]
    _require_same_models(first, runs)

    def at(place: int) -> Callable[[float], Comparison]:
        chosen = _margins(first.tasks[place], margins or Margins())
        return cache(
            lambda level: compare(runs[place], margin=chosen, level=level, multiplicity=multiplicity, trained=trained)
        )

    by_level = [at(place) for place in range(len(first.tasks))]
    tasks = [
        SuiteTaskResult(entry.role, of_task, compared(CONFIDENCE))
        for entry, of_task, compared in zip(first.tasks, runs, by_level, strict=True)
    ]
    roles: list[Role] = [entry.role for entry in first.tasks]
    verdicts = [_verdict(tasks, by_level, pair) for pair in range(len(tasks[0].comparison.pairs))]
    return SuiteComparison(first.name, tuple(tasks), tuple(verdicts), Levels.of(roles))


def _verdict(
    tasks: Sequence[SuiteTaskResult], by_level: Sequence[Callable[[float], Comparison]], pair: int
) -> SuiteVerdict:
    evidence = [
        Evidence(result.comparison.task, result.role, partial(_verdict_at, compared, pair), _is_idle(result))
        for result, compared in zip(tasks, by_level, strict=True)
    ]
    claims = judge_tasks(evidence)
    shown = tasks[0].comparison.pairs[pair]
    return SuiteVerdict(shown.base, shown.tuned, judge(claims), claims)


def _is_idle(result: SuiteTaskResult) -> bool:
    """Return whether the base has less than the margin to lose; no, where the lowest score is not known."""
    comparison = result.comparison
    lowest = result.runs[0].manifest.mix.ranges.get(comparison.primary, (None,))[0]
    mean = comparison.models[0].rows()[comparison.primary].estimate.mean
    return lowest is not None and mean is not None and mean - lowest < comparison.margin


def _verdict_at(compared: Callable[[float], Comparison], pair: int, level: float) -> Verdict | None:
    return compared(level).pairs[pair].verdict


def _margins(entry: TaskEntry, default: Margins) -> Margins:
    return default if entry.margin is None else Margins(Margin.parse(entry.margin))


def _require_same_models(folder: SuiteFolder, runs: Sequence[Sequence[Run]]) -> None:
    names = [[run.model for run in of_task] for of_task in runs]
    for entry, models in zip(folder.tasks, names, strict=True):
        if models != names[0]:
            raise EvaluationError(
                f"{folder.path}: the task {entry.task!r} has runs of {', '.join(models)}, and "
                f"{folder.tasks[0].task!r} of {', '.join(names[0])}; finish the suite by the command that began it, "
                "with --resume."
            )
