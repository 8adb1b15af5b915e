"""Held-out evaluation in the loop leaves training as it would be without it."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from grpokit.train import train
from grpokit.train.trl.isolation import isolated

from ..fixture_types import MakeRecipe


def test_every_random_state_is_put_back() -> None:
    def draw() -> tuple[float, float, float]:
        return random.random(), np.random.rand(), torch.rand(1).item()

    model = torch.nn.Linear(1, 1)
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    wanted = draw()
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])
    with isolated(model):
        draw()
    assert draw() == wanted


def test_states_are_put_back_after_an_error() -> None:
    model = torch.nn.Dropout()
    before = torch.get_rng_state()

    def fail() -> None:
        with isolated(model):
            torch.rand(1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert model.training
    assert torch.equal(torch.get_rng_state(), before)


def test_modules_that_did_not_train_do_not_begin_to() -> None:
    """A dropout that was switched off stays off: ``model.train()`` would have switched it on."""
    model = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Dropout())
    model[1].eval()
    with isolated(model):
        assert not any(module.training for module in model.modules())
    assert [module.training for module in model.modules()] == [True, True, False]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / "adapter_model.safetensors")


RUNS = [
    [],  # sampled, as the recipe says
    ["evaluation.samples=1", "evaluation.temperature=0.0"],  # greedy
    ["model.quantization=4bit", "lora.dropout=0.1"],  # weights that are unpacked, and noise in every forward pass
    ["gradient_checkpointing=true", "per_device_train_batch_size=4"],  # switched off and on again around generation
]


@pytest.mark.parametrize("overrides", RUNS)
def test_weights_are_bit_identical_with_and_without_evaluation(
    tiny: MakeRecipe, tmp_path: Path, overrides: list[str]
) -> None:
    """Evaluation inside the loop changes training through the random state."""
    steps = ["max_steps=4", "evaluation.limit=20", *overrides]
    without = weights(train(tiny("evaluation.every=null", *steps), tmp_path / "without").folder)
    watched = weights(train(tiny("evaluation.every=1", *steps), tmp_path / "with").folder)
    assert without.keys() == watched.keys()
    assert all(torch.equal(without[name], watched[name]) for name in without)
