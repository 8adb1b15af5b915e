"""What completions are like, as rows of a table: cut, without an answer, long, repeating themselves."""

from __future__ import annotations

from typing import NamedTuple

from ..evaluate.paired.comparison import Estimate, ModelSummary, Pair
from .wording import number, repetition, share


class BehaviourRow(NamedTuple):
    """One behaviour of both models and its change, ready to be shown; shares change by percentage points."""

    label: str
    base: str
    tuned: str
    change: str
    interval: str


def behaviour_rows(pair: Pair, base: ModelSummary, tuned: ModelSummary) -> list[BehaviourRow]:
    """Return a row for each behaviour that is known of both models."""
    labels = {"cut": "cut at the token limit", "unanswered": "without an answer", "repeated": repetition(base)}
    rows = []
    for name, label in labels.items():
        if name in pair.behaviour:
            before, after = share(getattr(base, name)), share(getattr(tuned, name))
            rows.append(BehaviourRow(label, before, after, *_change(pair.behaviour[name], 100, " points")))
    if "tokens" in pair.behaviour:
        before, after = number(base.tokens, 1), number(tuned.tokens, 1)
        rows.append(BehaviourRow("tokens", before, after, *_change(pair.behaviour["tokens"])))
    return rows


def _change(found: Estimate, scale: float = 1, unit: str = "") -> tuple[str, str]:
    """Return a change and its interval in words, one decimal each."""
    if found.mean is None:
        return "-", "unknown"
    middle = f"{_signed(scale * found.mean)}{unit}"
    if found.low is None or found.high is None:
        return middle, "unknown"
    return middle, f"{_signed(scale * found.low)} to {_signed(scale * found.high)}{unit}"


def _signed(value: float) -> str:
    """Return a number with one decimal and its sign; what is rounded to zero has none.

    >>> _signed(-7.83), _signed(0.04), _signed(-0.04)
    ('-7.8', '0.0', '0.0')
    """
    return f"{value:+.1f}" if round(value, 1) else "0.0"
