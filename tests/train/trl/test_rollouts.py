"""Completions drawn in chunks are those of the whole batch; a merged adapter leaves no trace in the base."""

from pathlib import Path
from typing import Any

import pytest
from grpokit.train import TrainingError, train

from ..fixture_types import MakeRecipe


class Draws(list[list[list[int]]]):
    """Generation batches of completions' tokens, and what to set in the trainer that draws them."""

    chunk: int | None = None
    merges = True


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> Draws:
    """The completions of every generation batch, as TRL gets them."""
    from grpokit.train.trl.trainer import GuardedTrainer

    real = GuardedTrainer._generate_single_turn

    seen = Draws()

    def remember(self: Any, prompt_ids: list[list[int]], *others: Any, **named: Any) -> Any:
        self.rollouts.chunk, self.rollouts.merges = seen.chunk, seen.merges
        before = [weight.detach().clone() for weight in self.model.parameters()]
        completions, logprobs = real(self, prompt_ids, *others, **named)
        assert all((old == new).all() for old, new in zip(before, self.model.parameters(), strict=True))
        seen.append(completions)
        return completions, logprobs

    monkeypatch.setattr(GuardedTrainer, "_generate_single_turn", remember)
    return seen


@pytest.mark.parametrize("chunk", [8, 5, 1])  # even, uneven, single rows
def test_chunks_draw_the_completions_of_the_whole_batch(
    tiny: MakeRecipe, tmp_path: Path, draws: Draws, chunk: int
) -> None:
    train(tiny("max_steps=3"), tmp_path / "whole")
    whole = list(draws)
    draws.clear()
    draws.chunk = chunk
    train(tiny("max_steps=3"), tmp_path / "chunks")
    assert draws == whole
    assert len({len(completion) for batch in whole for completion in batch}) > 1  # they do not end together


def test_merged_adapter_draws_the_same_and_leaves_the_base_as_it_was(
    tiny: MakeRecipe, tmp_path: Path, draws: Draws
) -> None:
    train(tiny("max_steps=3"), tmp_path / "merged")
    merged = list(draws)
    draws.clear()
    draws.merges = False
    train(tiny("max_steps=3"), tmp_path / "apart")
    assert draws == merged


MERGEABLE = [
    ([], True),
    (["model.dtype=bfloat16"], False),  # 16 bits would swallow small updates
    (["model.quantization=4bit"], False),
]


@pytest.mark.parametrize(("overrides", "expected"), MERGEABLE)
def test_only_weights_in_float32_are_merged(
    tiny: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overrides: list[str], expected: bool
) -> None:
    from grpokit.train.trl.rollouts import Rollouts

    real, answers = Rollouts.__init__, list[bool]()

    def remember(self: Rollouts, *arguments: Any) -> None:
        real(self, *arguments)
        answers.append(self.merges)

    monkeypatch.setattr(Rollouts, "__init__", remember)
    train(tiny("max_steps=1", *overrides), tmp_path / "run")
    assert answers == [expected]


def test_weights_that_are_no_numbers_any_more_are_one_line(tiny: MakeRecipe, tmp_path: Path) -> None:
    """A learning rate far too high, whose first step makes every weight NaN."""
    with pytest.raises(TrainingError, match="no finite numbers any more; give a smaller learning_rate"):
        train(tiny("max_steps=3", "learning_rate=1e300"), tmp_path / "run")
