"""The columns of a run's table, collected from its lines piece by piece: of many, in several processes."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from math import nan
from typing import Any

from ...files import Line, RawLine
from ...rewards.answers.normalize import LONGEST
from ...rewards.text import Text, normalise
from ..runs.lines import checksum
from ..runs.places import ScoredPlaces
from ..runs.run import Run, ScoredRow, read_status
from ..types import EvaluationError
from ..workers import Job, processes, spread
from .distinct import LONG
from .doubts import SHOWN, MissingRow
from .summary import TOTAL

PIECE = 2048
"""Completions of one piece."""

Numbers = dict[str, int]
"""Texts, and the numbers that stand for them, in order of appearance."""


def _integers() -> array[int]:
    return array("q")


def _floats() -> array[float]:
    return array("d")


@dataclass
class Columns:
    """What a table is made of, a number per completion, or per reward of each.

    ``questions``, ``codes`` and ``spelt`` (-1: none) stand for ``ids``, ``words`` and ``spellings``; ``asked`` is the
    checksum of the prompt's line that the score was made of (-1: not known), and ``texts`` a digest of the completion.
    """

    ids: Numbers = field(default_factory=dict)
    words: Numbers = field(default_factory=dict)
    spellings: Numbers = field(default_factory=dict)
    questions: array[int] = field(default_factory=_integers)
    samples: array[int] = field(default_factory=_integers)
    asked: array[int] = field(default_factory=_integers)
    spelt: array[int] = field(default_factory=_integers)
    codes: array[int] = field(default_factory=_integers)
    texts: array[int] = field(default_factory=_integers)
    long: array[int] = field(default_factory=_integers)
    totals: array[float] = field(default_factory=_floats)
    values: array[float] = field(default_factory=_floats)
    cut: array[float] = field(default_factory=_floats)
    tokens: array[float] = field(default_factory=_floats)
    repeated: array[float] = field(default_factory=_floats)
    units: set[str] = field(default_factory=set)
    foreign: int = 0
    refused: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    unvalued: list[MissingRow] = field(default_factory=list)

    def extend(self, other: Columns) -> None:
        """Add the completions that come next."""
        self.questions.extend(_renumbered(other.questions, self.ids, other.ids))
        self.codes.extend(_renumbered(other.codes, self.words, other.words))
        self.spelt.extend(_renumbered(other.spelt, self.spellings, other.spellings))
        for name in ("samples", "asked", "texts", "long", "totals", "values", "cut", "tokens", "repeated"):
            getattr(self, name).extend(getattr(other, name))
        self.units |= other.units
        self.foreign += other.foreign
        self.refused += other.refused
        self.missing += other.missing
        self.unvalued = (self.unvalued + other.unvalued)[:SHOWN]


def _renumbered(numbers: array[int], own: Numbers, others: Numbers) -> array[int]:
    """Return the numbers that texts of ``others`` have in ``own``, which takes up those that it lacks."""
    places = [own.setdefault(text, len(own)) for text in others]
    return array("q", map([*places, -1].__getitem__, numbers))  # so that -1 stays -1


@dataclass(frozen=True)
class ColumnsJob(Job[ScoredPlaces, Columns]):
    """Collecting the columns of a run that is read by the metric ``primary``."""

    run: Run
    primary: str

    def done(self, piece: ScoredPlaces) -> Columns:
        """Return the columns of lines that follow each other; raise :class:`EvaluationError` where one is wrong."""
        columns, rewards = Columns(), tuple(self.run.manifest.mix.fingerprints)
        for line in self.run.scored_rows(piece):
            score, row = self.run.read_score(line.score), self.run.read_row(line.row)
            self._check(score, row, line.row)
            try:
                self._add(columns, rewards, score.value, row.value)
                self._note_missing(columns, score)
            except (KeyError, TypeError, AttributeError):
                raise self.mismatch(line) from None
        return columns

    def mismatch(self, line: ScoredRow) -> EvaluationError:
        """Return the error for a score that is not of the completion beside it."""
        return EvaluationError(
            f"{self.run.path / 'scores.jsonl'}, line {line.score.number}: not the scores of line {line.row.number} of "
            f"completions.jsonl. Score the run again: grpo-eval score {self.run.path}"
        )

    def _check(self, score: Line, row: Line, stored: RawLine) -> None:
        made_of = score.value.get("made_of")
        if made_of is not None and made_of[1] != checksum(stored):
            raise EvaluationError(
                f"{self.run.path / 'completions.jsonl'}, line {row.number}: edited after it was scored. Score the run "
                f"again: grpo-eval score {self.run.path}"
            )

    def _add(self, columns: Columns, rewards: Sequence[str], score: dict[str, Any], row: dict[str, Any]) -> None:
        if score["prompt_id"] != row["prompt_id"] or score["sample"] != row["sample"]:
            raise KeyError
        columns.questions.append(columns.ids.setdefault(score["prompt_id"], len(columns.ids)))
        columns.samples.append(score["sample"])
        made_of = score.get("made_of")
        columns.asked.append(-1 if made_of is None else made_of[0])
        columns.totals.append(_number(score["total"]))
        judged = [score["rewards"][reward] for reward in rewards]
        columns.values.extend([_number(one["value"]) for one in judged])
        for one in judged:
            columns.codes.append(columns.words.setdefault(read_status(one["status"]), len(columns.words)))
        if self.primary != TOTAL:
            answer = _answer(score["rewards"][self.primary]["span"], row["text"])
            number = -1 if answer is None else columns.spellings.setdefault(answer, len(columns.spellings))
            columns.spelt.append(number)
        text = row["text"] if isinstance(row["text"], str) else normalise(row["text"]).text
        columns.texts.append(_digest(text))
        columns.long.append(len(text) > LONG)
        reason = row["finish_reason"]
        columns.cut.append(nan if reason in (None, "missing") else reason == "length")
        columns.tokens.append(_number(row["tokens"]))
        columns.repeated.append(_number(score.get("repeated")))
        columns.units.add("word" if row["token_ids"] is None else "token")
        columns.refused += reason == "refused"
        columns.foreign += row["weights"] != self.run.manifest.weights

    def _note_missing(self, columns: Columns, score: Line) -> None:
        own = None if self.primary == TOTAL else score.value["rewards"][self.primary]
        if (score.value["total"] if own is None else own["value"]) is None:
            status = "not applicable" if own is None else read_status(own["status"])
            columns.missing[status] += 1
            if len(columns.unvalued) < SHOWN:
                columns.unvalued.append(MissingRow(score.number, score.value["prompt_id"], status))


def read_columns(run: Run, primary: str, known: Numbers, workers: int | None) -> Columns:
    """Return the columns of all completions of a run, whose questions must be ``known``.

    Raises :class:`EvaluationError` for a line that is none of a run's, and for scores that are not of the completion
    beside them.
    """
    job, whole = ColumnsJob(run, primary), Columns()
    work = spread(job, run.pieces(PIECE), processes(run.scores_file, workers))
    with closing(work):
        for piece, collected in work:
            part = collected or job.done(piece)
            for id, number in part.ids.items():
                if id not in known:
                    raise job.mismatch(list(run.scored_rows(piece))[part.questions.index(number)])
            whole.extend(part)
    return whole


def _number(value: float | None) -> float:
    return nan if value is None else value


def _digest(text: str) -> int:
    """Return 64 bits that are the same in every process, unlike Python's hashes."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "little", signed=True)


def _answer(span: Sequence[int] | None, text: Text) -> str | None:
    """Return the text that a span is of; for a very long one a digest, as it is compared as a whole.

    A span counts in the normalised text; of a string, normalising only cuts the end.
    """
    if span is None:
        return None
    whole = text if isinstance(text, str) else normalise(text).text
    answer = " ".join(whole[span[0] : span[1]].split())
    return answer if len(answer) <= LONGEST else f"{_digest(answer):x}"
