"""The looks at questions that are asked in a random order: which were made, how strict, and what they said."""

from __future__ import annotations

from typing import NamedTuple

from ..evaluate.paired.change import Verdict
from ..evaluate.paired.comparison import Pair
from ..evaluate.paired.looks import Look, Looks
from .units import NUMBERS, Unit
from .wording import questions


class LookRow(NamedTuple):
    """One look, ready to be shown."""

    number: str
    questions: str
    z: str
    level: str
    change: str
    interval: str
    verdict: str


def percent(level: float) -> str:
    """Return a level in percent, with as many digits as tell it from its neighbours.

    >>> percent(0.999217), percent(0.956931)
    ('99.92 %', '95.69 %')
    """
    return f"{100 * level:.2f} %"


def look_rows(looks: Looks, unit: Unit = NUMBERS) -> list[LookRow]:
    """Return a row for each look, those to come too."""
    return [_row(f"{number} of {len(looks.looks)}", look, unit) for number, look in enumerate(looks.looks, 1)]


def _row(number: str, look: Look, unit: Unit) -> LookRow:
    shown = (number, f"{look.questions:,}", f"{look.z:.3f}", percent(look.level))
    if look.change is None:
        return LookRow(*shown, "-", "-", "to come")
    change = look.change
    return LookRow(
        *shown, unit.change(change.delta), unit.interval(change.low, change.high), change.verdict or "NO VERDICT"
    )


def look_sentences(pair: Pair) -> list[str]:
    """Return what a reader must know of a verdict that was looked for again and again; nothing where it was not."""
    looks = pair.looks
    if looks is None:
        return []
    latest = looks.latest
    said = [
        f"Look {looks.made} of {len(looks.looks)}: {latest.questions:,} of {questions(looks.of)} asked, in random "
        f"order (seed {looks.seed}). Its intervals are at {percent(latest.level)}, {latest.z:.3f} standard errors "
        "where questions are many, so that all looks together err no more often than a single one."
    ]
    if looks.early and pair.verdict in (Verdict.IMPROVED, Verdict.REGRESSED):
        said.append(
            "A change at which asking stops is too large on average: that there is one is sure, for its size read the "
            "interval, or go on to the end with --resume and without --until-decided."
        )
    elif looks.early:
        said.append("More questions can be asked with --resume.")
    return said
