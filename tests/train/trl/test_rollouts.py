"""Completions drawn in chunks are those of the whole batch; a merged adapter leaves no trace in the base."""

import pytest
from grpokit.train import train


@pytest.fixture
def draws(monkeypatch):
    """The completions of every generation batch, as TRL gets them; ``.chunk`` and ``.merges`` set the trainer."""
    from grpokit.train.trl.trainer import GuardedTrainer

    real = GuardedTrainer._generate_single_turn

    class Draws(list):
        chunk = None
        merges = True

    seen = Draws()

    def remember(self, prompt_ids, *others, **named):
        self.rollouts.chunk, self.rollouts.merges = seen.chunk, seen.merges
        before = [weight.detach().clone() for weight in self.model.parameters()]
        completions, logprobs = real(self, prompt_ids, *others, **named)
        assert all((old == new).all() for old, new in zip(before, self.model.parameters(), strict=True))
        seen.append(completions)
        return completions, logprobs

    monkeypatch.setattr(GuardedTrainer, "_generate_single_turn", remember)
    return seen


@pytest.mark.parametrize("chunk", [8, 5, 1])  # even, uneven, single rows
def test_chunks_draw_the_completions_of_the_whole_batch(tiny, tmp_path, draws, chunk):
    train(tiny("max_steps=3"), tmp_path / "whole")
    whole = list(draws)
    draws.clear()
    draws.chunk = chunk
    train(tiny("max_steps=3"), tmp_path / "chunks")
    assert draws == whole
    assert len({len(completion) for batch in whole for completion in batch}) > 1  # they do not end together


def test_merged_adapter_draws_the_same_and_leaves_the_base_as_it_was(tiny, tmp_path, draws):
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
def test_only_weights_in_float32_are_merged(tiny, tmp_path, monkeypatch, overrides, expected):
    from grpokit.train.trl import rollouts

    real, found = rollouts.mergeable, []
    monkeypatch.setattr(rollouts, "mergeable", lambda model: found.append(real(model)) or found[-1])
    train(tiny("max_steps=1", *overrides), tmp_path / "run")
    assert found == [expected]
