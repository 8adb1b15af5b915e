"""A run's scores as arrays: by question and sample, one array per reward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...rewards.answers.classes import equal_answers
from ...rewards.graded import STATUSES
from ...rewards.reward import NO_ANSWER
from ..runs.run import Run
from ..statistics.arrays import Booleans, Floats, Integers
from ..statistics.samples import Samples
from ..types import EvaluationError
from .columns import Columns, read_columns
from .distinct import constant_share, distinct_over, distinct_within
from .doubts import MissingValues
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

    @cached_property
    def parts(self) -> dict[str, Samples]:
        """What each reward brings to the total per unit of weight: 0 where it does not apply, NaN without a total."""
        total = self.values[TOTAL]
        whole = bool(total.known.all())
        return {
            reward: samples
            if whole and samples.known.all()
            else total.having(np.where(total.known, np.nan_to_num(samples.values), np.nan))
            for reward, samples in self.values.items()
            if reward != TOTAL
        }

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


def read_table(
    run: Run, primary: str | None = None, order: Sequence[str] | None = None, workers: int | None = 1
) -> Table:
    """Read the scores and completions of a run, line by line; only numbers are kept.

    The questions are in the order of their ids in ``order``, that of another run; by default in their own file's.
    ``primary`` is the metric to read it by, one that its mix measures or the total; without it, that of the run's task.
    ``workers`` is the number of processes that read; None is one, and for a large run one per processor.

    Raises :class:`EvaluationError` for a line that is none of a run's, for a prompt that the run does not have,
    for other questions than those of ``order``, for a completion that is there twice or was not scored, and for a line
    that was edited after it was scored.
    """
    return _Reader(run, primary or primary_metric(run), order).read(workers)


class _Reader:
    """Makes a table of the questions of a run and the columns of its completions."""

    def __init__(self, run: Run, primary: str, order: Sequence[str] | None) -> None:
        self.run = run
        self.primary = primary
        self.rewards = tuple(run.manifest.mix.fingerprints)
        column = run.manifest.task.cluster
        keys: dict[str, Any] = {}
        references: dict[str, int] = {}
        checksums: dict[str, int] = {}
        for prompt, checksums[prompt.id] in run.checked_prompts():
            keys[prompt.id] = None if column is None else prompt.columns.get(column)
            references[prompt.id] = hash(str(prompt.columns.get("reference", prompt.id)))
        if order is not None and keys.keys() != set(order):
            raise EvaluationError(
                f"{run.path}: its prompts are not those of the base's run, though the manifests say that they are the "
                "same: a prompts.jsonl was changed; generate that run again."
            )
        self.questions = {id: place for place, id in enumerate(keys if order is None else order)}
        self.references = np.array([references[id] for id in self.questions])
        self.checksums = np.array([checksums[id] for id in self.questions])
        self.clusters = {id: None if keys[id] is None else str(keys[id]) for id in self.questions}

    def read(self, workers: int | None) -> Table:
        columns = read_columns(self.run, self.primary, self.questions, workers)
        asked = np.array([self.questions[id] for id in columns.ids])[np.array(columns.questions)]
        self._check_prompts(asked, np.array(columns.asked))
        return self._table(columns, asked)

    def _table(self, columns: Columns, asked: Integers) -> Table:
        sample = np.array(columns.samples)
        self._check_samples(sample)
        order = np.lexsort((sample, asked))
        question, sample = asked[order], sample[order]
        self._check_once(question, sample)
        offsets = np.searchsorted(question, np.arange(len(self.questions) + 1))

        def samples(column: Floats) -> Samples:
            return Samples(column[order], offsets, sample)

        values = np.array(columns.values).reshape(len(order), -1)
        codes = np.array(columns.codes, np.int32).reshape(len(order), -1)
        answers, texts = self._answers(columns, asked, values, codes), np.array(columns.texts)
        unit = next(iter(columns.units)) if len(columns.units) == 1 else None
        return Table(
            primary=self.primary,
            ids=tuple(self.questions),
            clusters=self._cluster_numbers(),
            values={
                **{reward: samples(values[:, at]) for at, reward in enumerate(self.rewards)},
                TOTAL: samples(np.array(columns.totals)),
            },
            statuses={reward: codes[order, at] for at, reward in enumerate(self.rewards)},
            words=tuple(columns.words),
            cut=samples(np.array(columns.cut)),
            tokens=samples(np.array(columns.tokens)),
            repeated=samples(np.array(columns.repeated) if unit else np.full(len(order), np.nan)),
            repeated_unit=unit,
            answers=None if answers is None else answers[order],
            distinct=Samples(distinct_over(texts[order], question), offsets, sample),
            distinct_within=Samples(distinct_within(texts[order], question), offsets, sample),
            constant=constant_share(texts, np.array(columns.long), asked, self.references),
            foreign=columns.foreign,
            refused=columns.refused,
            missing=MissingValues(
                str(self.run.path / "scores.jsonl"),
                len(order),
                dict(columns.missing.most_common()),
                tuple(columns.unvalued),
            ),
        )

    def _answers(self, columns: Columns, asked: Integers, values: Floats, codes: NDArray[np.int32]) -> Integers | None:
        """Number the answers to each question: one number for all that are equal; None where there is none."""
        spelt, texts = np.array(columns.spelt), list(columns.spellings)
        if not texts:
            return None
        given = spelt >= 0
        primary = self.rewards.index(self.primary)
        right = (codes[given, primary] == columns.words.get("correct", -1)) & (values[given, primary] == 1)
        spelt = np.where(right, len(texts), spelt[given])  # the right ones are one answer, however they are spelt
        pairs, places = np.unique(asked[given] * (len(texts) + 1) + spelt, return_inverse=True)
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

    def _check_prompts(self, asked: Integers, made_of: Integers) -> None:
        edited = np.flatnonzero((made_of >= 0) & (made_of != self.checksums[asked]))
        if len(edited):
            id = list(self.questions)[asked[edited[0]]]
            raise EvaluationError(
                f"{self.run.path / 'prompts.jsonl'}: prompt {id!r} was edited after its completions were scored; bring "
                "back the file as it was written, or generate the run again."
            )

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
