"""The comparison in a terminal: verdicts in words, a table a pair, the questions that moved, the models' means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..evaluate.comparison import Comparison, Difference, ModelSummary, Pair, QuestionChange, RewardSummary, Verdict
from ..evaluate.run import Run
from .samples import Question, read_questions
from .wording import evidence, headline, mismatch, number, probability, share, signed

BAR_WIDTH = 13
"""Characters of the interval's bar; odd, so that one of them is zero."""

SHOWN_MOVES = 3
"""Losses and gains shown for each pair."""

_COLOURS = {
    Verdict.IMPROVED: "green",
    Verdict.HELD: "cyan",
    Verdict.REGRESSED: "red",
    Verdict.UNDERPOWERED: "yellow",
}


class Symbols(NamedTuple):
    """What an interval's bar is drawn with."""

    line: str
    point: str
    zero: str


UNICODE = Symbols("─", "●", "│")
ASCII = Symbols("-", "o", "|")


def print_comparison(comparison: Comparison, console: Console, runs: Sequence[Run] = ()) -> None:
    """Print the comparison; with its ``runs`` also the questions that moved furthest in each pair.

    Fits 80 columns. Colour carries nothing that the words do not say.
    """
    questions = _moved_questions(comparison, runs)
    for pair in comparison.pairs:
        _print_verdict(pair, comparison.margin, console)
        console.print(_pair_table(pair, comparison, ASCII if console.options.ascii_only else UNICODE))
        _print_moves(pair, [run.model for run in runs], questions, console)
        console.print()
    console.print(_model_table(comparison))
    for model in comparison.models:
        _print_counts(model, console)


def _print_verdict(pair: Pair, margin: float, console: Console) -> None:
    for found in pair.mismatches:
        console.print(Text("! " + mismatch(found, pair), style="bold red" if found.fatal else "yellow"))
    verdict = Text(f"{pair.verdict.value}: ", style=f"bold {_COLOURS[pair.verdict]}")
    console.print(verdict + Text(headline(pair), style="bold"))
    console.print(Text(evidence(pair, margin)))
    if pair.hacking and pair.hacking.suspected:
        console.print(Text("! " + pair.hacking.reason, style="bold red"))
    console.print()


def _pair_table(pair: Pair, comparison: Comparison, symbols: Symbols) -> Table:
    models = {model.name: model for model in comparison.models}
    base, tuned = models[pair.base], models[pair.tuned]
    table = _table("reward", "base", "tuned", "change")
    table.add_column("95 % interval", no_wrap=True, min_width=BAR_WIDTH)
    table.add_column("p Holm", justify="right", no_wrap=True)
    table.add_column("fixed/broken", justify="right", no_wrap=True)
    scale = _scale([*pair.rewards.values(), pair.total])
    for name, found in pair.rewards.items():
        bar = interval_bar(found, scale, symbols)
        row = _pair_row(found, bar, base.rewards[name], tuned.rewards[name])
        table.add_row(Text(name, style="bold" if name == pair.primary else ""), *row)
    bar = interval_bar(pair.total, scale, symbols)
    table.add_row(Text("total"), *_pair_row(pair.total, bar, base.total, tuned.total))
    return table


