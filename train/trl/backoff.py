"""When memory runs out in a training step: smaller micro-batches, and the same run.

TRL and Trainer cannot change the batch geometry of a run that is under way; ``auto_find_batch_size``, which TRL
refuses, begins again with other batches. Here a micro-batch is cut into equal parts, each a forward and a backward
pass of its own with TRL's counters set as for a micro-batch of that size. The completions are drawn once, as ever,
so a run that backed off learns from the same batches in the same order; only the order of additions differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from trl.trainer.utils import split_tensor_dict

from ...evaluate.engines.transformers import ran_out
from ..types import TrainingError

if TYPE_CHECKING:
    from trl.trainer.grpo_trainer import GRPOTrainer

Step: TypeAlias = Callable[[], torch.Tensor]
"""TRL's ``training_step`` with its arguments: forward and backward of a micro-batch -> its loss."""

SCALED = ("gradient_accumulation_steps", "steps_per_generation")
"""What grows as the micro-batch shrinks, so that the generation batch stays."""


class MicroBatches:
    """Cuts micro-batches further whenever memory runs out, in a run of one process.

    Several processes would have to agree in the middle of a step; there the error is raised. ``redo`` is True while a
    part that ran out of memory is to be done again: its completions are drawn and scored already.
    """

    def __init__(self, trainer: GRPOTrainer, lora_dropout: float, note: Callable[[str], None]) -> None:
        self.redo = False
        self._trainer: Any = trainer  # whose counters and settings are set here, though TRL declares no type for them
        self._lora_dropout = lora_dropout
        self._note = note
        self._parts = 1
        sharded = trainer.is_deepspeed_enabled or trainer.is_fsdp_enabled
        self._alone = trainer.accelerator.num_processes == 1 and not sharded

    def train(self, step: Step) -> torch.Tensor:
        """Train on a micro-batch, part by part; return the sum of the losses."""
        if not self._alone:
            return step()
        done, total = 0, torch.zeros((), device=self._trainer.accelerator.device)
        while done < self._parts:
            loss = self._train_part(step)
            if loss is None:
                done *= self._cut()
            else:
                done, total = done + 1, total + loss
        return total

    def _train_part(self, step: Step) -> torch.Tensor | None:
        """Add a part's gradient; return None, and leave the gradient as it was, when memory ran out."""
        before = self._take_gradients()
        loss = None
        try:
            with self._geometry():
                loss = step()
        except RuntimeError as error:
            if not ran_out(error):
                raise
        self.redo = loss is None
        self._give_gradients(before, keep=loss is not None)
        return loss

    @contextmanager
    def _geometry(self) -> Iterator[None]:
        """Show TRL the geometry of the parts; Trainer's loop counts in whole micro-batches."""
        trainer, args, parts = self._trainer, self._trainer.args, self._parts
        held = {name: getattr(args, name) for name in (*SCALED, "per_device_train_batch_size")}
        accumulation = trainer.current_gradient_accumulation_steps
        for name in SCALED:
            setattr(args, name, held[name] * parts)
        args.per_device_train_batch_size = held["per_device_train_batch_size"] // parts
        trainer.current_gradient_accumulation_steps = accumulation * parts
        try:
            yield
        finally:
            trainer.current_gradient_accumulation_steps = accumulation
            for name, value in held.items():
                setattr(args, name, value)

    def _cut(self) -> int:
        """Cut all micro-batches into smaller parts; return by which factor."""
        trainer = self._trainer
        rows = trainer.args.per_device_train_batch_size // self._parts
        if rows == 1:
            raise TrainingError(
                "out of memory while training on one completion at a time; give gradient_checkpointing=true, a "
                "smaller max_completion_length, model.quantization=4bit, or a smaller model."
            )
        factor = next(number for number in range(2, rows + 1) if rows % number == 0)
        trainer._buffered_inputs = [
            part for batch in trainer._buffered_inputs for part in split_tensor_dict(batch, factor)
        ]
        trainer._step *= factor
        self._parts *= factor
        torch.cuda.empty_cache()
        accumulation = trainer.args.gradient_accumulation_steps * self._parts
        self._note(
            f"out of memory while training on {rows} completions at a time; from here on {rows // factor}, with "
            f"gradient_accumulation_steps={accumulation}. {self._effect()}"
        )
        return factor

    def _effect(self) -> str:
        """Some settings make a loss depend on which completions share a micro-batch; LoRA's dropout draws masks."""
        trainer = self._trainer
        depends = {
            "loss_type=bnpo": trainer.loss_type == "bnpo",
            "top_entropy_quantile": trainer.top_entropy_quantile < 1,
            "the entropy bonus": trainer._entropy_bonus_enabled,
            "the router's loss": trainer.aux_loss_enabled,
            "lora.dropout": self._lora_dropout > 0,
        }
        names = " and ".join(name for name, holds in depends.items() if holds)
        return f"With {names} that is not the very same run." if names else "The run stays the same."

    @cached_property
    def _trained(self) -> list[torch.nn.Parameter]:
        weights: Iterator[torch.nn.Parameter] = self._trainer.model.parameters()
        return [weight for weight in weights if weight.requires_grad]

    def _take_gradients(self) -> list[torch.Tensor | None]:
        gradients = [weight.grad for weight in self._trained]
        for weight in self._trained:
            weight.grad = None
        return gradients

    def _give_gradients(self, before: list[torch.Tensor | None], *, keep: bool) -> None:
        """Put the gradients back, with what came since added to them if it is to be kept."""
        for weight, gradient in zip(self._trained, before, strict=True):
            if gradient is None:
                weight.grad = weight.grad if keep else None
            else:
                weight.grad = gradient.add_(weight.grad) if keep and weight.grad is not None else gradient
