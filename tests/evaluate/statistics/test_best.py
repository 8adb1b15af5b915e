"""How far the best of several is lifted by its noise: published maxima, and simulation."""

import numpy as np
import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate.statistics import expected_maximum, flattery
from grpokit.evaluate.statistics.arrays import Floats

# Harter 1961, Biometrika 48:151, table 1
PUBLISHED = [(2, 0.56419), (3, 0.84628), (5, 1.16296), (10, 1.53875), (20, 1.86748), (100, 2.50759)]


@pytest.mark.parametrize(("count", "maximum"), PUBLISHED)
def test_expected_maximum_is_the_published_one(count: int, maximum: float) -> None:
    assert expected_maximum(count) == pytest.approx(maximum, abs=1e-5)


def test_no_values_have_no_maximum() -> None:
    with pytest.raises(GrpokitError, match="count=0"):
        expected_maximum(0)


def checkpoints(draw: np.random.Generator, count: int, questions: int, kept: float) -> Floats:
    """Draw 0/1 answers ``[questions, count]`` of checkpoints that are all equally good.

    A checkpoint has ``kept`` of the last one's answers.
    """
    rates = draw.random(questions)
    answers = [draw.random(questions) < rates]
    for _ in range(count - 1):
        answers.append(np.where(draw.random(questions) < kept, answers[-1], draw.random(questions) < rates))
    return np.stack(answers, axis=1).astype(np.float64)


# how many, the share of answers that each has of the one before, and how far what is said may lie above the truth: the
# formula takes the mean of all pairs, and neighbours that share more than others leave less to choose from
FLATTERED = [(2, 0.0, 1.05), (5, 0.5, 1.06), (20, 0.0, 1.05), (20, 0.8, 1.14)]


@pytest.mark.parametrize(("count", "kept", "most"), FLATTERED)
def test_the_best_is_flattered_by_as_much(count: int, kept: float, most: float) -> None:
    draw = np.random.default_rng(5)
    runs = [checkpoints(draw, count, 200, kept) for _ in range(400)]
    lifted = float(np.mean([answers.mean(axis=0).max() - answers.mean() for answers in runs]))
    assert 0.96 <= np.mean([flattery(answers) for answers in runs]) / lifted <= most


def test_clusters_that_swing_together_flatter_more() -> None:
    draw, clusters = np.random.default_rng(2), np.repeat(np.arange(20), 10)
    swings = [draw.normal(size=(20, 8))[clusters] for _ in range(400)]
    lifted = float(np.mean([scores.mean(axis=0).max() for scores in swings]))
    assert np.mean([flattery(scores, clusters) for scores in swings]) == pytest.approx(lifted, rel=0.06)
    assert np.mean([flattery(scores) for scores in swings]) < lifted / 2


@pytest.mark.parametrize(
    "scores",
    [
        np.zeros((0, 3)),  # no question
        np.array([[1.0, 0.0]]),  # one: nothing is known of the noise
        np.array([[1.0], [0.0]]),  # one model is no choice
        np.array([[1.0, 1.0], [0.0, 0.0]]),  # all alike
    ],
)
def test_without_a_choice_or_noise_nothing_is_flattered(scores: Floats) -> None:
    assert flattery(scores) == 0.0


def test_one_cluster_says_nothing_of_its_noise() -> None:
    assert flattery(np.eye(3), np.zeros(3, np.int64)) == 0.0
