"""What the weights of a mix that is trained on must be; a mix that only measures may have others."""

from __future__ import annotations

from ...rewards.spec import parse_layout, parse_mix
from ..types import TrainingError

LIGHTEST, HEAVIEST = 1e-6, 1e6
"""Between these sizes lies a reward's weight that is not 0: beyond them differences are lost in the arithmetic."""


def check_weights(rewards: str) -> None:
    """Raise :class:`TrainingError` for a mix that pays nothing, and for weights that the loss cannot reckon with.

    >>> check_weights("correctness=0")
    Traceback (most recent call last):
    grpokit.train.types.TrainingError: rewards='correctness=0': every weight is 0, so nothing would be learnt; give \
one reward a weight, such as 1.
    """
    parts = parse_mix(parse_layout(rewards).rest)
    if not any(part.weight for part in parts):
        raise TrainingError(
            f"rewards={rewards!r:.80}: every weight is 0, so nothing would be learnt; give one reward a weight, such "
            "as 1."
        )
    for part in parts:
        if part.weight and not LIGHTEST <= abs(part.weight) <= HEAVIEST:
            raise TrainingError(
                f"rewards: {part.reward.name:.80} has the weight {part.weight:g}; give 0, or a size from {LIGHTEST:g} "
                f"to {HEAVIEST:.0f}."
            )
