"""The evaluation harness: task -> prompts -> engine -> completions -> scores -> run directory -> comparison."""

from typing import TYPE_CHECKING

from ..lazy import deferred

if TYPE_CHECKING:
    from .evaluation import Evaluation, task_record
    from .logs.log import Columns
    from .logs.table import import_completions, rescore
    from .paired.change import Verdict
    from .paired.comparison import Comparison
    from .paired.pairing import compare
    from .runs.manifest import Manifest
    from .runs.run import Run, Score, find_runs
    from .scoring import score_run
    from .tasks import load_task, task_names
    from .types import Engine, EvaluationError, Prompt, Request, Row, Sampling
else:
    __getattr__ = deferred(
        __name__,
        {
            "paired.change": ("Verdict",),
            "paired.comparison": ("Comparison",),
            "evaluation": ("Evaluation", "task_record"),
            "runs.manifest": ("Manifest",),
            "paired.pairing": ("compare",),
            "runs.run": ("Run", "Score", "find_runs"),
            "scoring": ("score_run",),
            "logs.log": ("Columns",),
            "logs.table": ("import_completions", "rescore"),
            "tasks": ("load_task", "task_names"),
            "types": ("Engine", "EvaluationError", "Prompt", "Request", "Row", "Sampling"),
        },
    )

__all__ = [
    "Columns",
    "Comparison",
    "Engine",
    "Evaluation",
    "EvaluationError",
    "Manifest",
    "Prompt",
    "Request",
    "Row",
    "Run",
    "Sampling",
    "Score",
    "Verdict",
    "compare",
    "find_runs",
    "import_completions",
    "load_task",
    "rescore",
    "score_run",
    "task_names",
    "task_record",
]


def __dir__() -> list[str]:
    return __all__
