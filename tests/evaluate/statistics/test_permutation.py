"""Do groups differ: the statistic against its formula, the test by simulation."""

from itertools import permutations

import numpy as np
import pytest
from grpokit.evaluate.statistics.permutation import between_groups, groups_differ


def test_the_statistic_is_the_sum_of_squares_between_groups() -> None:
    values, groups = np.array([1.0, 2.0, 4.0, 0.0, 3.0]), np.array([0, 0, 1, 2, 2])
    by_hand = sum((groups == group).sum() * (values[groups == group].mean() - values.mean()) ** 2 for group in range(3))
    assert between_groups(values, groups) == pytest.approx(by_hand)


def test_p_is_the_share_of_all_orders_of_the_labels() -> None:
    values, groups = np.array([0.0, 1.0, 1.0, 3.0, 5.0, 9.0]), np.array([0, 0, 0, 1, 1, 1])
    reached = [
        between_groups(values, np.array(order)) >= between_groups(values, groups) - 1e-12
        for order in permutations(groups.tolist())
    ]
    assert groups_differ(values, groups) == pytest.approx(np.mean(reached), abs=0.02)


def rejected(clusters: bool, inside: bool, shift: float = 0.0) -> float:
    """Return how often the test finds a difference at .05, of groups that differ by ``shift``."""
    draw, times, found = np.random.default_rng(0), 150, 0
    of = np.arange(120) // 6 if clusters else None
    for _ in range(times):
        groups = (of % 2 if inside else np.arange(120) % 2) if of is not None else draw.integers(0, 3, 120)
        shared = 0.0 if of is None else draw.standard_normal(20)[of]
        values = draw.standard_normal(120) + shared + shift * (groups == 1)
        found += groups_differ(values, groups, of) <= 0.05
    return found / times


@pytest.mark.parametrize(
    ("clusters", "inside"),
    [
        (False, False),  # three groups of unequal sizes
        (True, True),  # clusters inside groups: labels of single questions would say .3 and more
        (True, False),  # every cluster has questions of both groups
    ],
)
def test_it_errs_in_one_of_twenty(monkeypatch: pytest.MonkeyPatch, clusters: bool, inside: bool) -> None:
    monkeypatch.setattr("grpokit.evaluate.statistics.permutation.PERMUTATIONS", 199)
    assert rejected(clusters, inside) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)
    assert rejected(clusters, inside, shift=1.5) > 0.6


def test_labels_stay_with_their_clusters() -> None:
    """Two clusters, one per group, are two units: no order of their labels is less likely than one in two."""
    values, groups = np.repeat([0.0, 1.0], 50), np.repeat([0, 1], 50)
    assert groups_differ(values, groups) < 0.001
    assert groups_differ(values, groups, groups) == 1.0
