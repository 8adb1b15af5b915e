"""The rewards in verifiers: as functions of a rubric (verifiers below 0.2) and of a task (0.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ..reward import REFERENCE_COLUMNS, Reward
from .columns import one_row


def to_verifiers(reward: Reward) -> Callable[..., list[float]]:
    """Return a group reward function for a verifiers ``Rubric`` (verifiers below 0.2).

    ``Rubric(funcs=[to_verifiers(r) for r in mix.rewards], weights=mix.reward_weights)``. All rollouts of a group
    come in one call, so rewards that compare them work. The row's ``info`` gives further columns. A value that
    does not apply becomes 0.0, since a rubric knows numbers only.

    >>> from grpokit.rewards import xml_format
    >>> to_verifiers(xml_format)(["?"], ["<think>6 * 3</think><answer>18</answer>"], ["18"], [{}])
    [1.0]
    """

    def score(
        prompts: Sequence[Any], completions: Sequence[Any], answers: Sequence[Any], infos: Sequence[Any]
    ) -> list[float]:
        shared = set.intersection(*(set(info) for info in infos)) - set(REFERENCE_COLUMNS) if infos else set()
        columns = {name: [info[name] for info in infos] for name in sorted(shared)}
        values = reward(
            prompts=[_plain(prompt) for prompt in prompts],
            completions=[_plain(completion) for completion in completions],
            **{**columns, "answer": list(answers)},
        )
        return [value or 0.0 for value in values]

    score.__name__ = reward.__name__
    return score


def to_verifiers_task(reward: Reward, reference: str = "answer") -> Callable[[Any, Any], Awaitable[float]]:
    """Return a reward function for a verifiers task (verifiers 0.4, ``verifiers.v1``): ``await f(task, trace)``.

    Name it in the task's config (``rewards``), or call it in a ``@vf.reward`` method. The completion is the
    trace's last reply; the task's field ``reference`` holds the reference, its other fields are further columns.
    """

    async def score(task: Any, trace: Any) -> float:
        columns = task.model_dump()
        values = reward(completions=[trace.last_reply], **one_row(columns, columns.get(reference)))
        return values[0] or 0.0

    score.__name__ = reward.__name__
    return score


def _plain(text: Any) -> Any:
    """Return chat messages as plain mappings; verifiers has them as pydantic models."""
    if isinstance(text, str):
        return text
    return [message if isinstance(message, Mapping) else message.model_dump() for message in text]
