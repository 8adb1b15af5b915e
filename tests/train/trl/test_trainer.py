"""Dropout in the loss and not in rollouts, which end where a turn ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from grpokit.train import train

from ...chat_templates import unlist
from ..fixture_types import MakeRecipe
from ..recorder import Recorder


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[float]]:
    """The rates of LoRA's dropout that are active when completions are drawn, and when the loss is computed."""
    from transformers import GenerationMixin
    from trl.trainer.grpo_trainer import GRPOTrainer

    rates: dict[str, set[float]] = {"rollout": set(), "loss": set()}

    def spy(owner: type, name: str, phase: str, model_of: Callable[[Any], Any]) -> None:
        real = getattr(owner, name)

        def wrapper(self: Any, *arguments: Any, **named: Any) -> Any:
            modules = model_of(self).named_modules()
            dropouts = [module for path, module in modules if path.endswith("lora_dropout.default")]
            rates[phase] |= {getattr(dropout, "p", 0.0) * dropout.training for dropout in dropouts}
            return real(self, *arguments, **named)

        monkeypatch.setattr(owner, name, wrapper)

    spy(GenerationMixin, "generate", "rollout", lambda self: self)
    spy(GRPOTrainer, "_compute_loss", "loss", lambda self: self.model)
    return rates


@pytest.mark.parametrize("rate", [0.1, 0.0])
def test_lora_dropout_is_in_the_loss_alone(
    tiny: MakeRecipe, tmp_path: Path, seen: dict[str, set[float]], rate: float
) -> None:
    """TRL's disable_dropout switches off the adapter's dropout too, so that the recipe's would do nothing."""
    train(tiny("max_steps=1", f"lora.dropout={rate}"), tmp_path / "run")
    assert seen == {"rollout": {0.0}, "loss": {rate}}


def test_a_system_message_that_the_template_drops_is_said_before_training(tiny: MakeRecipe, tmp_path: Path) -> None:
    recorder = Recorder()
    train(tiny("max_steps=1"), tmp_path / "run", watcher=recorder)
    said = "the chat template shows no system message; its text is left out: the tokenizer lacks characters of it."
    assert said in recorder.notes


def test_rollouts_end_with_their_turn_though_the_checkpoint_lists_another_end(tiny: MakeRecipe, tmp_path: Path) -> None:
    from grpokit.evaluate.demo import checkpoint_path

    model = unlist(checkpoint_path(), tmp_path / "model", "<pad>")
    train(tiny("max_steps=1", f"model.path={model}", "max_completion_length=48"), tmp_path / "run")
    first = json.loads((tmp_path / "run/history.jsonl").read_text().splitlines()[0])
    assert first["completions/clipped_ratio"] < 0.5


def test_adapter_on_a_quantised_base_is_in_float32(tiny: MakeRecipe, tmp_path: Path) -> None:
    """In bfloat16, to which TRL casts it, nearly all of A would stay as it was at this learning rate."""
    import torch
    from safetensors.torch import load_file

    adapters = []
    for steps in (2, 3):  # A begins to move with the second
        out = train(tiny(f"max_steps={steps}", "model.quantization=4bit", "learning_rate=1e-5"), tmp_path / str(steps))
        adapters.append(load_file(out.folder / "adapter_model.safetensors"))
    first, second = adapters
    assert {weight.dtype for weight in first.values()} == {torch.float32}
    moved = [(first[name] != second[name]).float().mean() for name in first if "lora_A" in name]
    assert min(moved) > 0.95
