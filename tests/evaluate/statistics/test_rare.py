import numpy as np
import pytest
from grpokit.evaluate.statistics import rare_loss, tango, units_to_exclude


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
