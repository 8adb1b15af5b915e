"""Checkpoints that are whole or not there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .backoff import BackingOffTrainer
from .saving import saving

ADVICE = "Earlier checkpoints are whole: make room and go on with --resume."


class CheckpointingTrainer(BackingOffTrainer):
    """Leaves no half-written checkpoint behind when one cannot be written, as on a full disk, and stops the run."""

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        save: Callable[[Any, Any], None] = super()._save_checkpoint
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        try:
            with saving(folder, ADVICE):
                save(model, trial)
        except BaseException:  # whatever stopped it, Ctrl-C included, the rest must not be taken for a checkpoint
            shutil.rmtree(folder, ignore_errors=True)
            raise
