"""Held-out evaluation while training: base, checkpoint, checkpoint, all asked the same and paired with the base."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ...evaluate.paired.pairing import MARGIN
from ...evaluate.runs.run import Run
from ...files import replacing
from ..recipe.recipe import Recipe
from ..trl.frozen import Live, Studio
from ..types import HeldOut, Watcher
from .alarm import AlarmLog, climb
from .questions import Asked
from .selection import Selection, step_folder, step_of
from .series import Judged, Track

if TYPE_CHECKING:
    from trl.trainer.grpo_trainer import GRPOTrainer

ADAPTERS = "adapters"
"""Under ``load_best``, the folder of the adapters that were evaluated."""


class HeldOutEvaluation(TrainerCallback):
    """Evaluates the base before step 0 and the adapter as often as the recipe says; every one is a run of its own.

    With sampled and greedy answers there are two runs each time; the leading one chooses the checkpoint. All
    processes generate their share and come to the same decisions; the first one reports.
    """

    def __init__(
        self,
        trainer: GRPOTrainer,
        studio: Studio,
        asked: Sequence[Asked],
        recipe: Recipe,
        out: Path,
        watcher: Watcher,
        alarms: AlarmLog,
    ) -> None:
        self._trainer = trainer
        self._studio = studio
        self._tracks = [Track(one, recipe, out) for one in asked]
        self._section = recipe.evaluation
        self._looks = 1
        self._out = out
        self._watcher = watcher
        self._alarms = alarms
        self._selection: Selection

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Evaluate the base, or take up the evaluations of the run that is resumed."""
        every = self._section.every
        planned = math.ceil(state.max_steps / every) if isinstance(every, int) else state.num_train_epochs
        self._looks = planned * len(self._tracks)
        with self._studio.open() as live:
            for track in self._tracks:
                track.answer(live.engine("base", tuned=False), 0, self._watcher)
            if state.global_step and self._due(state):  # a killed run may have saved this step before it was evaluated
                self._evaluate(live, state.global_step)
        self._selection = Selection(self._leading.base, MARGIN)
        for track in self._tracks:
            found = track.start()
            self._log(track, found)
            self._tell(found)
        self._take_up(state.global_step)

    def _due(self, state: TrainerState) -> bool:
        """Tell whether the present step is one to evaluate at: every so many, at an epoch's end, and the last one."""
        every, step = self._section.every, state.global_step
        regular = step % every == 0 if isinstance(every, int) else (state.epoch or 0) % 1 == 0
        return regular or step >= state.max_steps

    def _take_up(self, step: int) -> None:
        """Replay the checkpoints up to ``step``; those beyond it are of a future that is done again."""
        for folder in sorted(self._leading.folder.glob("step-*")):
            if step_of(folder) <= step:
                self._judge(step_of(folder))
        if self._trainer.is_world_process_zero():
            for folder in (folder for track in self._tracks for folder in track.folder.glob("step-*")):
                if step_of(folder) > step:
                    shutil.rmtree(folder)
        self._trainer.accelerator.wait_for_everyone()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """Evaluate every so many steps, and after the last one."""
        if self._section.every != "epoch" and self._due(state):
            self._checkpoint(state.global_step, control)
        return control

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """Evaluate after a whole epoch; Trainer comes here too when a run is stopped in the middle of one."""
        if self._section.every == "epoch" and self._due(state):
            self._checkpoint(state.global_step, control)
        return control

    def _checkpoint(self, step: int, control: TrainerControl) -> None:
        logging = control.should_log
        with self._studio.open() as live:
            self._evaluate(live, step)
        self._judge(step)
        control.should_log = logging  # our own log has switched it off
        patience = self._section.early_stop
        if patience is not None and self._selection.stale >= patience and not control.should_training_stop:
            self._watcher.note(f"stopped at step {step}: {patience} evaluations in a row brought no improvement.")
            control.should_training_stop = control.should_save = True

    def _evaluate(self, live: Live, step: int) -> None:
        if self._section.load_best and self._trainer.is_world_process_zero():
            (self._out / ADAPTERS).mkdir(exist_ok=True)
            with replacing(self._out / ADAPTERS / f"{step_folder(step)}.safetensors") as file:
                file.write(live.adapter)
        for track in self._tracks:
            track.answer(live.engine(f"step {step}", tuned=True), step, self._watcher)

    def _judge(self, step: int) -> None:
        """Compare a checkpoint with the base, tell of it, and let it count."""
        for track in self._tracks:
            run = Run.open(track.folder / step_folder(step))
            judged = track.judge(run)
            self._log(track, judged.found)
            self._tell(judged.found)
            if track.asked.leading:
                self._selection.take(run, judged.mean)
            if self._trainer.is_world_process_zero():
                self._alarm(track, judged)

    def _alarm(self, track: Track, judged: Judged) -> None:
        logged = (line for line in self._trainer.state.log_history if line["step"] <= judged.found.step)
        trained = climb([line["reward"] for line in logged if "reward" in line])
        for alarm in track.alarms(judged, self._looks, trained):
            self._alarms.add(alarm)

    def _log(self, track: Track, found: HeldOut) -> None:
        """Log an evaluation of this step, unless a resumed run has; those of earlier steps have been.

        Past TRL, whose own log would take the figures of the training step with it.
        """
        state = self._trainer.state
        prefix = "eval_" if track.asked.leading else f"eval_{track.asked.decoding}/"
        logged = any(line["step"] == found.step and f"{prefix}total" in line for line in state.log_history)
        if found.step == state.global_step and not logged:
            Trainer.log(self._trainer, {f"{prefix}{name}": value for name, value in _figures(found).items()})

    def _tell(self, found: HeldOut) -> None:
        if self._trainer.is_world_process_zero():
            self._watcher.evaluated(found)

    def keep_best(self) -> None:
        """Put the best checkpoint's adapter in the place of the last one's, when the recipe asks for that."""
        best = self._selection.best
        if not self._section.load_best or best is None or not self._trainer.is_world_process_zero():
            return
        with replacing(self._out / "adapter_model.safetensors") as file:
            file.write((self._out / ADAPTERS / f"{best.name}.safetensors").read_bytes())
        primary = self._leading.asked.evaluation.task.primary
        self._watcher.note(f"the adapter is that of step {step_of(best)}, the best by the held-out {primary}.")

    def tidy(self) -> None:
        """Remove the adapters to choose from, once the run is written whole and none will be chosen again."""
        shutil.rmtree(self._out / ADAPTERS, ignore_errors=True)

    @property
    def _leading(self) -> Track:
        return self._tracks[0]


def _figures(found: HeldOut) -> dict[str, float]:
    """Return what is logged of an evaluation: the means, and the primary metric's change with its interval."""
    means = {name: mean for name, mean in found.means.items() if mean is not None}
    change = found.change
    if change is None:
        return means
    ends = {"change": change.delta, "low": change.low, "high": change.high}
    return {**means, **{f"{found.primary}/{name}": end for name, end in ends.items() if end is not None}}
