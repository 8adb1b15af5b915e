"""The looks at growing data: published values, and simulations of what all looks together do."""

import numpy as np
import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate.statistics.sequential import LOOKS, confidence, critical_values, planned_looks, spent


@pytest.mark.parametrize(
    ("shares", "values"),
    [
        (LOOKS, [3.725, 3.421, 3.020, 2.563, 2.023]),
        (LOOKS[1:], [3.359, 3.017, 2.562, 2.023]),
        ((1.0,), [1.960]),  # a single look is the usual test
    ],
)
def test_critical_values_of_the_spending_function(shares: tuple[float, ...], values: list[float]) -> None:
    assert critical_values(shares) == pytest.approx(values, abs=6e-4)


def paths(drift: float, count: int, shares: tuple[float, ...] = LOOKS) -> np.typing.NDArray[np.float64]:
    """Standardised means at the looks, ``[count, looks]``, of data whose whole mean is ``drift`` standard errors."""
    draw = np.random.default_rng(0)
    steps = np.diff((0.0, *shares))
    sums = np.cumsum(drift * steps + np.sqrt(steps) * draw.standard_normal((count, len(shares))), axis=1)
    return sums / np.sqrt(shares)


@pytest.mark.parametrize("comparisons", [1, 5])
@pytest.mark.parametrize("shares", [LOOKS, (0.3, 0.31, 0.5, 1.0), (0.9, 1.0)])
def test_each_look_spends_what_it_may(shares: tuple[float, ...], comparisons: int) -> None:
    passed = paths(0.0, 400_000, shares) >= critical_values(shares, comparisons)
    first = np.cumsum([(passed[:, at] & ~passed[:, :at].any(axis=1)).mean() for at in range(len(shares))])
    allowed = [spent(share, comparisons) for share in shares]
    assert first == pytest.approx(allowed, abs=4 * np.sqrt(0.025 / 400_000))


@pytest.mark.parametrize(
    ("drift", "power", "asked"),
    [
        # change in standard errors of all questions, chance to find it, share of the questions asked
        (2.8, 0.787, 0.84),
        (4.0, None, 0.65),
        (6.0, None, 0.38),
        (10.0, None, 0.18),
        (20.0, None, 0.07),
    ],
)
def test_what_is_saved_and_what_it_costs(drift: float, power: float | None, asked: float) -> None:
    passed = paths(drift, 40_000) >= critical_values(LOOKS)
    if power is not None:
        assert passed.any(axis=1).mean() == pytest.approx(power, abs=0.005)
    stopped = np.where(passed.any(axis=1), passed.argmax(axis=1), len(LOOKS) - 1)
    assert np.array(LOOKS)[stopped].mean() == pytest.approx(asked, abs=0.01)


def test_looking_at_one_level_errs_far_more_often() -> None:
    """What the looks are for: five looks at 1.96 find a change that is not there, up or down, in 17 %."""
    assert (np.abs(paths(0.0, 100_000)) >= 1.96).any(axis=1).mean() == pytest.approx(0.17, abs=0.005)


@pytest.mark.parametrize("shares", [(), (0.5,), (0.5, 0.5, 1.0), (0.5, 0.25, 1.0), (0.0, 1.0), (0.5, 1.5)])
def test_shares_that_are_no_looks_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(GrpokitError, match="give shares of the data that rise from above 0 to 1"):
        critical_values(shares)


@pytest.mark.parametrize(
    ("sizes", "units"),
    [
        ([1] * 1319, [83, 165, 330, 660, 1319]),  # rounded up to whole questions
        ([1] * 800, [50, 100, 200, 400, 800]),  # 50 questions are enough
        ([1] * 799, [50, 100, 200, 400, 799]),
        ([1] * 784, [98, 196, 392, 784]),  # 49 are too few
        ([1] * 99, [50, 99]),
        ([1] * 98, [98]),
        ([10] * 32, [8, 16, 32]),  # clusters are counted, and have 50 questions together
        ([100, 1, 1, 1], [1, 2, 4]),  # a large one at the beginning: looks at the same cluster are one
    ],
)
def test_looks_are_at_whole_clusters_and_at_fifty_questions_or_more(sizes: list[int], units: list[int]) -> None:
    looks = planned_looks(sizes)
    assert [look.units for look in looks] == units
    assert [look.z for look in looks] == sorted((look.z for look in looks), reverse=True)


def test_the_level_of_a_value() -> None:
    assert confidence(2.575829) == pytest.approx(0.99)
