"""What is above the fold of the page: the facts of the comparison, and the change's interval as a small picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..evaluate.paired.change import Difference
from ..evaluate.paired.comparison import Comparison
from ..evaluate.paired.summary import ModelSummary
from ..evaluate.runs.run import Run
from .wording import one_line, questions

EDGE = 4.0
"""Percent of the width that is left free on both sides of the picture."""


class Fact(NamedTuple):
    """Something to know of a comparison before its numbers."""

    label: str
    text: str


def facts(comparison: Comparison, runs: Sequence[Run]) -> list[Fact]:
    """Return what was compared, on which questions, how the answers were drawn, and when; unknown facts are left out.

    ``runs`` are those that the comparison was made of, the seeds of an arm one by one.
    """
    manifests = [run.manifest for run in runs]
    first, total = comparison.models[0], manifests[0].task.prompts
    asked = f"{first.prompts:,} of {questions(total)}"
    samples = "" if first.samples == 1 else f", {samples_each(first)}"
    names = [one_line(model.name) for model in comparison.models]
    known = [
        Fact("Model" if len(names) == 1 else "Models", " → ".join(names) if len(names) < 4 else _several(names)),
        Fact("Data", one_line(f"{comparison.task}, {manifests[0].task.source}")),
        Fact("Asked", f"{asked}{samples}"),
        Fact("Decoding", " or ".join(dict.fromkeys(decoding(manifest.sampling) for manifest in manifests))),
        Fact("Made", _days(manifest.created for manifest in manifests)),
    ]
    return [fact for fact in known if fact.text]


def _several(names: Sequence[str]) -> str:
    return f"{names[0]} → {names[1]} … {names[-1]} ({len(names) - 1} models)"


def samples_each(model: ModelSummary) -> str:
    """Return how many samples a model's questions have: "up to 3 samples each" where some have fewer than others."""
    uneven = sum(model.total.counts.values()) < model.prompts * model.samples
    return f"{'up to ' if uneven else ''}{model.samples} {'sample' if model.samples == 1 else 'samples'} each"


def decoding(sampling: Mapping[str, Any] | None) -> str:
    """Return how completions were drawn, in words.

    >>> decoding({"temperature": 0.7, "top_p": 0.95, "top_k": 0, "max_new_tokens": 512})
    'temperature 0.7, top-p 0.95, at most 512 tokens'
    >>> decoding({"temperature": 0, "max_new_tokens": 32}), decoding(None)
    ('greedy, at most 32 tokens', 'not recorded')
    """
    if sampling is None:
        return "not recorded"
    if sampling.get("likelihood"):
        return "the likeliest of the choices"
    said = [f"temperature {sampling['temperature']:g}" if sampling.get("temperature") else "greedy"]
    said += [f"top-p {sampling['top_p']:g}"] if sampling.get("top_p", 1) < 1 else []
    said += [f"top-k {sampling['top_k']}"] if sampling.get("top_k") else []
    said += [f"at most {sampling['max_new_tokens']:,} tokens"] if "max_new_tokens" in sampling else []
    return ", ".join(said)


def _days(created: Iterable[str]) -> str:
    """Return the first and the last day of times as they are written in manifests; "" where none is a time."""
    days = sorted(day for text in created if (day := _day(text)))
    return " to ".join(dict.fromkeys(f"{day.day} {day:%B %Y}" for day in (days[0], days[-1]))) if days else ""


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


class Bar(NamedTuple):
    """A change and its interval as places on a line, in percent of its width.

    ``margin`` and ``interval`` are the left end and the width of the margin around zero and of the interval.
    """

    zero: float
    point: float
    margin: tuple[float, float]
    interval: tuple[float, float]


def interval_places(change: Difference, beside: Sequence[Difference] = ()) -> Bar | None:
    """Return where a change and its interval are drawn, on one scale with those ``beside`` it; None without one."""
    if change.delta is None or change.low is None or change.high is None:
        return None
    shown = (change, *beside)
    lowest = min(0.0, *(min(one.low or 0.0, -one.margin) for one in shown))
    highest = max(0.0, *(max(one.high or 0.0, one.margin) for one in shown))
    span = highest - lowest or 1.0

    def place(value: float) -> float:
        return round(EDGE + (100 - 2 * EDGE) * (value - lowest) / span, 2)

    def reach(low: float, high: float) -> tuple[float, float]:
        return place(low), round(place(high) - place(low), 2)

    return Bar(place(0.0), place(change.delta), reach(-change.margin, change.margin), reach(change.low, change.high))
