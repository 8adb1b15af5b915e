"""The rewards in inspect_ai: a reward as its scorer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..reward import Reward
from ..text import normalise
from .columns import one_row

if TYPE_CHECKING:
    from inspect_ai.scorer import Score, Scorer, Target
    from inspect_ai.solver import TaskState


def to_inspect(reward: Reward) -> Scorer:
    """Return an inspect_ai scorer with mean and standard error.

    ``Task(scorer=[to_inspect(r) for r in mix.rewards])``. The target is the reference, any of its texts where it has
    several; the sample's metadata gives further columns, its choices the column ``choices``; the model's reasoning
    counts as its reasoning block. The score's answer is the text that decided, its explanation the reason; where the
    reward does not apply the sample is left unscored.
    """
    from inspect_ai.scorer import Score, mean, scorer, stderr  # optional: whoever calls this has it

    def adapted() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            message = _as_chat(state.output.message)
            choices = [choice.value for choice in state.choices or ()]
            extra = {**(state.metadata or {}), **({"choices": choices} if choices else {})}
            columns = one_row(extra, [text for text in target.target if text] or None)
            judged = reward.explain(completions=[[message]], prompts=[state.input_text], **columns)[0]
            answer = judged.span and normalise([message]).text[judged.span.start : judged.span.end]
            said = {"answer": answer, "explanation": judged.reason, "metadata": {"status": judged.status}}
            return Score.unscored(**said) if judged.value is None else Score(value=judged.value, **said)

        return score

    registered: Scorer = scorer(metrics=[mean(), stderr()], name=reward.__name__)(adapted)()
    return registered


def _as_chat(message: Any) -> dict[str, str]:
    """Return inspect_ai's message as a chat message, its reasoning beside the answer."""
    parts = message.content if isinstance(message.content, list) else []
    reasoning = "\n".join(part.reasoning for part in parts if part.type == "reasoning")
    return {"role": "assistant", "content": str(message.text), "reasoning_content": reasoning}
