"""What votes say: how often each model's answer was chosen, with an interval, blind votes apart from open ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from ...evaluate.statistics.intervals import Interval, wilson
from ...evaluate.statistics.paired import mcnemar
from ...files import read_lines
from .votes import NEITHER, TIE


class Standing(NamedTuple):
    """Two models side by side: votes for each, ties, and votes that none is good.

    ``share`` is the part of the decided votes that ``second`` got, Wilson's score interval at 95 % (Wilson 1927, JASA
    22:209); ``p`` that of the exact sign test. Both None where no vote decided. Votes count as independent.
    """

    first: str
    second: str
    wins: tuple[int, int]
    ties: int
    neither: int
    share: Interval | None
    p: float | None


class Tally(NamedTuple):
    """The standings of all pairs of models that were voted on, and how many votes there are."""

    votes: int
    pairs: list[Standing]


def tally(path: Path, *, blind: bool) -> Tally:
    """Count the blind votes of a file, or the open ones; a file that is not there has none.

    A vote for one of several models counts against each of the others. Raises
    :class:`~grpokit.files.FileError` for a file that holds something else.
    """
    votes = [line.value for line in read_lines(path)] if path.exists() and path.stat().st_size else []
    own = [vote for vote in votes if bool(vote.get("blind")) == blind and {"choice", "answers"} <= vote.keys()]
    seen = list(dict.fromkeys(pair for vote in own for pair in combinations(vote["answers"], 2)))
    return Tally(
        len(own), [_standing(pair, [vote for vote in own if set(pair) <= set(vote["answers"])]) for pair in seen]
    )


def _standing(pair: tuple[str, str], votes: Sequence[dict[str, str]]) -> Standing:
    chosen = Counter(vote["choice"] for vote in votes)
    first, second = (chosen[name] for name in pair)
    decided = first + second
    share = wilson(second / decided, decided) if decided else None
    p = mcnemar(first, second) if decided else None
    return Standing(*pair, (first, second), chosen[TIE], chosen[NEITHER], share, p)


def shown(path: Path) -> str:
    """Return both tallies as HTML, every text escaped."""
    parts = [_table(word, tally(path, blind=blind)) for word, blind in (("Blind", True), ("Open", False))]
    return "".join(parts) or "<p>No vote yet.</p>"


def _table(word: str, votes: Tally) -> str:
    if not votes.votes:
        return ""
    head = "".join(f"<th scope=col>{name}</th>" for name in ("chosen", "", "equal", "none good", "share", "p"))
    return (
        f"<h2>{word} votes: {votes.votes}</h2><table><thead><tr>{head}</tr></thead><tbody>"
        f"{''.join(map(_row, votes.pairs))}</tbody></table>"
    )


def _row(pair: Standing) -> str:
    share = "-" if pair.share is None else f"{_share(pair)} for {escape(pair.second)}"
    p = "-" if pair.p is None else f"{pair.p:.3f}"
    cells = [
        f"{escape(pair.first)} {pair.wins[0]}",
        f"{escape(pair.second)} {pair.wins[1]}",
        str(pair.ties),
        str(pair.neither),
        share,
        p,
    ]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _share(pair: Standing) -> str:
    assert pair.share is not None, "asked where votes decided"
    return f"{pair.wins[1] / sum(pair.wins):.0%} ({pair.share.low:.0%} to {pair.share.high:.0%})"
