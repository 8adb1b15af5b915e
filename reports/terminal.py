"""The comparison in a terminal: verdicts in words, one table per pair, the questions that moved, the models' means."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..evaluate.paired.arms import Arm
from ..evaluate.paired.change import Difference
from ..evaluate.paired.comparison import Comparison, Pair
from ..evaluate.paired.summary import ModelSummary, RewardSummary
from ..evaluate.runs.run import Run
from .advice import next_steps
from .bars import (
    BAR_WIDTHS,
    VERDICT_COLOURS,
    bar_scale,
    bar_width,
    cell,
    change_colour,
    interval_bar,
    plain_table,
    symbols_of,
)
from .changed_questions import print_moves, read_moved
from .looks import look_rows, look_sentences
from .ranking import print_ranking
from .subgroups import group_rows, group_sentence
from .training import best_of, claim, origins, seed_changes
from .verdicts import confidence, evidence, multiplicity, over_models, training, verdict_word
from .wording import (
    SAID_FROM,
    alarm,
    doubts,
    drifted,
    mismatch,
    missing_values,
    narrowing,
    noise_floor,
    notes,
    number,
    one_line,
    probability,
    repetition,
    share,
    short_names,
    signed,
)

WIDE = 104
"""Columns from which the intervals are also shown in numbers."""

MOST_IN_FULL = 4
"""Of more models than this only the best one is shown in full beside the table of all."""


def print_comparison(comparison: Comparison, console: Console, runs: Sequence[Run | Arm] = ()) -> None:
    """Print the comparison; with its ``runs`` also the questions that moved furthest in each pair.

    Fits 80 columns. Colour carries nothing that the words do not say.
    """
    _forgive_encoding(console)
    moved = read_moved(comparison, runs)
    for line in notes(comparison):
        console.print(Text(f"note: {line}", style="yellow"))
    for line in (multiplicity(comparison), best_of(comparison)):
        if line:
            console.print(Text(line))
    shown = _shown(comparison)
    if len(comparison.pairs) > 1:
        print_ranking(comparison, console)
    for place, pair in enumerate(shown):
        if place:
            console.print()
        print_verdict(pair, comparison, console)
        console.print(_pair_table(pair, comparison, console))
        _print_looks(pair, console)
        _print_groups(pair, console)
        _print_seeds(pair, comparison, console)
        _print_factors(pair, console)
    if not comparison.pairs:
        _print_doubts(doubts(comparison.models, comparison.obstacles, comparison.primary), console)
        console.print(_model_table(comparison))
    named = {name for pair in shown for name in (pair.base, pair.tuned)}
    for model in comparison.models:
        if model.name in named or not shown:
            _print_counts(model, comparison.primary, console)
    for pair in shown:
        print_moves(pair, comparison, moved, console)
    _print_parameters(comparison, console)


def _shown(comparison: Comparison) -> tuple[Pair, ...]:
    """Return the pairs that are shown in full: all of a few, of many that of the best model."""
    if len(comparison.pairs) <= MOST_IN_FULL or comparison.best_of is None:
        return comparison.pairs
    return tuple(pair for pair in comparison.pairs if pair.tuned == comparison.best_of.name)


def _print_seeds(pair: Pair, comparison: Comparison, console: Console) -> None:
    """Print a line with a dot for each training seed of the arms in a pair."""
    seeds = seed_changes(pair, comparison)
    if not seeds:
        return
    console.print()
    table = plain_table("seed", one_line(short_names(pair.rows())[pair.primary]), "change")
    table.add_column("", no_wrap=True)
    scale = max((abs(one.change) for one in seeds if one.change is not None), default=0.0) or 1.0
    symbols = symbols_of(console)
    for one in seeds:
        cells = [" "] * BAR_WIDTHS[1]
        cells[cell(0.0, scale, len(cells))] = symbols.zero
        if one.change is not None:
            cells[cell(one.change, scale, len(cells))] = symbols.point
        table.add_row(Text(f"{one.model}, {one.seed}"), one.mean, one.shown, Text("".join(cells)))
    console.print(table)


def _forgive_encoding(console: Console) -> None:
    """Let a character that the output cannot encode be shown as "?": no model's text ends in a traceback."""
    if isinstance(console.file, io.TextIOWrapper):
        console.file.reconfigure(errors="replace")


def print_verdict(pair: Pair, comparison: Comparison, console: Console) -> None:
    """Print the verdict of a pair in words, with what speaks against it first."""
    sides = (comparison.model(pair.base), comparison.model(pair.tuned))
    _print_doubts(doubts(sides, pair.obstacles, pair.primary), console)
    for warning in pair.mismatches:
        console.print(Text("! " + mismatch(warning, pair), style="bold red" if warning.fatal else "yellow"))
    colour = "red" if pair.verdict is None else VERDICT_COLOURS[pair.verdict]
    verdict = Text(f"{verdict_word(pair)}: ", style=f"bold {colour}")
    console.print(verdict + Text(claim(pair), style="bold"))
    for line in (evidence(pair), *origins(pair, comparison), *look_sentences(pair)):
        console.print(Text(line))
    for step in next_steps(pair, *sides):
        console.print(Text("Next: ", style="bold") + Text(step.text))
    for line in (
        over_models(pair, comparison),
        narrowing(pair.gain),
        noise_floor(comparison.noise) if comparison.noise else "",
        training(pair),
    ):
        if line:
            console.print(Text(line, style="dim"))
    if pair.drift is not None:
        far = pair.drift.far
        console.print(Text(("! " if far else "") + drifted(pair), style="bold red" if far else "dim"))
    if pair.hacking and pair.hacking.suspected:
        console.print(Text("! " + one_line(pair.hacking.reason), style="bold red"))
    for raised in pair.alarms:
        console.print(Text("! Alarm while training, " + alarm(raised), style="bold red"))
    console.print()


