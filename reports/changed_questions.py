"""The questions that moved furthest, in short: what was asked and how each model's answer ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ..evaluate.paired.arms import Arm
from ..evaluate.paired.change import QuestionChange
from ..evaluate.paired.comparison import Comparison, Pair
from ..evaluate.runs.run import Run
from .samples import Answer, Question, read_questions
from .wording import number, one_line

SHOWN = 3
"""Losses and gains shown of one pair; of each among several pairs, a single one."""


def read_moved(comparison: Comparison, runs: Sequence[Run | Arm]) -> dict[str, Question]:
    """Read the questions that :func:`print_moves` shows; none without runs."""
    count = _count(comparison)
    wanted = {move.prompt_id for pair in comparison.pairs for move in [*_losses(pair, count), *_gains(pair, count)]}
    if not runs or not wanted:
        return {}
    return {question.id: question for question in read_questions(runs, wanted)}


def print_moves(pair: Pair, comparison: Comparison, questions: Mapping[str, Question], console: Console) -> None:
    """Print the worst losses and the best gains of the primary metric, each text on a line cut to the width."""
    names = [model.name for model in comparison.models]
    sides = (names.index(pair.base), names.index(pair.tuned))
    count = _count(comparison)
    for title, moves in (("Worst losses", _losses(pair, count)), ("Best gains", _gains(pair, count))):
        shown = [(move, questions[move.prompt_id]) for move in moves if move.prompt_id in questions]
        if shown:
            console.print(Text(f"\n{title} of {pair.primary}", style="bold"))
        for move, question in shown:
            base, tuned = (question.answers[side] for side in sides)
            better, worse = (base, tuned) if move.delta < 0 else (tuned, base)
            best, worst = max(better, key=_value(pair.primary)), min(worse, key=_value(pair.primary))
            before, after = (best, worst) if move.delta < 0 else (worst, best)
            console.print(
                Text(f"  {one_line(question.id)}: {number(move.base)} to {number(move.tuned)}"), overflow="fold"
            )
            texts = {"asked": question.prompt, "base": before.text, "tuned": after.text}
            for label, text in texts.items():
                console.print(Text(f"    {label:7}{ending(text, max(console.width - 11, 4))}"), no_wrap=True)


def _count(comparison: Comparison) -> int:
    return SHOWN if len(comparison.pairs) == 1 else 1


def _losses(pair: Pair, count: int) -> list[QuestionChange]:
    return [change for change in pair.changes[:count] if change.delta < 0]


def _gains(pair: Pair, count: int) -> list[QuestionChange]:
    return [change for change in reversed(pair.changes[-count:]) if change.delta > 0]


def _value(primary: str) -> Callable[[Answer], float]:
    def value(answer: Answer) -> float:
        judged = answer.rewards.get(primary)
        return (answer.total if judged is None else judged.value) or 0.0

    return value


def ending(text: str, width: int) -> str:
    """Return the last ``width`` columns of a text on one line, where questions and answers come to their point.

    >>> ending("So 20 and 4 make\\n<answer>24</answer>", 24)
    '...e <answer>24</answer>'
    """
    line = one_line(text)
    if cell_len(line) <= width:
        return line
    tail = line[-(width - 3) :]
    while cell_len(tail) > width - 3:
        tail = tail[1:]
    return f"...{tail}"
