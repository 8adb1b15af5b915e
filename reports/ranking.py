"""All models of a comparison in one table, the best first: each with its change from the base and what that proves."""

from __future__ import annotations

from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from ..evaluate.paired.change import Difference
from ..evaluate.paired.comparison import Comparison
from .bars import BAR_WIDTHS, bar_scale, change_colour, interval_bar, plain_table, symbols_of
from .verdicts import confidence, verdict_word
from .wording import one_line, probability, short_names, signed


class Ranked(NamedTuple):
    """A model in its place: ``gain`` is its change from the base, None for the base itself and then no verdict."""

    place: int
    name: str
    mean: float | None
    gain: Difference | None
    verdict: str


def ranked(comparison: Comparison) -> list[Ranked]:
    """Return the models by their mean of the primary metric, the highest first; equal ones as they were given.

    The order is that of the means alone: two neighbours may well be equally good.
    """
    pairs = {pair.tuned: pair for pair in comparison.pairs}
    means = {model.name: model.rows()[comparison.primary].estimate.mean for model in comparison.models}
    order = sorted(means, key=lambda name: (means[name] is None, -(means[name] or 0.0)))
    return [
        Ranked(
            place,
            name,
            means[name],
            pairs[name].gain if name in pairs else None,
            verdict_word(pairs[name]) if name in pairs else "base",
        )
        for place, name in enumerate(order, 1)
    ]


def print_ranking(comparison: Comparison, console: Console) -> None:
    """Print the models in their order, with the interval of each one's change and p over the models."""
    metric = one_line(short_names([*comparison.weights, comparison.primary])[comparison.primary])
    table = plain_table("", "model", metric, "change")
    table.columns[1].justify, table.columns[1].no_wrap, table.columns[1].overflow = "left", False, "fold"
    table.add_column(f"{confidence(comparison.pairs[0].gain.level)} interval", no_wrap=True)
    table.add_column("p models", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    scale = bar_scale([pair.gain for pair in comparison.pairs])
    for one in ranked(comparison):
        change, bar, p = Text("-"), Text(""), Text("-")
        if one.gain is not None:
            colour = change_colour(one.gain)
            change = Text(signed(one.gain.delta), style=colour)
            bar = Text(interval_bar(one.gain, scale, symbols_of(console), BAR_WIDTHS[0]), colour)
            p = Text(probability(one.gain.p_models))
        name = Text(one_line(one.name), style="bold" if one.place == 1 else "")
        mean = "-" if one.mean is None else f"{one.mean:.3f}"
        table.add_row(Text(str(one.place)), name, Text(mean), change, bar, p, Text(one.verdict))
    console.print(table)
    console.print()
