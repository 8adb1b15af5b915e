"""Checks of reward parameters: wrong values are refused, with the repair, when a reward is built."""

from __future__ import annotations

import math

from .text import RewardError


def is_number(value: object) -> bool:
    """Return whether the value is a finite number; True and False are none.

    >>> [is_number(value) for value in (1, 0.5, True, "1", float("nan"), None)]
    [True, True, False, False, False, False]
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check_whole(reward: str, name: str, value: object, example: int) -> None:
    """Raise :class:`RewardError` unless ``value`` is a whole number of at least 1.

    >>> check_whole("token_length", "target", 0, example=50)
    Traceback (most recent call last):
    grpokit.rewards.text.RewardError: token_length: target=0; write a whole number of at least 1, such as 50.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise RewardError(f"{reward}: {name}={value!r}; write a whole number of at least 1, such as {example}.")


def check_positive(reward: str, name: str, value: float, example: float) -> None:
    """Raise :class:`RewardError` unless ``value`` is a finite number above 0.

    >>> check_positive("length", "target", -5, example=120)
    Traceback (most recent call last):
    grpokit.rewards.text.RewardError: length: target=-5; write a number above 0, such as 120.
    """
    if not is_number(value) or value <= 0:
        raise RewardError(f"{reward}: {name}={value!r}; write a number above 0, such as {example}.")
