"""A run's scores as arrays: questions by samples, one array a reward."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import Line, read_lines
from .run import Run
from .statistics.arrays import Booleans, Floats, Integers
from .types import EvaluationError

TOTAL = "total"
"""The name of the weighted total among the rewards' names."""

NO_ANSWER = "no answer"
"""The status of a completion in which a reward found no answer to judge."""


@dataclass(frozen=True)
class Table:
    """Scores of one run. Arrays are ``[questions, samples]`` in the order of the prompts; NaN where there is none.

    ``values`` holds the rewards by name and the weighted total; ``statuses`` per reward an index into ``words``
    (-1: no row). ``cut`` is 1 where the completion met the token limit, ``tokens`` the number generated.
    ``clusters`` numbers the cluster of each question, None when the task has no cluster column.
    """

    ids: tuple[str, ...]
    clusters: Integers | None
    values: Mapping[str, Floats]
    statuses: Mapping[str, NDArray[np.int16]]
    words: tuple[str, ...]
    cut: Floats
    tokens: Floats
    present: Booleans
    foreign: int

    def counts(self, reward: str) -> dict[str, int]:
        """Return how many completions got each status from a reward, the most frequent first."""
        codes = self.statuses[reward]
        found = np.bincount(codes[codes >= 0], minlength=len(self.words))
        order = np.argsort(-found, kind="stable")
        return {self.words[code]: int(found[code]) for code in order if found[code]}

    def has_status(self, reward: str, word: str) -> Booleans:
        """Tell which completions got a status from a reward."""
        code = self.words.index(word) if word in self.words else -2
        found: Booleans = self.statuses[reward] == code
        return found


def read_table(run: Run) -> Table:
    """Read the scores and completions of a run, line by line; only numbers are kept.

    Raises :class:`EvaluationError` for a line that is none of a run's, for a prompt that the run does not have,
    and for a completion that is there twice or was not scored.
    """
    return _Reader(run).read()


class _Reader:
    """Collects the columns of a table while the two files are read side by side."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.names = (*run.manifest.mix.fingerprints, TOTAL)
        self.questions = {prompt: index for index, prompt in enumerate(run.prompts)}
        self.words: dict[str, int] = {}
        self.question, self.sample = array("q"), array("q")
        self.values = {name: array("d") for name in self.names}
        self.codes = {name: array("h") for name in self.names[:-1]}
        self.cut, self.tokens = array("d"), array("d")
        self.foreign = 0

    def read(self) -> Table:
        for score, row in self._lines():
            try:
                self._add(score.value, row.value)
            except (KeyError, TypeError, AttributeError):
                raise EvaluationError(
                    f"{self.run.path / 'scores.jsonl'}, line {score.number}: not the scores of line {row.number} of "
                    f"completions.jsonl. Score the run again: grpo-eval score {self.run.path}"
                ) from None
        return self._table()

    def _lines(self) -> Iterator[tuple[Line, Line]]:
        scores = read_lines(self.run.path / "scores.jsonl")
        rows = read_lines(self.run.path / "completions.jsonl")
        for score, row in zip_longest(scores, rows):
            if score is None or row is None:
                raise EvaluationError(
                    f"{self.run.path}: scores.jsonl and completions.jsonl differ in length. Score the run again: "
                    f"grpo-eval score {self.run.path}"
                )
            yield score, row

    def _add(self, score: dict[str, Any], row: dict[str, Any]) -> None:
        if score["prompt_id"] != row["prompt_id"] or score["sample"] != row["sample"]:
            raise KeyError
        self.question.append(self.questions[score["prompt_id"]])
        self.sample.append(score["sample"])
        self.values[TOTAL].append(_number(score["total"]))
        judged = score["rewards"]
        for name, codes in self.codes.items():
            self.values[name].append(_number(judged[name]["value"]))
            codes.append(self.words.setdefault(judged[name]["status"], len(self.words)))
        reason = row["finish_reason"]
        self.cut.append(np.nan if reason is None else reason == "length")
        self.tokens.append(_number(row["tokens"]))
        self.foreign += row["weights"] != self.run.manifest.weights

    def _table(self) -> Table:
        places = self._places()
        shape = (len(self.questions), max(self.sample) + 1)

        def spread_out(column: array[Any], empty: float, dtype: type[Any]) -> NDArray[Any]:
            grid = np.full(shape, empty, dtype)
            grid.ravel()[places] = column
            return grid

        return Table(
            ids=tuple(self.questions),
            clusters=_clusters(self.run),
            values={name: spread_out(column, np.nan, np.float64) for name, column in self.values.items()},
            statuses={name: spread_out(column, -1, np.int16) for name, column in self.codes.items()},
            words=tuple(self.words),
            cut=spread_out(self.cut, np.nan, np.float64),
            tokens=spread_out(self.tokens, np.nan, np.float64),
            present=spread_out(array("b", [1]) * len(places), 0, np.bool_),
            foreign=self.foreign,
        )

    def _places(self) -> Integers:
        """Return where each row stands in the flattened grid."""
        question, sample = np.array(self.question), np.array(self.sample)
        if sample.min() < 0:
            raise EvaluationError(f"{self.run.path}: a completion has sample {sample.min()}; samples count from 0.")
        places: Integers = question * (sample.max() + 1) + sample
        unique, counts = np.unique(places, return_counts=True)
        if len(unique) < len(places):
            twice = divmod(int(unique[counts > 1][0]), int(sample.max()) + 1)
            raise EvaluationError(
                f"{self.run.path}: sample {twice[1]} of prompt {list(self.questions)[twice[0]]!r} is there twice; "
                "take the copy out of completions.jsonl and score the run again."
            )
        return places


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _clusters(run: Run) -> Integers | None:
    """Number the clusters in order of appearance; a prompt without a value is a cluster of its own."""
    column = run.manifest.task.cluster
    if column is None:
        return None
    numbers: dict[object, int] = {}
    keys = [(prompt.columns.get(column), prompt.id) for prompt in run.prompts.values()]
    return np.array([numbers.setdefault(("", id) if key is None else str(key), len(numbers)) for key, id in keys])