def _print_doubts(lines: Sequence[str], console: Console) -> None:
    for line in lines:
        console.print(Text("! " + line, style="bold yellow"))


def _pair_table(pair: Pair, comparison: Comparison, console: Console) -> Table:
    base, tuned = comparison.model(pair.base).rows(), comparison.model(pair.tuned).rows()
    wide = console.width >= WIDE
    table = plain_table("reward", "base", "tuned", "change", *(["from", "to"] if wide else []))
    table.add_column(f"{confidence(pair.gain.level)} interval", no_wrap=True)
    table.add_column("p Holm", justify="right", no_wrap=True)
    table.add_column("fixed/broken", justify="right", no_wrap=True)
    scale = bar_scale(list(pair.rows().values()))
    symbols = symbols_of(console)
    labels = short_names(pair.rows())
    bar = bar_width(console.width - (18 if wide else 0), max(map(cell_len, labels.values())))
    for name, change in pair.rows().items():
        ends = [Text(signed(change.low)), Text(signed(change.high))] if wide else []
        style = "bold" if name == pair.primary else ""
        cells = [
            *_values(change, base[name], tuned[name]),
            *ends,
            Text(interval_bar(change, scale, symbols, bar), change_colour(change)),
            Text(probability(change.p_holm)),
            Text(f"{change.fixed}/{change.broken}"),
        ]
        table.add_row(Text(labels[name], style=style), *cells)
    return table


def _values(change: Difference, base: RewardSummary, tuned: RewardSummary) -> list[Text]:
    means = [Text(number(side.estimate.mean)) for side in (base, tuned)]
    return [*means, Text(signed(change.delta), style=change_colour(change))]


def _print_looks(pair: Pair, console: Console) -> None:
    """Print the looks at the primary metric's change, those to come too."""
    if pair.looks is None:
        return
    console.print()
    table = plain_table("look", "questions", "z", "level", "change", "interval", "verdict")
    for row in look_rows(pair.looks):
        table.add_row(*map(Text, row))
    console.print(table)


def _print_groups(pair: Pair, console: Console) -> None:
    """Print the change in groups of questions."""
    if pair.subgroups is None:
        return
    console.print()
    table = plain_table(pair.subgroups.column, "questions", "base", "tuned", "change", "interval", "p Holm", "verdict")
    for row in group_rows(pair.subgroups):
        table.add_row(*map(Text, row))
    console.print(table)
    console.print(Text(group_sentence(pair.subgroups)))


def _print_factors(pair: Pair, console: Console) -> None:
    """Print how the primary's change splits: by kinds of completions becoming more or fewer, and within kinds."""
    if not pair.factors:
        return
    console.print()
    table = plain_table(f"change of {pair.primary} by", "more or fewer", "within", "shares, base to tuned")
    labels = short_names([*pair.rewards, *(factor.name for factor in pair.factors if factor.name not in pair.rewards)])
    for factor in pair.factors:
        last = factor.bins[-1]
        shares = f"{last.name} {share(last.base_share)} to {share(last.tuned_share)}"
        cells = (labels[factor.name], signed(factor.shift.mean), signed(factor.within.mean), shares)
        table.add_row(*map(Text, cells))
    console.print(table)


def _model_table(comparison: Comparison) -> Table:
    table = plain_table("model")
    table.add_column("reward", overflow="fold")
    for heading in ("mean", "95 % interval", "questions", "samples"):
        table.add_column(heading, justify="right", no_wrap=True)
    for model in comparison.models:
        name, labels = model.name, short_names(model.rows())
        for reward, summary in model.rows().items():
            estimate = summary.estimate
            ends = "-" if estimate.low is None else f"{number(estimate.low)} to {number(estimate.high)}"
            cells = (labels[reward], number(estimate.mean), ends, f"{estimate.n}", f"{model.samples}")
            table.add_row(Text(one_line(name)), *[Text(cell) for cell in cells])
            name = ""
    return table


def _print_counts(model: ModelSummary, primary: str, console: Console) -> None:
    console.print(Text(f"\n{one_line(model.name)}", style="bold"))
    labels = short_names(model.rewards)
    for name, summary in model.rewards.items():
        counts = ", ".join(f"{status} {count}" for status, count in summary.counts.items())
        console.print(Text(f"  {labels[name]} {number(summary.estimate.mean, 4)}: {one_line(counts)}"))
    factors = {"cut": share(model.cut), "no answer": share(model.unanswered)}
    factors |= {"tokens": number(model.tokens, 1), repetition(model): share(model.repeated)}
    factors |= {"distinct texts": share(model.distinct)}
    factors |= {"refused": f"{model.refused}" if model.refused else "-"}
    console.print(Text("  " + ", ".join(f"{name} {value}" for name, value in factors.items() if value != "-")))
    if 0 < model.missing.share < SAID_FROM:
        console.print(Text("  " + missing_values(model, primary)))


def _print_parameters(comparison: Comparison, console: Console) -> None:
    """Print the full names of the rewards that the tables show without their parameters."""
    shortened = {short: name for name, short in short_names(comparison.weights).items() if short != name}
    if shortened:
        lines = [f"{short}: {one_line(name)}" for short, name in shortened.items()]
        console.print(Text("\n" + "\n".join(lines), style="dim"))
