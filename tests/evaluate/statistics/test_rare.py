import numpy as np
import pytest
from grpokit.evaluate.statistics import rare_loss, skewed_loss, spread, t_interval, tango, units_to_exclude, wilson


@pytest.mark.parametrize(
    ("units", "reach", "level", "loss"),
    [
        (100, 1.0, 0.95, 0.037),  # up to 3.7 % of the questions may lose everything unseen
        (50, 1.0, 0.95, 0.0713),
        (50, 0.4, 0.95, 0.0285),  # a score that can lose .4
        (100, 1.0, 0.99, 0.0622),
    ],
)
def test_rare_loss(units: float, reach: float, level: float, loss: float) -> None:
    assert rare_loss(units, reach, level) == pytest.approx(loss, abs=5e-5)


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_it_is_tangos_bound_where_no_pair_is_discordant(level: float) -> None:
    assert rare_loss(80, 1.0, level) == pytest.approx(-tango(0, 0, 80, level).low)


@pytest.mark.parametrize(
    ("loss", "reach", "units"), [(0.02, 1.0, 188.2), (0.05, 1.0, 73.0), (1.0, 1.0, 0.0), (2, 1, 0)]
)
def test_units_to_exclude(loss: float, reach: float, units: float) -> None:
    assert units_to_exclude(loss, reach) == pytest.approx(units, abs=0.05)
    if units:
        assert rare_loss(units_to_exclude(loss, reach), reach) == pytest.approx(loss)


def test_a_share_that_no_question_showed_is_excluded_as_often_as_the_level_says() -> None:
    """A share of 1.9 %: no question shows it in 2.1 % of samples of 200, and then it is above the bound of 1.88 %."""
    unseen = (np.random.default_rng(0).random((4000, 200)) < 0.019).sum(axis=1) == 0
    assert rare_loss(200, 1.0) < 0.019
    assert unseen.mean() < 0.025


@pytest.mark.parametrize("level", [0.95, 0.999])
@pytest.mark.parametrize(("lost", "n"), [(1, 300), (3, 400), (10, 1000), (40, 1000)])
def test_of_losses_of_everything_it_is_wilsons_bound(lost: int, n: int, level: float) -> None:
    changes = np.repeat([-1.0, 0.0], [lost, n - lost])
    upper = wilson(lost / n, n, level).high
    assert lost / n + skewed_loss(changes, spread(changes), level=level) == pytest.approx(upper, rel=0.05)


def test_where_losses_are_as_gains_it_is_the_interval() -> None:
    changes = np.random.default_rng(0).normal(size=100)
    changes -= changes.mean()
    both = np.concatenate((changes, -changes))
    assert skewed_loss(both, spread(both)) == pytest.approx(-t_interval(0.0, spread(both)).low)
    assert skewed_loss(np.abs(changes), spread(changes)) == pytest.approx(-t_interval(0.0, spread(changes)).low)


def test_clusters_that_lose_together_count_as_one() -> None:
    """Four questions a cluster, all alike: as of a quarter as many questions."""
    alone = np.repeat([-1.0, 0.0], [3, 97])
    clusters = np.repeat(np.arange(100), 4)
    together = alone[clusters]
    found = skewed_loss(together, spread(together, clusters), clusters)
    assert found == pytest.approx(skewed_loss(alone, spread(alone)), rel=0.02)


def test_equal_changes_have_no_skew() -> None:
    assert skewed_loss(np.zeros(50), spread(np.zeros(50))) == 0.0


@pytest.mark.parametrize("n", [250, 300, 400, 500, 1000])
def test_a_loss_of_a_few_questions_is_excluded_as_seldom_as_it_may(n: int) -> None:
    """2 % lose everything: with t intervals a loss of 2 % was excluded in .04, .06, .10, .07 and .04 of samples."""
    draw, excluded = np.random.default_rng(n), []
    for _ in range(3000):
        changes = np.where(draw.random(n) < 0.02, -1.0, 0.001 * draw.normal(size=n))
        loss = max(rare_loss(n, 1.0), skewed_loss(changes, spread(changes)))
        excluded.append(changes.mean() - loss > -0.02)
    assert np.mean(excluded) <= 0.03
