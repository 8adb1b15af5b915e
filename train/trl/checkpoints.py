"""Checkpoints that are whole or not there, and that a run goes on from as if it had not stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .backoff import BackingOffTrainer
from .saving import saving

ADVICE = "Earlier checkpoints are whole: make room and go on with --resume."


class CheckpointingTrainer(BackingOffTrainer):
    """Leaves no half-written checkpoint behind when one cannot be written, as on a full disk, and stops the run.

    Resumed in a later epoch, it asks the prompts in that epoch's order, where TRL's trainer begins again with the
    order of the first.
    """

    _whole_epochs = 0

    def train(self, resume_from_checkpoint: Any = None, *arguments: Any, **named: Any) -> Any:
        """Train, from the checkpoint in that folder where one is given."""
        if resume_from_checkpoint is not None:
            state = json.loads((Path(resume_from_checkpoint) / "trainer_state.json").read_text(encoding="utf-8"))
            self._whole_epochs = int(state["epoch"])
        return super().train(resume_from_checkpoint, *arguments, **named)

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        sampler = super()._get_train_sampler(dataset)
        for _ in range(self._whole_epochs):
            next(iter(sampler), None)  # which draws an epoch's order from the sampler's random numbers
        return sampler

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        save: Callable[[Any, Any], None] = super()._save_checkpoint
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        try:
            with saving(folder, ADVICE):
                save(model, trial)
        except BaseException:  # whatever stopped it, Ctrl-C included, the rest must not be taken for a checkpoint
            shutil.rmtree(folder, ignore_errors=True)
            raise
