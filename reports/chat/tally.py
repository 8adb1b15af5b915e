"""What votes say: how often each model's answer was chosen, with an interval, blind votes apart from open ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from html import escape
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from ...evaluate.statistics.intervals import Interval, wilson
from ...evaluate.statistics.paired import mcnemar
from ...files import FileError, Line, read_lines
from .chat import NEITHER, TIE


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


class Vote(NamedTuple):
    """A vote as its file holds it: the models that answered, the name of one of them or of none, and how it was given.

    ``models`` maps their names to the fingerprints of their weights.
    """

    models: Mapping[str, str]
    choice: str
    blind: bool

    @classmethod
    def of(cls, path: Path, line: Line) -> Vote:
        """Read a line of a file. Raises :class:`~grpokit.files.FileError` for one that is no vote."""
        answers, choice, blind = (line.value.get(key) for key in ("answers", "choice", "blind"))
        if not isinstance(answers, dict) or not all(isinstance(answer, dict) for answer in answers.values()):
            fault = "it says no answers"
        elif TIE in answers or NEITHER in answers:
            fault = f"a model is named {TIE if TIE in answers else NEITHER!r}, as a vote for no model is"
        elif not isinstance(choice, str) or choice not in (*answers, TIE, NEITHER):
            fault = f"its choice is {choice!r:.80}, and its models are {', '.join(answers):.200}"
        elif not isinstance(blind, bool):
            fault = f"blind is {blind!r:.80}; true or false is wanted"
        else:
            return cls({name: str(answer.get("weights", "")) for name, answer in answers.items()}, choice, blind)
        raise FileError(f"{path}, line {line.number}: this is no vote: {fault}.")

    def labelled(self, several: Collection[str]) -> Vote:
        """Return the vote with the weights in the names of which there are ``several`` models."""
        labels = {name: f"{name} ({weights[:8]})" for name, weights in self.models.items() if name in several}
        models = {labels.get(name, name): weights for name, weights in self.models.items()}
        return self._replace(models=models, choice=labels.get(self.choice, self.choice))


def tally(path: Path, *, blind: bool) -> Tally:
    """Count the blind votes of a file, or the open ones; a file that is not there has none.

    A vote for one of several models counts against each of the others. Models of one name whose weights differ are
    counted apart, with the weights in their names. Raises :class:`~grpokit.files.FileError` for a file that holds
    something else.
    """
    lines = read_lines(path) if path.exists() and path.stat().st_size else ()
    votes = [Vote.of(path, line) for line in lines]
    models = Counter(name for name, _ in {model for vote in votes for model in vote.models.items()})
    several = {name for name, count in models.items() if count > 1}
    own = [vote.labelled(several) for vote in votes if vote.blind == blind]
    seen = list(dict.fromkeys(pair for vote in own for pair in combinations(vote.models, 2)))
    return Tally(len(own), [_standing(pair, [vote for vote in own if set(pair) <= set(vote.models)]) for pair in seen])


def _standing(pair: tuple[str, str], votes: Sequence[Vote]) -> Standing:
    chosen = Counter(vote.choice for vote in votes)
    first, second = (chosen[name] for name in pair)
    decided = first + second
    share = wilson(second / decided, decided) if decided else None
    p = mcnemar(first, second) if decided else None
    return Standing(*pair, (first, second), chosen[TIE], chosen[NEITHER], share, p)


def shown(path: Path) -> str:
    """Return both tallies as HTML, every text escaped; what keeps a file from being counted takes their place."""
    try:
        parts = [_table(word, tally(path, blind=blind)) for word, blind in (("Blind", True), ("Open", False))]
    except FileError as error:
        return f"<p>{escape(str(error))}</p>"
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
