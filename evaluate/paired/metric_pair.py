"""One metric of two models on the same questions, and on some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ..statistics.arrays import Booleans, renumber
from ..statistics.samples import Samples
from .change import Difference
from .difference import Design, difference


class MetricPair(NamedTuple):
    """Scores of two models whose questions are in the same order, and how the change is judged.

    ``margin`` and ``limits`` are those that :func:`~grpokit.evaluate.paired.difference.difference` takes.
    """

    base: Samples
    tuned: Samples
    design: Design
    margin: float
    limits: Sequence[float] | None

    def keep(self, kept: Booleans) -> MetricPair:
        """Return the scores of the questions that are kept."""
        design = replace(self.design, clusters=renumber(self.design.clusters, kept))
        return self._replace(base=self.base.keep(kept), tuned=self.tuned.keep(kept), design=design)

    def at(self, level: float) -> MetricPair:
        """Return the scores, to be judged at another level."""
        return self._replace(design=replace(self.design, level=level))

    def difference(self) -> Difference:
        """Return tuned minus base."""
        return difference(self.base, self.tuned, self.design, self.margin, self.limits)
