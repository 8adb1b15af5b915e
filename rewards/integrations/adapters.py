"""The same rewards in verl, verifiers and inspect_ai. (TRL needs no adapter: a reward is a TRL reward function.)

These frameworks score one completion at a time except where noted, so a reward that compares the completions of a
prompt with each other sees groups of one. They hand over no token ids, so rewards that count tokens don't apply.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..mix import RewardMix
from ..reward import REFERENCE_COLUMNS, Judgement, Reward

if TYPE_CHECKING:
    from inspect_ai.scorer import Score, Scorer, Target
    from inspect_ai.solver import TaskState


def to_verl(mix: RewardMix) -> Callable[..., dict[str, float]]:
    """Return verl's custom reward function for a mix.

    verl loads it by file and name (``custom_reward_function.path`` and ``.name``), so put into a file of yours::

        from grpokit.rewards import RewardMix
        from grpokit.rewards.integrations.adapters import to_verl

        compute_score = to_verl(RewardMix.parse("correctness=2,xml_format=0.5"))

    The signature is verl's ``compute_score(data_source, solution_str, ground_truth, extra_info)``. The dictionary
    has ``score``, the weighted total that verl trains on, and every reward's value for its logs. ``extra_info``
    gives further columns. verl knows no "not applicable": the score is then 0.0, the reward's own entry NaN.

    >>> compute_score = to_verl(RewardMix.parse("xml_format=2"))
    >>> compute_score("gsm8k", "<think>6 * 3</think><answer>18</answer>", "18", None)
    {'score': 2.0, 'xml_format': 1.0}
    """

    def compute_score(
        data_source: str,
        solution_str: str,
        ground_truth: Any,
        extra_info: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> dict[str, float]:
        columns = _columns(extra_info or {}, ground_truth)
        scored = mix.score(completions=[solution_str], **{**columns, "data_source": [data_source]})
        values = {name: math.nan if row[0] is None else row[0] for name, row in scored.rewards.items()}
        return {"score": _number(scored.total[0]), **values}

    return compute_score


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
        return [_number(value) for value in values]

    score.__name__ = reward.__name__
    return score


def to_verifiers_task(reward: Reward, reference: str = "answer") -> Callable[[Any, Any], Awaitable[float]]:
    """Return a reward function for a verifiers task (verifiers 0.4, ``verifiers.v1``): ``await f(task, trace)``.

    Name it in the task's config (``rewards``), or call it in a ``@vf.reward`` method. The completion is the
    trace's last reply; the task's field ``reference`` holds the reference, its other fields are further columns.
    """

    async def score(task: Any, trace: Any) -> float:
        columns = task.model_dump()
        values = reward(completions=[trace.last_reply], **_columns(columns, columns.get(reference)))
        return _number(values[0])

    score.__name__ = reward.__name__
    return score


def to_inspect(reward: Reward) -> Scorer:
    """Return an inspect_ai scorer with mean and standard error.

    ``Task(scorer=[to_inspect(r) for r in mix.rewards])``. The target is the reference, the sample's metadata gives
    further columns, the model's reasoning counts as its reasoning block. The score's answer is the text that
    decided, its explanation the reason; where the reward does not apply the sample is left unscored.
    """
    from inspect_ai.scorer import mean, scorer, stderr

    def adapted() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            message = _inspect_message(state.output.message)
            columns = _columns(state.metadata or {}, target.text or None)
            judged = reward.explain(completions=[[message]], prompts=[state.input_text], **columns)[0]
            return _inspect_score(judged, str(message["content"]))

        return score

    registered: Scorer = scorer(metrics=[mean(), stderr()], name=reward.__name__)(adapted)()
    return registered


def _inspect_message(message: Any) -> dict[str, Any]:
    parts = message.content if isinstance(message.content, list) else []
    reasoning = "\n".join(part.reasoning for part in parts if part.type == "reasoning")
    found = {"role": "assistant", "content": message.text}
    return {**found, "reasoning_content": reasoning} if reasoning else found


def _inspect_score(judged: Judgement, text: str) -> Score:
    from inspect_ai.scorer import Score

    answer = text[judged.span.start : judged.span.end] if judged.span else None
    metadata = {"status": judged.status}
    if judged.value is None:
        return Score.unscored(answer=answer, explanation=judged.reason, metadata=metadata)
    return Score(value=judged.value, answer=answer, explanation=judged.reason, metadata=metadata)


def _columns(extra: Mapping[str, Any], reference: Any) -> dict[str, list[Any]]:
    """Return the extra fields as columns of one row, with ``reference`` as the only reference."""
    taken = {*REFERENCE_COLUMNS, "prompts", "completions", "completion_ids"}
    kept = {str(name): [value] for name, value in extra.items() if name not in taken}
    return {**kept, "answer": [reference]}


def _number(value: float | None) -> float:
    return 0.0 if value is None else value


def _plain(text: Any) -> Any:
    """Return chat messages as plain mappings; verifiers has them as pydantic models."""
    if isinstance(text, str):
        return text
    return [message if isinstance(message, Mapping) else message.model_dump() for message in text]
