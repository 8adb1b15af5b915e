"""The gate: a bonus that counts only where its condition holds."""

import pickle
from dataclasses import dataclass
from typing import ClassVar

import pytest
from grpokit.rewards import Batch, Gate, Judgement, Range, Reward, RewardError, RewardMix, get
from grpokit.rewards.function import FunctionReward


@dataclass(frozen=True)
class Column(Reward):
    """Gives back a column, for tests."""

    name: ClassVar[str] = "column"
    column: str = "a"
    low: float = 0.0

    @property
    def range(self) -> Range:
        return Range(self.low, 1.0)

    def judge(self, batch: Batch) -> list[Judgement]:
        return [Judgement(value, "given", f"column {self.column}") for value in batch.columns[self.column]]


def unbounded(completions: list[str], **columns: object) -> list[float]:
    return [float(len(text)) for text in completions]


def gated(condition: list[float | None], bonus: list[float | None], **parameters: float) -> list[float | None]:
    low = parameters.pop("low", 0.0)
    gate = Gate(Column("a"), Column("b", low), **parameters)
    return gate(completions=["x"] * len(condition), a=condition, b=bonus)


@pytest.mark.parametrize(
    ("condition", "bonus", "expected"),
    [
        (1.0, 0.7, 0.7),  # open
        (0.0, 0.7, 0.0),  # shut
        (0.99, 0.7, 0.0),  # nearly is not enough
        (None, 0.7, None),  # unknown condition: not applicable
        (1.0, None, None),  # unknown bonus
        (0.0, None, None),  # shut, and unknown: still not applicable
    ],
)
def test_one_row(condition: float | None, bonus: float | None, expected: float | None) -> None:
    assert gated([condition], [bonus]) == [expected]


def test_a_threshold_below_one() -> None:
    assert gated([0.5, 0.4], [0.7, 0.7], threshold=0.5) == [0.7, 0.0]


def test_a_penalty_falls_to_its_full_depth_and_not_to_zero() -> None:
    """Zero is a penalty's best value: giving it to rows that fail the condition would reward them."""
    assert gated([1.0, 0.0], [-0.2, -0.2], low=-1.0) == [-0.2, -1.0]


def test_names_range_pickle_and_fingerprint() -> None:
    gate = get("gate(xml_format,length(target=200))")
    assert gate.__name__ == "gate(xml_format,length(target=200))"
    assert gate.range == (0.0, 1.0)
    assert pickle.loads(pickle.dumps(gate)) == gate
    assert gate.fingerprint != get("gate(xml_format,length)").fingerprint


def test_explains_what_shut_it() -> None:
    judged = Gate(get("xml_format"), get("length")).explain(completions=["no tags"])[0]
    assert judged.status == "gated"
    assert judged.reason.startswith("xml_format is 0")


def test_nests_in_a_mix() -> None:
    mix = RewardMix.parse("gate(xml_format,gate(xml_format_soft,length(target=2)))=0.5")
    right = "<think>\nsix times seven\n</think>\n<answer>\n42\n</answer>"
    shut, opened = mix.score(completions=["42", right]).total
    assert shut == 0.0
    assert opened == 0.5 * get("length(target=2)")(completions=[right])[0]


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("gate(xml_format,length,threshold=0)", "threshold=0 never decides"),
        ("gate(xml_format,length,threshold=1.5)", "give a number above 0 and at most 1"),
        ("gate(xml_format,length,threshold=high)", "threshold='high'"),
        ("gate(xml_format,grpokit.tests.rewards.test_gate:unbounded)", "no lowest value to fall to"),
    ],
)
def test_mistakes_are_told_when_built(spec: str, hint: str) -> None:
    with pytest.raises(RewardError, match=hint):
        get(spec)


def test_only_rewards_are_taken() -> None:
    with pytest.raises(RewardError, match="the bonus is"):
        Gate(get("xml_format"), len)  # type: ignore[arg-type]  # no reward: it is refused
    with pytest.raises(RewardError, match="never decides"):
        Gate(FunctionReward(unbounded), get("length"), threshold=float("nan"))
