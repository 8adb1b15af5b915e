"""The rewards in lm-evaluation-harness: as metrics that a task's YAML names.

Every registered reward is an attribute of this module, so that a task names it by its path::

    metric_list:
      - metric: !function grpokit.rewards.integrations.lm_eval.correctness
        aggregation: nanmean
        higher_is_better: true

Parameters of the reward stand beside it (``target: 200``). The metric gets the target and the filtered answer, and no
other column of the document. Where a reward does not apply its value is NaN, which ``nanmean`` leaves out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..registry import get, names
from ..reward import Reward


def to_lm_eval(reward: Reward | str) -> Callable[..., float]:
    """Return a reward, or the registered one of a name, as a metric of lm-evaluation-harness.

    The metric is called as the library calls its own: ``metric(references=[target], predictions=[answer],
    **parameters)``; it returns the mean over the answers that the reward applies to, NaN where there is none.

    >>> correctness = to_lm_eval("correctness")
    >>> correctness(references=["18", "18"], predictions=["The answer is 18.", "17"])
    0.5
    >>> to_lm_eval("length")(references=[""], predictions=["four"], target=4)
    1.0
    """

    def metric(references: Sequence[Any], predictions: Sequence[Any], **parameters: Any) -> float:
        judge = get(reward, **parameters) if isinstance(reward, str) else reward
        values = judge(completions=[str(text) for text in predictions], answer=list(references))
        applicable = [value for value in values if value is not None]
        return sum(applicable) / len(applicable) if applicable else math.nan

    metric.__name__ = metric.__qualname__ = reward if isinstance(reward, str) else reward.__name__
    return metric


def __getattr__(name: str) -> Callable[..., float]:
    if name in names():
        return to_lm_eval(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
