"""Curves over k where questions differ in their number of samples."""

from pathlib import Path

import numpy as np
import pytest
from grpokit.evaluate.paired.curves import _majorities
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.statistics import majority_at_k
from grpokit.evaluate.statistics.passk import ALL_SUBSETS
from grpokit.evaluate.statistics.samples import Samples
from grpokit.rewards.reward import Judgement, Span
from grpokit.tests.evaluate.stored_runs import SAMPLING, write_run


def judged(value: float) -> Judgement:
    return Judgement(value, "correct" if value else "wrong", "", Span(0, 1))


def test_a_question_counts_up_to_the_samples_that_it_has(tmp_path: Path) -> None:
    values = [[1.0, 1.0, 0.0, 0.0], [0.0]]
    judgements = {"correctness": [[judged(value) for value in row] for row in values]}
    run = write_run(tmp_path, {"correctness": values}, judgements=judgements, texts=[["7", "7", "8", "9"], ["8"]])
    curves = {curve.kind: curve.points for curve in compare([run]).models[0].curves}
    passed = [(point.k, point.estimate.mean, point.estimate.n) for point in curves["pass@k"]]
    assert passed == [(1, 0.25, 2), (2, 1 - 1 / 6, 1), (4, 1.0, 1)]
    voted = [(point.k, point.estimate.mean, point.estimate.n) for point in curves["maj@k"]]
    assert voted == [(1, 0.5, 1), (2, 0.5, 1), (4, 1.0, 1)]  # only of the question with all samples


def test_a_high_sample_number_costs_nothing(tmp_path: Path) -> None:
    most = 10**9
    sampling = {**SAMPLING, "samples": most}
    judgements = {"correctness": [[judged(1.0)]]}
    run = write_run(tmp_path, {"correctness": [[1.0]]}, judgements=judgements, texts=[["7"]], sampling=sampling)
    for name in ("scores.jsonl", "completions.jsonl"):
        text = (run.path / name).read_text()
        (run.path / name).write_text(text.replace('"sample": 0', f'"sample": {most - 1}'))
    model = compare([run]).models[0]
    assert (model.samples, model.total.estimate.mean) == (most, 1.0)
    assert {point.estimate.n for curve in model.curves if curve.kind == "maj@k" for point in curve.points} == {0}


@pytest.mark.parametrize("samples", [ALL_SUBSETS, ALL_SUBSETS + 1])
def test_questions_share_a_majority_only_where_all_subsets_are_taken(samples: int) -> None:
    """Beyond, the subsets are drawn, and a question's own order of samples says which answers they hold."""
    draw = np.random.default_rng(0)
    answers = draw.integers(0, 3, (400, samples))
    scores = Samples.of((answers == 1).astype(float))
    for k, values in _majorities(scores, answers.ravel(), samples).items():
        np.testing.assert_allclose(values, majority_at_k((answers == 1).astype(float), answers, k), atol=1e-12)
