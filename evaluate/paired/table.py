"""A run's scores as arrays: by question and sample, one array per reward."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...files import Line
from ...rewards.answers.classes import equal_answers
from ...rewards.answers.normalize import LONGEST
from ...rewards.graded import STATUSES
from ...rewards.reward import NO_ANSWER
from ...rewards.text import Text, normalise
from ..runs.run import Run, read_status
from ..statistics.arrays import Booleans, Floats, Integers
from ..statistics.samples import Samples
from ..types import EvaluationError
from .distinct import LONG, constant_share, distinct_over, distinct_within
from .doubts import SHOWN, MissingRow, MissingValues
from .summary import TOTAL


@dataclass(frozen=True)
class Table:
    """Scores of one run: a number per completion that it has, question by question in the order of the prompts.

    ``values`` holds the rewards by name and the weighted total; ``statuses`` per reward an index into ``words``.
    ``cut`` is 1 where the completion met the token limit, ``tokens`` the number generated.
    ``answers`` are equal numbers for the equal answers to a question (-1: none), as the primary reward points at them:
    those that it calls correct are one, others are one where correctness would compare them as equal (0.5 and 1/2);
    None when it points at no answer. ``clusters`` numbers the cluster of each question, None when the task has no
    cluster column. ``repeated`` is the share of repeated triples, of tokens or words (``repeated_unit``); unknown, with
    None as the unit, where token ids are known of some completions only. ``foreign`` completions were written by other
    weights than the manifest names, ``refused`` ones were not written at all, ``missing`` ones lack the primary metric.
    ``distinct`` and ``distinct_within`` have the shares of different completions, over the questions and within one, as
    their means (see :mod:`~grpokit.evaluate.paired.distinct`); ``constant`` is the share of questions that got one and
    the same long text although their references differ.
    """

    primary: str
    ids: tuple[str, ...]
    clusters: Integers | None
    values: Mapping[str, Samples]
    statuses: Mapping[str, NDArray[np.int32]]
    words: tuple[str, ...]
    cut: Samples
    tokens: Samples
    repeated: Samples
    repeated_unit: str | None
    answers: Integers | None
    distinct: Samples
    distinct_within: Samples
    constant: float
    foreign: int
    refused: int
    missing: MissingValues

    @property
    def rows(self) -> int:
        """How many completions there are."""
        return len(self.tokens.values)

    @property
    def samples(self) -> int:
        """How many samples per question there are, of the question with the most."""
        return int(self.tokens.numbers.max()) + 1

    def counts(self, reward: str) -> dict[str, int]:
        """Return how many completions got each status from a reward, the most frequent first."""
        codes = self.statuses[reward]
        counts = np.bincount(codes, minlength=len(self.words))
        order = np.argsort(-counts, kind="stable")
        return {self.words[code]: int(counts[code]) for code in order if counts[code]}

    def looks_for_answers(self, metric: str) -> bool:
        """Return whether it is known in which completions a metric found no answer: not of what another tool graded."""
        return metric in self.statuses and not self.counts(metric).keys() & {*STATUSES}

    def unanswered(self, reward: str) -> Booleans:
        """Return in which completions a reward found no answer to judge."""
        codes = [code for code, word in enumerate(self.words) if word in NO_ANSWER]
        return np.isin(self.statuses[reward], codes)


def primary_metric(run: Run) -> str:
    """Return the name of the task's primary metric, or the total where the run's mix does not measure it."""
    primary = run.manifest.task.primary
    return primary if primary in run.manifest.mix.fingerprints else TOTAL


def read_table(run: Run, primary: str | None = None, order: Sequence[str] | None = None) -> Table:
    """Read the scores and completions of a run, line by line; only numbers are kept.

    The questions are in the order of their ids in ``order``, that of another run; by default in their own file's.
    ``primary`` is the metric to read it by, one that its mix measures or the total; without it, that of the run's task.

    Raises :class:`EvaluationError` for a line that is none of a run's, for a prompt that the run does not have,
    for other questions than those of ``order``, and for a completion that is there twice or was not scored.
    """
    return _Reader(run, primary or primary_metric(run), order).read()


class _Reader:
    """Collects the columns of a table while the two files are read side by side."""

    def __init__(self, run: Run, primary: str, order: Sequence[str] | None) -> None:
        self.run = run
        self.primary = primary
        self.rewards = tuple(run.manifest.mix.fingerprints)
        column = run.manifest.task.cluster
        keys: dict[str, Any] = {}
        references: dict[str, int] = {}
        for prompt in run.asked():
            keys[prompt.id] = None if column is None else prompt.columns.get(column)
            references[prompt.id] = hash(str(prompt.columns.get("reference", prompt.id)))
        if order is not None and keys.keys() != set(order):
            raise EvaluationError(
                f"{run.path}: its prompts are not those of the base's run, though the manifests say that they are the "
                "same: a prompts.jsonl was changed; generate that run again."
            )
        self.questions = {id: place for place, id in enumerate(keys if order is None else order)}
        self.references = np.array([references[id] for id in self.questions])
        self.clusters = {id: None if keys[id] is None else str(keys[id]) for id in self.questions}
        self.words: defaultdict[str, int] = defaultdict()
        self.words.default_factory = self.words.__len__  # a new word gets the next number
        self.spellings: defaultdict[str, int] = defaultdict()
        self.spellings.default_factory = self.spellings.__len__
        self.question, self.sample, self.spelt = array("q"), array("q"), array("q")
        self.totals, self.values, self.codes = array("d"), array("d"), array("i")
        self.cut, self.tokens, self.repeated = array("d"), array("d"), array("d")
        self.texts, self.long = array("q"), array("b")
        self.units: set[str] = set()
        self.foreign = self.refused = 0
        self.missing: Counter[str] = Counter()
        self.unvalued: list[MissingRow] = []

    def read(self) -> Table:
        for score, row in self._lines():
            try:
                self._add(score.value, row.value)
                self._note_missing(score)
            except (KeyError, TypeError, AttributeError):
                raise EvaluationError(
                    f"{self.run.path / 'scores.jsonl'}, line {score.number}: not the scores of line {row.number} of "
                    f"completions.jsonl. Score the run again: grpo-eval score {self.run.path}"
                ) from None
        return self._table()

    def _lines(self) -> Iterator[tuple[Line, Line]]:
        for score, row in zip_longest(self.run.score_lines(), self.run.row_lines()):
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
        self.totals.append(_number(score["total"]))
        judged = [score["rewards"][reward] for reward in self.rewards]
        self.values.extend([_number(one["value"]) for one in judged])
        self.codes.extend([self.words[read_status(one["status"])] for one in judged])
        if self.primary != TOTAL:
            answer = _answer(score["rewards"][self.primary]["span"], row["text"])
            self.spelt.append(-1 if answer is None else self.spellings[answer])
        text = row["text"] if isinstance(row["text"], str) else normalise(row["text"]).text
        self.texts.append(hash(text))
        self.long.append(len(text) > LONG)
        reason = row["finish_reason"]
        self.cut.append(np.nan if reason in (None, "missing") else reason == "length")
        self.tokens.append(_number(row["tokens"]))
        self.repeated.append(_number(score.get("repeated")))
        self.units.add("word" if row["token_ids"] is None else "token")
        self.refused += reason == "refused"
        self.foreign += row["weights"] != self.run.manifest.weights

    def _note_missing(self, score: Line) -> None:
        own = None if self.primary == TOTAL else score.value["rewards"][self.primary]
        if (score.value["total"] if own is None else own["value"]) is None:
            status = "not applicable" if own is None else read_status(own["status"])
            self.missing[status] += 1
            if len(self.unvalued) < SHOWN:
                self.unvalued.append(MissingRow(score.number, score.value["prompt_id"], status))

    def _table(self) -> Table:
        question, sample = np.array(self.question), np.array(self.sample)
        self._check_samples(sample)
        order = np.lexsort((sample, question))
        question, sample = question[order], sample[order]
        self._check_once(question, sample)
        offsets = np.searchsorted(question, np.arange(len(self.questions) + 1))

        def samples(column: Floats) -> Samples:
            return Samples(column[order], offsets, sample)

        values = np.array(self.values).reshape(len(order), -1)
        codes = np.array(self.codes).reshape(len(order), -1)
        answers, texts = self._answers(values, codes), np.array(self.texts)
        unit = next(iter(self.units)) if len(self.units) == 1 else None
        return Table(
            primary=self.primary,
            ids=tuple(self.questions),
            clusters=self._cluster_numbers(),
            values={
                **{reward: samples(values[:, at]) for at, reward in enumerate(self.rewards)},
                TOTAL: samples(np.array(self.totals)),
            },
            statuses={reward: codes[order, at] for at, reward in enumerate(self.rewards)},
            words=tuple(self.words),
            cut=samples(np.array(self.cut)),
            tokens=samples(np.array(self.tokens)),
            repeated=samples(np.array(self.repeated) if unit else np.full(len(order), np.nan)),
            repeated_unit=unit,
            answers=None if answers is None else answers[order],
            distinct=Samples(distinct_over(texts[order], question), offsets, sample),
            distinct_within=Samples(distinct_within(texts[order], question), offsets, sample),
            constant=constant_share(texts, np.array(self.long), np.array(self.question), self.references),
            foreign=self.foreign,
            refused=self.refused,
            missing=MissingValues(
                str(self.run.path / "scores.jsonl"),
                len(order),
                dict(self.missing.most_common()),
                tuple(self.unvalued),
            ),
        )

    def _answers(self, values: Floats, codes: NDArray[np.int32]) -> Integers | None:
        """Number the answers to each question: one number for all that are equal; None where there is none."""
        spelt, texts = np.array(self.spelt), list(self.spellings)
        if not texts:
            return None
        given = spelt >= 0
        primary = self.rewards.index(self.primary)
        right = (codes[given, primary] == self.words.get("correct", -1)) & (values[given, primary] == 1)
        spelt = np.where(right, len(texts), spelt[given])  # the right ones are one answer, however they are spelt
        pairs, places = np.unique(np.array(self.question)[given] * (len(texts) + 1) + spelt, return_inverse=True)
        questions, spellings = np.divmod(pairs, len(texts) + 1)
        ends = [*(np.flatnonzero(np.diff(questions)) + 1).tolist(), len(pairs)]
        numbers: list[int] = []
        for start, end in pairwise([0, *ends]):
            others = [texts[at] for at in spellings[start:end].tolist() if at < len(texts)]
            numbers += equal_answers(others) if len(others) > 1 else [0] * len(others)
            numbers += [len(others)] * (end - start - len(others))  # the right ones come last
        answers = np.full(len(given), -1)
        answers[given] = np.array(numbers)[places]
        return answers

    def _cluster_numbers(self) -> Integers | None:
        """Number the clusters in order of appearance; a prompt without a value is a cluster of its own."""
        if self.run.manifest.task.cluster is None:
            return None
        numbers: dict[object, int] = {}
        keys = [("", id) if key is None else key for id, key in self.clusters.items()]
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys])

    def _check_samples(self, sample: Integers) -> None:
        drawn = self.run.manifest.sampling
        limit = drawn["samples"] if drawn else len(sample)
        if sample.min() < 0 or sample.max() >= limit:
            wrong = sample.min() if sample.min() < 0 else sample.max()
            raise EvaluationError(
                f"{self.run.path}: a completion has sample {wrong}; a prompt's samples count from 0, and there are at "
                f"most {limit}."
            )

    def _check_once(self, question: Integers, sample: Integers) -> None:
        twice = np.flatnonzero((np.diff(question) == 0) & (np.diff(sample) == 0))
        if len(twice):
            raise EvaluationError(
                f"{self.run.path}: sample {sample[twice[0]]} of prompt "
                f"{list(self.questions)[question[twice[0]]]!r} is there twice; take the copy out of "
                "completions.jsonl and score the run again."
            )


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _answer(span: Sequence[int] | None, text: Text) -> str | None:
    """Return the text that a span is of; for a very long one a digest, as it is compared as a whole.

    A span counts in the normalised text; of a string, normalising only cuts the end.
    """
    if span is None:
        return None
    whole = text if isinstance(text, str) else normalise(text).text
    answer = " ".join(whole[span[0] : span[1]].split())
    return answer if len(answer) <= LONGEST else f"{hash(answer):x}"
