"""The evaluation harness: task -> prompts -> engine -> completions -> scores -> run directory -> comparison."""

from .comparison import Comparison, Verdict
from .evaluation import Evaluation, task_record
from .manifest import Manifest
from .pairing import compare
from .run import Run, Score, find_runs
from .scoring import score_run
from .stored import Columns, import_completions, rescore
from .tasks import load_task, task_names
from .types import Engine, EvaluationError, Prompt, Request, Row, Sampling

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
