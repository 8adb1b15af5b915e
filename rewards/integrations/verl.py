"""The rewards in verl: a mix as its custom reward function."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..mix import RewardMix
from .columns import one_row


def to_verl(mix: RewardMix) -> Callable[..., dict[str, float]]:
    """Return verl's custom reward function for a mix.

    verl loads it by file and name (``custom_reward_function.path`` and ``.name``), so put into a file of yours::

        from grpokit.rewards import RewardMix
        from grpokit.rewards.integrations.verl import to_verl

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
        columns = one_row(extra_info or {}, ground_truth)
        scored = mix.score(completions=[solution_str], **{**columns, "data_source": [data_source]})
        values = {name: math.nan if row[0] is None else row[0] for name, row in scored.rewards.items()}
        return {"score": scored.total[0] or 0.0, **values}

    return compute_score
