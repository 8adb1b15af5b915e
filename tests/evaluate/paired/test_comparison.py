"""Where the metric that gives the verdict is looked up, by name and in the reports' order."""

from pathlib import Path

import pytest
from grpokit.evaluate import Comparison, Verdict, compare
from grpokit.evaluate.paired.summary import TOTAL
from grpokit.tests.evaluate.stored_runs import write_run

BASE = {"correctness": [[0.0]] * 60, "xml_format": [[1.0]] * 60}
TUNED = {"correctness": [[1.0]] * 60, "xml_format": [[0.0]] * 60}


def _compare(folder: Path, primary: str) -> Comparison:
    weights = {"correctness": 1.0, "xml_format": 3.0}
    models = {"base": BASE, "tuned": TUNED}
    return compare(
        [write_run(folder / name, scores, name, primary=primary, weights=weights) for name, scores in models.items()]
    )


@pytest.mark.parametrize(
    ("primary", "metric", "delta", "verdict"),
    [
        ("correctness", "correctness", 1.0, Verdict.IMPROVED),
        ("xml_format", "xml_format", -1.0, Verdict.REGRESSED),
        (TOTAL, TOTAL, -2.0, Verdict.REGRESSED),
        ("rouge", TOTAL, -2.0, Verdict.REGRESSED),  # the mix does not measure it
    ],
)
def test_the_gain_is_that_of_the_primary_metric(
    tmp_path: Path, primary: str, metric: str, delta: float, verdict: Verdict
) -> None:
    comparison = _compare(tmp_path, primary)
    (pair,) = comparison.pairs
    assert (comparison.primary, pair.primary) == (metric, metric)
    assert (pair.gain.delta, pair.gain.verdict, pair.verdict) == (delta, verdict, verdict)


def test_rows_are_the_rewards_and_then_the_total(tmp_path: Path) -> None:
    comparison = _compare(tmp_path, "correctness")
    (pair,) = comparison.pairs
    assert list(pair.rows()) == list(comparison.models[0].rows()) == ["correctness", "xml_format", TOTAL]
    assert [found.delta for found in pair.rows().values()] == [1.0, -1.0, -2.0]
    assert [summary.estimate.mean for summary in comparison.model("tuned").rows().values()] == [1.0, 0.0, 1.0]