def _table(first: str, *columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(first, overflow="fold")
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _pair_row(found: Difference, bar: str, base: RewardSummary, tuned: RewardSummary) -> list[Text]:
    colour = _colour(found)
    return [
        Text(number(base.estimate.mean)),
        Text(number(tuned.estimate.mean)),
        Text(signed(found.delta), style=colour),
        Text(bar, style=colour),
        Text(probability(found.p_holm)),
        Text(f"{found.fixed}/{found.broken}"),
    ]


def _colour(found: Difference) -> str:
    if found.low is None or found.high is None:
        return ""
    return "green" if found.low > 0 else "red" if found.high < 0 else ""


def _scale(differences: Sequence[Difference]) -> float:
    """Return the largest change that the bars must show."""
    ends = [abs(end) for found in differences for end in (found.low, found.high, found.delta) if end is not None]
    return max(ends, default=0.0) or 1.0


def interval_bar(found: Difference, scale: float, symbols: Symbols) -> str:
    """Return the interval as a line around zero, which stands in the middle; ``scale`` is the end of the bar."""
    cells = [" "] * BAR_WIDTH
    cells[_cell(0.0, scale)] = symbols.zero
    if found.low is not None and found.high is not None:
        for at in range(_cell(found.low, scale), _cell(found.high, scale) + 1):
            cells[at] = symbols.line
    if found.delta is not None:
        cells[_cell(found.delta, scale)] = symbols.point
    return "".join(cells)


def _cell(value: float, scale: float) -> int:
    return round((value / scale + 1) / 2 * (BAR_WIDTH - 1))


def _moved_questions(comparison: Comparison, runs: Sequence[Run]) -> dict[str, Question]:
    wanted = {move.prompt_id for pair in comparison.pairs for move in [*_losses(pair), *_gains(pair)]}
    if not runs or not wanted:
        return {}
    return {question.id: question for question in read_questions(runs, wanted)}


def _losses(pair: Pair) -> list[QuestionChange]:
    return [change for change in pair.changes[:SHOWN_MOVES] if change.delta < 0]


def _gains(pair: Pair) -> list[QuestionChange]:
    return [change for change in reversed(pair.changes[-SHOWN_MOVES:]) if change.delta > 0]


def _print_moves(pair: Pair, models: Sequence[str], questions: Mapping[str, Question], console: Console) -> None:
    for title, moves in (("Worst losses", _losses(pair)), ("Best gains", _gains(pair))):
        shown = [(move, questions[move.prompt_id]) for move in moves if move.prompt_id in questions]
        if shown:
            console.print(Text(f"\n{title} of {pair.primary}", style="bold"))
        for move, question in shown:
            _print_move(move, question, [models.index(pair.base), models.index(pair.tuned)], console)


def _print_move(move: QuestionChange, question: Question, sides: Sequence[int], console: Console) -> None:
    heading = f"  {question.id}: {number(move.base)} to {number(move.tuned)}"
    prompt = f"    asked  {one_line(question.prompt)}"
    lines = [heading, prompt]
    for label, side in zip(("base ", "tuned"), sides, strict=True):
        lines.append(f"    {label}  {one_line(question.answers[side][0].text)}")
    for line in lines:
        console.print(Text(line), no_wrap=True, overflow="ellipsis")


def one_line(text: str) -> str:
    """Return a text's words on one line, with control characters left out: model output never drives a terminal.

    >>> one_line("a\\n b \\x1b[31mc")
    'a b [31mc'
    """
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def _model_table(comparison: Comparison) -> Table:
    table = _table("model", "reward", "mean", "95 % interval", "questions", "samples")
    table.columns[1].justify = "left"
    for model in comparison.models:
        name = model.name
        for reward, summary in [*model.rewards.items(), ("total", model.total)]:
            table.add_row(Text(name), *_model_row(reward, summary, model))
            name = ""
    return table


def _model_row(reward: str, summary: RewardSummary, model: ModelSummary) -> list[Text]:
    found = summary.estimate
    ends = "-" if found.low is None else f"{number(found.low)} to {number(found.high)}"
    return [Text(reward), Text(number(found.mean)), Text(ends), Text(f"{found.n}"), Text(f"{model.samples}")]


def _print_counts(model: ModelSummary, console: Console) -> None:
    console.print(Text(f"\n{model.name}", style="bold"))
    for name, summary in model.rewards.items():
        counts = ", ".join(f"{status} {count}" for status, count in summary.counts.items())
        console.print(Text(f"  {name}: {counts}"))
    factors = {"truncated": share(model.truncated), "no answer": share(model.unanswered)}
    factors["tokens"] = number(model.tokens, 1)
    console.print(Text("  " + ", ".join(f"{name} {value}" for name, value in factors.items() if value != "-")))
