"""TRL's trainer with what it lacks: every method of TRL's and transformers' trainers that is overridden is here.

How completions are drawn in chunks, micro-batches cut and checkpoints kept whole is in the files beside this one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn
from transformers import TrainerState
from trl.trainer.grpo_trainer import GRPOTrainer

from ...evaluate.engines.transformers import ran_out
from ..folder import mark_whole
from ..types import Alarm, TrainingError
from .backoff import MicroBatches
from .checkpoints import whole_or_gone
from .noise import disable_rates, without_noise
from .positions import count_positions
from .rollouts import Rollouts
from .self_test import Agreement, measure_agreement


class GuardedTrainer(GRPOTrainer):
    """TRL's GRPOTrainer that survives a lack of memory, a full disk and a kill, with dropout where it belongs.

    - Completions, and old and reference probabilities, are drawn without any dropout. TRL generates with dropout
      active; its ``disable_dropout`` switches off the adapter's too, in the loss as well, so that a recipe's
      ``lora.dropout`` would do nothing. ``lora_dropout`` puts it back.
    - On a quantised base the adapter stays in float32: in bfloat16, to which TRL casts it, a learning rate of 1e-5
      leaves 97 % of A's elements as they were.
    - Where memory runs out, completions are drawn in smaller chunks (:class:`Rollouts`) and micro-batches are cut
      (:class:`MicroBatches`), of which ``note`` is called with a sentence; the run stays the same.
    - Positions are counted without padding in the loss, too (:func:`count_positions`), and the first batch is tested
      for log-probabilities that are not those with which it was drawn (:func:`measure_agreement`), of which ``alarm``
      is called.
    - A checkpoint that cannot be written leaves no half of it behind and stops the run.
    - Resumed in a later epoch, it asks the prompts in that epoch's order, where TRL begins again with the order of
      the first.
    """

    args: Any  # a GRPOConfig, whose fields the type checker takes to be open
    _buffered_inputs: Any

    def __init__(
        self,
        base: Any,
        *arguments: Any,
        lora_dropout: float,
        note: Callable[[str], None],
        alarm: Callable[[Alarm], None],
        **named: Any,
    ) -> None:
        inner = base.get_base_model() if hasattr(base, "get_base_model") else base
        count_positions(inner)
        if named["args"].disable_dropout:
            disable_rates(inner)
        super().__init__(base, *arguments, **named)
        model: Any = self.model
        for name, module in model.named_modules():
            if "lora_dropout" in name and isinstance(module, nn.Dropout):
                module.p = lora_dropout
        for weight in model.parameters():
            if weight.requires_grad and getattr(model, "quantization_method", None) is not None:
                weight.data = weight.data.float()  # TRL made it bfloat16, in which a small step is rounded away
        self.rollouts = Rollouts(self, note)
        self.micro_batches = MicroBatches(self, lora_dropout, note)
        self.whole_epochs = 0
        self.agreement: Agreement | None = None
        self.tested_for = 0.0
        self.alarm = alarm

    def train(self, resume_from_checkpoint: Any = None, *arguments: Any, **named: Any) -> Any:
        """Train, from the checkpoint in that folder where one is given."""
        if resume_from_checkpoint is not None:
            state = json.loads((Path(resume_from_checkpoint) / "trainer_state.json").read_text(encoding="utf-8"))
            self.whole_epochs = int(state["epoch"])
        return super().train(resume_from_checkpoint, *arguments, **named)

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        sampler = super()._get_train_sampler(dataset)
        for _ in range(self.whole_epochs):
            next(iter(sampler), None)  # which draws an epoch's order from the sampler's random numbers
        return sampler

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        """Draw, score and cut a generation batch, as TRL does: once, even if its first part must be done again."""
        if self.micro_batches.redo:
            return self._buffered_inputs[self._step % self.args.steps_per_generation]
        try:
            return super()._prepare_inputs(generation_batch)
        except RuntimeError as error:
            if not ran_out(error):
                raise
            raise TrainingError(
                "out of memory while completions are drawn, one at a time even; give a smaller max_completion_length, "
                "model.quantization=4bit, or a smaller model."
            ) from None

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        with without_noise(self.model):
            batch = super()._generate_and_score_completions(inputs)
            if self.agreement is None and not self.state.global_step:
                began = time.perf_counter()
                self.agreement = measure_agreement(self, batch)
                self.tested_for = time.perf_counter() - began
                if self.agreement is not None and not self.agreement.holds and self.is_world_process_zero():
                    self.alarm(Alarm(0, "self-test", self.agreement.sentence))
        return batch

    def _generate_single_turn(self, prompt_ids: list[list[int]], *others: Any, **named: Any) -> Any:
        return self.rollouts.draw(super()._generate_single_turn, prompt_ids, *others, **named)

    def _get_per_token_logps_and_entropies(self, *arguments: Any, batch_size: int | None = None, **named: Any) -> Any:
        """Old and reference probabilities, which need no gradient, are computed in chunks of ``batch_size``."""
        while True:
            try:
                return super()._get_per_token_logps_and_entropies(*arguments, batch_size=batch_size, **named)
            except RuntimeError as error:
                if batch_size is None or batch_size == 1 or not ran_out(error):
                    raise
            batch_size = (batch_size + 1) // 2
            torch.cuda.empty_cache()

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """Train on a micro-batch; return its loss."""
        return self.micro_batches.train(partial(super().training_step, model, inputs, num_items_in_batch))

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        save: Callable[[Any, Any], None] = super()._save_checkpoint
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        with whole_or_gone(folder):
            save(model, trial)
            if self.args.should_save:
                mark_whole(folder)

    def log_evaluation(self, figures: dict[str, float]) -> None:
        """Log figures of held-out answers past TRL, whose own log would take those of the training step with it."""
        transformers.Trainer.log(self, figures)

    def take_up(self, checkpoint: Path) -> None:
        """Take up a run that was killed after its last step: ``train`` would make one more."""
        self.state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
        self._load_from_checkpoint(str(checkpoint))
        self.callback_handler.on_train_begin(self.args, self.state, self.control)
