"""Warnings about a scored mix: rewards that teach nothing, drown the others, or leave holes in a group."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .mix import MixScore, RewardMix

DOMINANT = 0.9
"""A reward that carries more than this share of the spread is said to dominate."""

Groups = Sequence[Sequence[int]]
"""Row numbers of the completions that share a prompt, group by group: what :attr:`Batch.groups` gives."""


def diagnose(mix: RewardMix, score: MixScore, groups: Groups | None = None) -> list[str]:
    """Return one plain sentence per thing that would spoil a training run with these scores.

    Rewards of weight 0 are measured only and never warned about. Without ``groups`` all rows are one group.
    Each reward's share of the signal is ``|weight| * spread``, where spread is the standard deviation within
    groups (square root of the mean variance over groups): what is constant within a group gives GRPO no advantage.

    >>> mix = RewardMix.parse("correctness=2,length=0.5")
    >>> print(*diagnose(mix, MixScore({"correctness": [0.0, 0.0], "length": [0.2, 0.4]}, [0.1, 0.2])), sep="\\n")
    correctness is 0 for all 2 completions: it teaches nothing here.
    """
    rows = groups if groups is not None else [range(len(score.total))]
    trained = [
        (name, weight, score.rewards[name]) for name, weight in zip(mix.names, mix.weights, strict=True) if weight != 0
    ]
    warnings = [constant_warning(name, values) for name, _, values in trained]
    warnings += [hole_warning(name, values, rows) for name, _, values in trained]
    warnings.append(dominance_warning({name: abs(weight) * spread(values, rows) for name, weight, values in trained}))
    return [warning for warning in warnings if warning]


def constant_warning(name: str, values: Sequence[float | None]) -> str | None:
    """Say that a reward applies nowhere, or has one value everywhere; None when it varies.

    >>> constant_warning("correctness", [None, None])
    'correctness applies to none of 2 completions: check the reference column.'
    """
    known = [value for value in values if value is not None]
    if values and not known:
        return f"{name} applies to none of {len(values)} completions: check the reference column."
    if len(known) > 1 and min(known) == max(known):
        return f"{name} is {known[0]:g} for all {len(known)} completions: it teaches nothing here."
    return None


def hole_warning(name: str, values: Sequence[float | None], groups: Groups) -> str | None:
    """Say in how many groups the reward applies to some completions and not to others; None when in none.

    >>> hole_warning("length", [0.5, None, 0.1, 0.2], [[0, 1], [2, 3]])
    'length is None for part of a group in 1 of 2 groups: totals in such a group are sums over different rewards.'
    """
    holed = sum(1 for group in groups if len({values[row] is None for row in group}) == 2)
    if not holed:
        return None
    return (
        f"{name} is None for part of a group in {holed} of {len(groups)} groups: "
        "totals in such a group are sums over different rewards."
    )


def dominance_warning(spreads: dict[str, float]) -> str | None:
    """Say which reward carries more than nine tenths of the summed weight × spread; None when none does.

    >>> dominance_warning({"length": 9.5, "correctness": 0.5})
    'length carries 95 % of the spread (weight × spread 9.5 of 10): the other rewards are hardly heard.'
    """
    whole = sum(spreads.values())
    live = [name for name, value in spreads.items() if value > 0]
    if len(live) < 2:
        return None
    name = max(spreads, key=spreads.__getitem__)
    if spreads[name] <= DOMINANT * whole:
        return None
    return (
        f"{name} carries {100 * spreads[name] / whole:.0f} % of the spread (weight × spread {spreads[name]:.3g} of "
        f"{whole:.3g}): the other rewards are hardly heard."
    )


def spread(values: Sequence[float | None], groups: Groups) -> float:
    """Return the standard deviation within groups: the square root of the mean variance, None left out.

    >>> spread([0.0, 1.0, 1.0, 1.0], [[0, 1], [2, 3]])
    0.3535533905932738
    """
    variances = [_variance([v for row in group if (v := values[row]) is not None]) for group in groups]
    known = [variance for variance in variances if variance is not None]
    return math.sqrt(sum(known) / len(known)) if known else 0.0


def _variance(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / len(values)
