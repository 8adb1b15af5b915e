"""Warnings about a scored mix."""

import pytest
from grpokit.rewards import MixScore, RewardMix, diagnose
from grpokit.rewards.diagnostics import spread

GROUPS = [[0, 1], [2, 3]]


def warnings(spec: str, groups: list[list[int]] | None, **values: list[float | None]) -> list[str]:
    mix = RewardMix.parse(spec)
    columns = dict(zip(mix.names, values.values(), strict=True))
    total = [mix.total(row) for row in zip(*columns.values(), strict=True)]
    return diagnose(mix, MixScore(columns, total), groups)


def test_a_healthy_mix_is_quiet() -> None:
    assert warnings("correctness=1,length=1", GROUPS, a=[0.0, 1.0, 1.0, 0.0], b=[0.2, 0.9, 0.5, 0.1]) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.0, 0.0, 0.0], "correctness is 0 for all 4 completions: it teaches nothing here."),
        ([1.0, None, 1.0, None], "correctness is 1 for all 2 completions: it teaches nothing here."),
        ([None] * 4, "correctness applies to none of 4 completions: check the reference column."),
    ],
)
def test_constant(values: list[float | None], expected: str) -> None:
    assert expected in warnings("correctness,length", GROUPS, a=values, b=[0.2, 0.9, 0.5, 0.1])


def test_dominating() -> None:
    found = warnings("correctness=1,length=100", GROUPS, a=[0.0, 1.0, 0.0, 1.0], b=[0.0, 1.0, 0.5, 0.1])
    assert len(found) == 1
    assert found[0].startswith("length carries 99 % of the spread")


def test_spread_between_groups_carries_no_advantage() -> None:
    """A reward that differs only between prompts cancels out when GRPO centres each group."""
    assert spread([0.0, 0.0, 5.0, 5.0], GROUPS) == 0.0
    assert spread([0.0, 2.0, 1.0, 1.0], GROUPS) == pytest.approx(0.5**0.5)


def test_none_for_part_of_a_group() -> None:
    found = warnings("correctness,length", GROUPS, a=[0.0, None, 1.0, 0.0], b=[0.2, 0.9, 0.5, 0.1])
    assert any("correctness is None for part of a group in 1 of 2 groups" in warning for warning in found)


def test_none_for_whole_groups_is_no_hole() -> None:
    assert warnings("correctness,length", GROUPS, a=[0.0, 1.0, None, None], b=[0.2, 0.9, 0.5, 0.1]) == []


def test_weight_zero_is_never_warned_about() -> None:
    assert warnings("correctness=0,length", GROUPS, a=[0.0] * 4, b=[0.2, 0.9, 0.5, 0.1]) == []


def test_without_groups_all_rows_are_one() -> None:
    assert warnings("correctness,length", None, a=[0.0, 1.0, 1.0, None], b=[0.2, 0.9, 0.5, 0.1])
