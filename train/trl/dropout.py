"""LoRA's dropout where it belongs: in the loss, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from trl.trainer.grpo_trainer import GRPOTrainer


class Trainer(GRPOTrainer):
    """TRL's trainer, which draws completions, and old and reference probabilities, without any dropout.

    TRL generates with dropout active; its ``disable_dropout`` switches off the adapter's too, in the loss as well,
    so that a recipe's ``lora.dropout`` would do nothing. ``lora_dropout`` puts it back.
    """

    def __init__(self, *arguments: Any, lora_dropout: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for dropout in _lora_dropouts(self.model):
            dropout.p = lora_dropout

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        with _without_dropout(self.model):
            return super()._generate_and_score_completions(inputs)


def _lora_dropouts(model: Any) -> list[nn.Dropout]:
    named = model.named_modules()
    return [module for name, module in named if "lora_dropout" in name and isinstance(module, nn.Dropout)]


@contextmanager
def _without_dropout(model: Any) -> Iterator[None]:
    active = [module for module in model.modules() if isinstance(module, nn.Dropout) and module.training]
    for module in active:
        module.eval()
    try:
        yield
    finally:
        for module in active:
            module.train()
