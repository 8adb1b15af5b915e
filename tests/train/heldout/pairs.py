"""Pairs as the alarm reads them: intervals alone, without the tests and tables that take their time."""

from collections.abc import Mapping
from dataclasses import replace

from grpokit.evaluate.paired.change import Difference, Verdict
from grpokit.evaluate.paired.comparison import Pair
from grpokit.evaluate.paired.difference import Design, difference
from grpokit.evaluate.paired.margins import MARGIN
from grpokit.evaluate.paired.summary import Estimate
from grpokit.evaluate.statistics.samples import Samples

TEMPLATE = difference(Samples.of([[0.0]] * 20), Samples.of([[1.0]] * 20), Design(None, shared_noise=False), MARGIN)


def change(found: Estimate) -> Difference:
    """A difference with this interval."""
    verdict = Verdict.IMPROVED if (found.low or 0) > 0 else Verdict.UNDERPOWERED
    return replace(TEMPLATE, delta=found.mean, low=found.low, high=found.high, verdict=verdict)


def bare_pair(primary: str, contributions: Mapping[str, Estimate], gain: Difference, total: Difference) -> Pair:
    """A pair whose primary metric gained ``gain``."""
    return Pair(
        base="base",
        tuned="tuned",
        primary=primary,
        mismatches=(),
        rewards={primary: gain},
        total=total,
        contributions=contributions,
        factors=(),
        curves=(),
        changes=(),
        hacking=None,
        suspects=(),
        per_weight=None,
    )
