"""The evaluation harness: task -> prompts -> engine -> completions -> scores -> run directory -> comparison."""

from typing import TYPE_CHECKING

from ..exports import deferred

if TYPE_CHECKING:
    from .comparison import Comparison, Verdict
    from .evaluation import Evaluation, task_record
    from .manifest import Manifest
    from .pairing import compare
    from .run import Run, Score, find_runs
    from .scoring import score_run
    from .stored import Columns, import_completions, rescore
    from .tasks import load_task, task_names
    from .types import Engine, EvaluationError, Prompt, Request, Row, Sampling
else:
    __getattr__ = deferred(
        __name__,
        {
            "comparison": ("Comparison", "Verdict"),
            "evaluation": ("Evaluation", "task_record"),
            "manifest": ("Manifest",),
            "pairing": ("compare",),
            "run": ("Run", "Score", "find_runs"),
            "scoring": ("score_run",),
            "stored": ("Columns", "import_completions", "rescore"),
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
