"""What completions are like, as rows of a table: cut, without an answer, long, repeating themselves."""

from __future__ import annotations

from typing import NamedTuple

from ..evaluate.paired.comparison import Estimate, ModelSummary, Pair
from .wording import number, repetition, share


class HabitRow(NamedTuple):
    """One habit of both models and its change, ready to be shown; shares change by percentage points."""

    label: str
    base: str
    tuned: str
    change: str
    interval: str


def habit_rows(pair: Pair, base: ModelSummary, tuned: ModelSummary) -> list[HabitRow]:
    """Return a row for each habit that is known of both models."""
    found = pair.habits
    labels = {"truncated": "cut at the token limit", "unanswered": "without an answer", "repeated": repetition(base)}
    rows = [
        HabitRow(label, share(getattr(base, name)), share(getattr(tuned, name)), *_change(found[name], 100, " points"))
        for name, label in labels.items()
        if name in found
    ]
    if "tokens" in found:
        rows.append(HabitRow("tokens", number(base.tokens, 1), number(tuned.tokens, 1), *_change(found["tokens"])))
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
