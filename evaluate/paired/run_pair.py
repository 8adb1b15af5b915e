"""Two runs on the same questions, completion by completion: what of their pair speaks of more than means."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .behaviour import behaviour_changes
from .change import Difference, HackingCheck, QuestionChange
from .comparison import Pair
from .curves import curve_differences
from .difference import Design, moves
from .doubts import MOST
from .drift import drift
from .factors import factors
from .hacking import check_hacking, suspects
from .lengths import lengths
from .metric_pair import MetricPair
from .side import Side
from .summary import Estimate
from .total import contributions, pair_per_weight, score_limits


@dataclass(frozen=True)
class RunPair:
    """One run of each model; :class:`~grpokit.evaluate.paired.seeds.ArmPair` says the same of several."""

    base: Side
    tuned: Side
    level: float

    @property
    def design(self) -> Design:
        """How the questions hang together, and at which level changes are judged."""
        return Design(self.base.table.clusters, self._shared_noise, self.level)

    @property
    def _shared_noise(self) -> bool:
        """Whether both models drew their samples with the same random numbers."""
        base, tuned = self.base.run.manifest, self.tuned.run.manifest
        drawn, engine = base.sampling, base.engine.get("kind")
        same = drawn == tuned.sampling and engine == tuned.engine.get("kind")
        return bool(drawn and drawn["temperature"] and same and engine == "transformers")

    def metric(self, name: str, margin: float) -> MetricPair:
        """Return the scores of one metric, and how their change is judged."""
        left, right = self.base.table.values[name], self.tuned.table.values[name]
        return MetricPair(left, right, self.design, margin, score_limits(self.base.run.manifest.mix, name))

    def difference(self, name: str, margin: float) -> Difference:
        """Return the change of one metric, without a verdict where most completions of one model have no value."""
        scores = self.metric(name, margin)
        missing = max(1 - float(side.known.mean()) for side in (scores.base, scores.tuned))
        change = scores.difference()
        return replace(change, verdict=None) if missing > MOST else change

    def contributions(self) -> dict[str, Estimate]:
        """Return per reward the change of what it brings to the total."""
        weights = self.base.run.manifest.mix.weights
        return contributions(self.base.table, self.tuned.table, weights, self.design)

    def behaviour(self) -> dict[str, Estimate]:
        """Return the changes of what completions are like."""
        return behaviour_changes(self.base.table, self.tuned.table, self.design)

    def hacking(self, gain: Difference) -> HackingCheck | None:
        """Judge the change of what is rewarded beside the primary metric."""
        weights = self.base.run.manifest.mix.weights
        return check_hacking(self.base.table, self.tuned.table, weights, gain, self.design)

    def suspects(self) -> tuple[str, ...]:
        """Return the ids of the questions whose total rose while their primary metric fell."""
        return suspects(self.base.table, self.tuned.table)

    def changes(self) -> tuple[QuestionChange, ...]:
        """Return the questions whose mean of the primary metric changed, the worst loss first."""
        base = self.base.table
        before, after = base.values[base.primary], self.tuned.table.values[base.primary]
        left, right = before.means(), after.means()
        moved = np.flatnonzero(np.nan_to_num(moves(before, after)))
        changes = [QuestionChange(base.ids[at], float(left[at]), float(right[at])) for at in moved]
        return tuple(sorted(changes, key=lambda change: change.delta))

    def detailed(self, pair: Pair) -> Pair:
        """Add what speaks of single completions, which arms of several runs go without."""
        base, tuned = self.base.table, self.tuned.table
        return replace(
            pair,
            factors=factors(base, tuned, base.primary, self.level),
            curves=curve_differences(self.base.curves, self.tuned.curves, self.design),
            per_weight=pair_per_weight(base, tuned, self.level),
            lengths=lengths(base, tuned),
            drift=drift(self.base.run, self.tuned.run, base.ids, self.design),
        )
