"""Held-out evaluation while training: base, checkpoint, checkpoint, all asked the same and paired with the base."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..evaluate.comparison import Difference, ModelSummary
from ..evaluate.evaluation import Evaluation
from ..evaluate.pairing import MARGIN, compare
from ..evaluate.run import Run
from .alarm import AlarmLog, Habits, climb, look
from .heldout import EVALUATIONS, ask
from .live import Live, LiveEngine, Studio
from .recipe import Recipe
from .samples import read_answers
from .selection import Selection, primary_mean, step_folder, step_of
from .types import HeldOut, Watcher

if TYPE_CHECKING:
    from trl.trainer.grpo_trainer import GRPOTrainer

ADAPTERS = "adapters"
"""Under ``load_best``, the folder of the adapters that were evaluated."""


class HeldOutEvaluation(TrainerCallback):
    """Evaluates the base before step 0 and the adapter as often as the recipe says; every one is a run of its own.

    All processes generate their share and come to the same decisions; the first one reports.
    """

    def __init__(
        self,
        trainer: GRPOTrainer,
        studio: Studio,
        evaluation: Evaluation,
        recipe: Recipe,
        out: Path,
        watcher: Watcher,
        alarms: AlarmLog,
    ) -> None:
        self._trainer = trainer
        self._studio = studio
        self._evaluation = evaluation
        self._recipe = recipe
        self._section = recipe.evaluation
        self._looks = 1
        self._out = out
        self._watcher = watcher
        self._alarms = alarms
        self._base: Run
        self._habits: Habits
        self._selection: Selection

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Evaluate the base, or take up the evaluations of the run that is resumed."""
        every = self._section.every
        self._looks = math.ceil(state.max_steps / every) if isinstance(every, int) else state.num_train_epochs
        with self._studio.open() as live:
            self._base = self._ask(live.engine("base", None), "base")
        self._habits = Habits.read(self._base)
        self._selection = Selection(self._base, MARGIN)
        model = compare([self._base]).models[0]
        if state.global_step == 0:
            self._log(_means(model), {})
        self._tell(HeldOut(0, self._base.path, self._primary, _means(model), None, self._answers(self._base)))
        self._take_up(state.global_step)

    def _take_up(self, step: int) -> None:
        """Replay the checkpoints up to ``step``; those beyond it are of a future that is done again."""
        for folder in sorted((self._out / EVALUATIONS).glob("step-*")):
            if step_of(folder) <= step:
                self._judge(Run.open(folder))
            elif self._trainer.is_world_process_zero():
                shutil.rmtree(folder)
        self._trainer.accelerator.wait_for_everyone()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """Evaluate every so many steps, and after the last one."""
        every, step = self._section.every, state.global_step
        if isinstance(every, int) and (step % every == 0 or step >= state.max_steps):
            self._checkpoint(step, control)
        return control

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """Evaluate after an epoch."""
        if self._section.every == "epoch":
            self._checkpoint(state.global_step, control)
        return control

    def _checkpoint(self, step: int, control: TrainerControl) -> None:
        logging = control.should_log
        with self._studio.open() as live:
            run = self._evaluate(live, step)
        self._judge(run)
        control.should_log = logging  # our own log has switched it off
        patience = self._section.early_stop
        if patience is not None and self._selection.stale >= patience and not control.should_training_stop:
            self._watcher.note(f"stopped at step {step}: {patience} evaluations in a row brought no improvement.")
            control.should_training_stop = control.should_save = True

    def _evaluate(self, live: Live, step: int) -> Run:
        adapter, name = live.adapter(), step_folder(step)
        if self._section.load_best and self._trainer.is_world_process_zero():
            write_bytes(self._out / ADAPTERS / f"{name}.safetensors", adapter)
        return self._ask(live.engine(f"step {step}", adapter), name)

    def _ask(self, engine: LiveEngine, name: str) -> Run:
        return ask(self._recipe, self._evaluation, engine, self._out / EVALUATIONS / name)

    def _answers(self, run: Run) -> dict[str, str]:
        return {answer.sample: answer.text for answer in read_answers(run.path)}

    def _judge(self, run: Run) -> None:
        """Compare a checkpoint with the base, tell of it, and let it count."""
        comparison = compare([self._base, run])
        (pair,), model, step = comparison.pairs, comparison.models[1], step_of(run.path)
        change = pair.rewards.get(pair.primary, pair.total)
        if step == self._trainer.state.global_step:
            self._log(_means(model), _interval(pair.primary, change))
        self._tell(HeldOut(step, run.path, pair.primary, _means(model), change, self._answers(run)))
        self._selection.take(run, primary_mean(comparison, model))
        if self._trainer.is_world_process_zero():
            trained = climb([line["reward"] for line in self._trainer.state.log_history if "reward" in line])
            for alarm in look(pair, self._habits, Habits.read(run), self._looks, trained, step):
                self._alarms.add(alarm)

    def _log(self, means: dict[str, float | None], change: dict[str, float]) -> None:
        """Log past TRL, whose own log would take the figures of the training step with it."""
        known = {f"eval_{name}": mean for name, mean in means.items() if mean is not None}
        Trainer.log(self._trainer, {**known, **change})

    def _tell(self, found: HeldOut) -> None:
        if self._trainer.is_world_process_zero():
            self._watcher.evaluated(found)

    def keep_best(self) -> None:
        """Put the best checkpoint's adapter in the place of the last one's, when the recipe asks for that."""
        best = self._selection.best
        if not self._section.load_best or best is None or not self._trainer.is_world_process_zero():
            return
        stored = self._out / ADAPTERS / f"{best.name}.safetensors"
        os.replace(stored, self._out / "adapter_model.safetensors")
        shutil.rmtree(self._out / ADAPTERS)
        self._watcher.note(f"the adapter is that of step {step_of(best)}, the best by the held-out {self._primary}.")

    @property
    def _primary(self) -> str:
        return self._evaluation.task.primary


def _means(model: ModelSummary) -> dict[str, float | None]:
    return {**{name: found.estimate.mean for name, found in model.rewards.items()}, "total": model.total.estimate.mean}


def _interval(primary: str, change: Difference) -> dict[str, float]:
    ends = {"change": change.delta, "low": change.low, "high": change.high}
    return {f"eval_{primary}/{name}": end for name, end in ends.items() if end is not None}


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)
