"""Numbers by question and sample, where one question may have thousands of samples and another has one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .arrays import Booleans, Floats, Integers


@dataclass(frozen=True, eq=False)
class Samples:
    """A number per sample of each question, NaN where there is none; questions may differ in how many they have.

    Memory is linear in the samples there are. ``values`` holds those of the first question, then those of the second,
    and so on; ``values[offsets[q]:offsets[q + 1]]`` are those of question q. ``numbers`` says which of its question's
    samples each is, ascending, so that two models' samples can be paired though some are missing. The arrays are not to
    be written into: what is derived from them is computed once.
    """

    values: Floats
    offsets: Integers
    numbers: Integers

    @classmethod
    def of(cls, rows: Iterable[Sequence[float] | Floats]) -> Samples:
        """Return the samples of one row per question.

        >>> Samples.of([[1.0, 0.0, 1.0], [0.5]]).values.tolist()
        [1.0, 0.0, 1.0, 0.5]
        """
        arrays = [np.asarray(row, np.float64) for row in rows]
        sizes = [len(row) for row in arrays]
        offsets = np.append(0, np.cumsum(sizes, dtype=np.int64))
        numbers = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
        return cls(np.concatenate([np.empty(0), *arrays]), offsets, numbers)

    def __len__(self) -> int:
        """Return the number of questions."""
        return len(self.offsets) - 1

    @cached_property
    def questions(self) -> Integers:
        """The number of the question that each sample answers."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @cached_property
    def known(self) -> Booleans:
        """Whether each sample has a number."""
        return ~np.isnan(self.values)

    def counts(self) -> Integers:
        """Return how many of each question's samples have a number.

        >>> Samples.of([[1.0, np.nan, 1.0], [], [np.nan]]).counts().tolist()
        [2, 0, 0]
        """
        return self._counts

    def sums(self) -> Floats:
        """Return the sum of each question's numbers, 0 where it has none.

        >>> Samples.of([[1.0, np.nan, 1.0], [], [0.5]]).sums().tolist()
        [2.0, 0.0, 0.5]
        """
        known = np.where(self.known, self.values, 0.0)
        if self._width:
            sums: Floats = known.reshape(-1, self._width).sum(axis=1)
            return sums
        return self._reduced(np.add, known, 0.0)

    def highest(self) -> Floats:
        """Return the highest of each question's numbers, NaN where it has none.

        >>> Samples.of([[1.0, np.nan, 3.0], []]).highest().tolist()
        [3.0, nan]
        """
        return self._reduced(np.fmax, self.values, np.nan)

    def lowest(self) -> Floats:
        """Return the lowest of each question's numbers, NaN where it has none.

        >>> Samples.of([[1.0, np.nan, 3.0], []]).lowest().tolist()
        [1.0, nan]
        """
        return self._reduced(np.fmin, self.values, np.nan)

    def _reduced(self, function: np.ufunc, values: Floats, neutral: float) -> Floats:
        """Reduce each question's values, the neutral one before them: so no question is empty, which numpy misreads."""
        starts = self.offsets[:-1]
        reduced: Floats = function.reduceat(np.insert(values, starts, neutral), starts + np.arange(len(self)))
        return reduced

    def means(self) -> Floats:
        """Return the mean of each question's numbers, NaN where it has none.

        >>> Samples.of([[1.0, 0.0], [1.0, np.nan], [np.nan]]).means().tolist()
        [0.5, 1.0, nan]
        """
        return self._means

    @cached_property
    def _counts(self) -> Integers:
        if self.known.all():
            counts = np.diff(self.offsets).astype(np.int64)
        else:
            counts = np.bincount(self.questions[self.known], minlength=len(self)).astype(np.int64)
        counts.flags.writeable = False
        return counts

    @cached_property
    def _means(self) -> Floats:
        counts = self.counts()
        means: Floats = np.divide(self.sums(), counts, out=np.full(len(self), np.nan), where=counts > 0)
        means.flags.writeable = False
        return means

    @cached_property
    def _width(self) -> int:
        """How many samples every question has; 0 where some have more than others."""
        width = len(self.values) // max(1, len(self))
        return width if np.array_equal(self.offsets, np.arange(len(self) + 1) * width) else 0

    def centred(self) -> Samples:
        """Return the deviations from each question's mean.

        >>> Samples.of([[1.0, 0.0], [0.5]]).centred().values.tolist()
        [0.5, -0.5, 0.0]
        """
        return self.having(self.values - self.means()[self.questions])

    def variances(self) -> Floats:
        """Return the variance (ddof 1) within each question, NaN below two numbers.

        >>> Samples.of([[1.0, 0.0], [0.5]]).variances().tolist()
        [0.5, nan]
        """
        deviations, degrees = self.centred().values, self.counts() - 1
        squares = self.having(deviations * deviations).sums()
        variances: Floats = np.divide(squares, degrees, out=np.full(len(self), np.nan), where=degrees > 0)
        return variances

    def having(self, values: Floats) -> Samples:
        """Return other values of the same samples."""
        return replace(self, values=values)

    def keep(self, kept: Booleans) -> Samples:
        """Return the samples of the questions that are kept.

        >>> Samples.of([[1.0, 0.0], [0.5], [0.25]]).keep(np.array([True, False, True])).values.tolist()
        [1.0, 0.0, 0.25]
        """
        if kept.all():
            return self
        rows = kept[self.questions]
        offsets = np.append(0, np.cumsum(np.diff(self.offsets)[kept], dtype=np.int64))
        return Samples(self.values[rows], offsets, self.numbers[rows])

    def paired(self, other: Samples) -> tuple[Samples, Samples]:
        """Return the samples that both have, by question and number, of the same questions.

        >>> [side.values.tolist() for side in Samples.of([[1, 2], [3]]).paired(Samples.of([[4], [5, 6]]))]
        [[1.0, 3.0], [4.0, 5.0]]
        """
        if np.array_equal(self.offsets, other.offsets) and np.array_equal(self.numbers, other.numbers):
            return self, other
        width = 1 + max(self.numbers.max(initial=0), other.numbers.max(initial=0))
        left, right = (side.questions * width + side.numbers for side in (self, other))
        _, own, others = np.intersect1d(left, right, assume_unique=True, return_indices=True)
        offsets = np.searchsorted(self.questions[own], np.arange(len(self) + 1))
        numbers = self.numbers[own]
        return Samples(self.values[own], offsets, numbers), Samples(other.values[others], offsets, numbers)
