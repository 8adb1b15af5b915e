"""A reward as a function of a verifiers task (verifiers 0.4): ``await solved(task, trace)``.

A task's config names it under ``rewards``; the reference is the row's field ``answer``.
"""

from grpokit.rewards import correctness
from grpokit.rewards.integrations.verifiers import to_verifiers_task
from verifiers.v1 import TaskData


class Sum(TaskData):
    """A question and its answer."""

    answer: str


solved = to_verifiers_task(correctness)
