"""The sentences that every report shares."""

from __future__ import annotations

from dataclasses import replace

import pytest
from grpokit.evaluate.paired.comparison import Verdict
from grpokit.reports.wording import behaviour_rows, evidence
from grpokit.tests.reports.conftest import Compared

ENDINGS = [
    # the verdict, questions that would do, what the evidence ends with
    (Verdict.IMPROVED, 900, "reliably detect: 0.125."),
    (Verdict.REGRESSED, 900, "reliably detect: 0.125."),
    (Verdict.HELD, 900, "reliably detect: 0.125. A loss of 0.020 or more is ruled out."),
    (Verdict.UNDERPOWERED, 900, "A loss of 0.020 or more is not ruled out: about 900 questions would do."),
    (Verdict.UNDERPOWERED, None, "A loss of 0.020 or more is not ruled out: evaluate more questions."),
]


@pytest.mark.parametrize(("verdict", "needed", "end"), ENDINGS)
def test_the_evidence_says_what_could_have_been_seen(
    compared: Compared, verdict: Verdict, needed: int | None, end: str
) -> None:
    pair = compared.comparison.pairs[0]
    gain = replace(pair.gain, verdict=verdict, needed=needed, mde=0.125)
    assert evidence(replace(pair, rewards={**pair.rewards, pair.primary: gain}), 0.02).endswith(end)


def test_no_value_in_both_models_is_said(compared: Compared) -> None:
    pair = compared.comparison.pairs[0]
    gain = replace(pair.gain, delta=None)
    said = evidence(replace(pair, rewards={**pair.rewards, pair.primary: gain}), 0.02)
    assert said == "No question has a value of correctness in both models."


def test_behaviour_is_of_each_kind_and_each_model(compared: Compared) -> None:
    base, tuned = compared.comparison.models
    before = replace(base, cut=0.25, unanswered=0.5, repeated=0.75, tokens=7.0)
    after = replace(tuned, cut=0.1, unanswered=0.2, repeated=0.3, tokens=9.0)
    rows = [(row.label, row.base, row.tuned) for row in behaviour_rows(compared.comparison.pairs[0], before, after)]
    assert rows == [
        ("cut at the token limit", "25.0 %", "10.0 %"),
        ("without an answer", "50.0 %", "20.0 %"),
        ("repeated word triples", "75.0 %", "30.0 %"),
        ("tokens", "7.0", "9.0"),
    ]
