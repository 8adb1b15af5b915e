"""Procedural data sets of reasoning-gym: seeded, split without a shared question, judged by their own scorers."""

import pickle
import sys

import pytest
from grpokit.evaluate import EvaluationError, load_task
from grpokit.rewards import RewardMix


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)  # as where it is not installed
    with pytest.raises(EvaluationError, match=r"pip install 'grpokit\[reasoning-gym\]'"):
        next(load_task("reasoning_gym:absent").prompts())


def test_an_unknown_data_set_is_told_with_the_nearest() -> None:
    pytest.importorskip("reasoning_gym", reason="needs the extra reasoning-gym")
    with pytest.raises(EvaluationError, match=r"no data set 'legcounting'\. Did you mean 'leg_counting'"):
        next(load_task("reasoning_gym:legcounting").prompts())


@pytest.mark.parametrize("name", ["leg_counting", "coin_flip"])  # of the second there are few questions
def test_splits_share_no_question_and_repeat_none(name: str) -> None:
    pytest.importorskip("reasoning_gym", reason="needs the extra reasoning-gym")
    task = load_task(f"reasoning_gym:{name}")
    test = [prompt.columns["question"] for prompt in task.prompts("test")]
    train = [prompt.columns["question"] for prompt in task.prompts("train", limit=600)]
    assert len({*test, *train}) == len(test) + len(train) > 0


def test_rows_are_the_same_every_time() -> None:
    pytest.importorskip("reasoning_gym", reason="needs the extra reasoning-gym")
    task = load_task("reasoning_gym:leg_counting")
    assert list(task.prompts(limit=20)) == list(task.prompts(limit=20))


def test_the_librarys_scorer_accepts_any_right_solution() -> None:
    pytest.importorskip("reasoning_gym", reason="needs the extra reasoning-gym")
    task = load_task("reasoning_gym:countdown")
    [prompt] = task.prompts(limit=1)
    reference = prompt.columns["reference"]
    solutions = [f"({reference})", reference, "1+1", ""]
    completions = [f"<think>Hm.</think><answer>{solution}</answer>" for solution in solutions]
    columns = {column: [value] * 4 for column, value in prompt.columns.items()}
    mix = pickle.loads(pickle.dumps(RewardMix.parse(task.rewards)))
    solved = mix.score(prompts=[prompt.text] * 4, completions=completions, **columns).rewards["solved"]
    assert solved[:2] == [1.0, 1.0]
    assert max(solved[2:]) < 0.5
