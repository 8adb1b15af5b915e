"""Held-out evaluation while training: base, checkpoint, checkpoint, all asked the same and paired with the base."""

from __future__ import annotations

import math
import shutil
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ...evaluate.paired.choice import Choice, Part
from ...evaluate.paired.margins import MARGIN
from ...evaluate.runs.run import Run
from ...files import replacing
from ..trl.frozen import FrozenModel, Snapshot
from ..types import HeldOut, Watcher
from .alarm import AlarmLog, climb
from .questions import HeldOutQuestions, HeldOutSets
from .series import Selection, Series, step_folder, step_of

ADAPTERS = "adapters"
"""Under ``load_best``, the folder of the adapters that were evaluated."""


class HeldOutEvaluation(TrainerCallback):
    """Evaluates the base before step 0 and the adapter as often as the recipe says; every one is a run of its own.

    With sampled and greedy answers there are two runs each time; the leading one chooses the checkpoint. All
    processes generate their share and come to the same decisions; the first one reports.
    """

    def __init__(self, model: FrozenModel, questions: HeldOutSets, watcher: Watcher, alarms: AlarmLog) -> None:
        self._model = model
        self._trainer = model.trainer
        self._section = model.recipe.evaluation
        self._adapters = model.out / ADAPTERS
        self._series = [Series(one, model.recipe, model.out) for one in questions.looks]
        self._questions = questions
        self._leading = self._series[0]
        self._looks = 1
        self._watcher = watcher
        self._alarms = alarms
        self._selection: Selection
        self._alarmed: int | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Evaluate the base, or take up the evaluations of the run that is resumed."""
        every = self._section.every
        planned = math.ceil(state.max_steps / every) if isinstance(every, int) else state.num_train_epochs
        self._looks = planned * len(self._series)
        with self._model.snapshot() as snapshot:
            for series in self._series:
                series.answer(snapshot.engine("base", tuned=False), 0, self._watcher)
            if not state.global_step:
                self._keep(snapshot, 0)
            elif self._due(state):  # a killed run may have saved this step before it was evaluated
                self._evaluate(snapshot, state.global_step)
        self._selection = Selection(self._leading.base, MARGIN)
        for series in self._series:
            self._report(series, series.start())
        self._take_up(state.global_step)

    def _due(self, state: TrainerState) -> bool:
        """Say whether the present step is one to evaluate at: every so many, at an epoch's end, and the last one."""
        every, step = self._section.every, state.global_step
        regular = step % every == 0 if isinstance(every, int) else (state.epoch or 0) % 1 == 0
        return regular or step >= state.max_steps

    def _take_up(self, step: int) -> None:
        """Replay the checkpoints up to ``step``; those beyond it are of a future that is done again."""
        for folder in sorted(self._leading.folder.glob("step-*")):
            if step_of(folder) <= step:
                self._judge(step_of(folder))
        if self._trainer.is_world_process_zero():
            for folder in (folder for series in self._series for folder in series.folder.glob("step-*")):
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
        with self._model.snapshot() as snapshot:
            self._evaluate(snapshot, step)
        self._judge(step)
        control.should_log = logging  # our own log has switched it off
        patience = self._section.early_stop
        reason = None
        if patience is not None and self._selection.stale >= patience:
            reason = f"{patience} evaluations in a row brought no improvement"
        if self._alarmed is not None and self._section.on_alarm != "note":
            reason = "an alarm was raised"
        if reason is not None and not control.should_training_stop:
            self._watcher.note(f"stopped at step {step}: {reason}.")
            control.should_training_stop = control.should_save = True

    def _keep(self, snapshot: Snapshot, step: int) -> None:
        """Keep the adapter of this step where it may be wanted in the end."""
        if self._section.keeps_adapters and self._trainer.is_world_process_zero():
            self._adapters.mkdir(exist_ok=True)
            with replacing(self._adapters / f"{step_folder(step)}.safetensors") as file:
                file.write(snapshot.adapter)

    def _evaluate(self, snapshot: Snapshot, step: int) -> None:
        self._keep(snapshot, step)
        for series in self._series:
            series.answer(snapshot.engine(f"step {step}", tuned=True), step, self._watcher)

    def _judge(self, step: int) -> None:
        """Compare a checkpoint with the base, report it, raise alarms, and let it count unless it comes with one."""
        logged = (line for line in self._trainer.state.log_history if line["step"] <= step)
        trained = climb([line["reward"] for line in logged if "reward" in line])
        results = [(series, Run.open(series.folder / step_folder(step))) for series in self._series]
        judged = [(series, run, series.judge(run)) for series, run in results]
        for series, _, result in judged:
            self._report(series, result.report)
            for alarm in series.alarms(result, self._looks, trained):
                self._alarmed = step if self._alarmed is None else self._alarmed
                if self._trainer.is_world_process_zero():
                    self._alarms.add(alarm)
        if self._alarmed is None or self._section.on_alarm != "rollback":
            _, run, result = judged[0]  # the leading one
            self._selection.take(run, result.mean)

    def _report(self, series: Series, report: HeldOut) -> None:
        """Log an evaluation of this step, unless a resumed run has (those of earlier steps have been); pass it on."""
        trainer = self._trainer
        prefix = "eval_" if series is self._leading else f"eval_{series.questions.decoding}/"
        lines = trainer.state.log_history
        logged = any(line["step"] == report.step and f"{prefix}total" in line for line in lines)
        if report.step == trainer.state.global_step and not logged:
            trainer.log_evaluation({f"{prefix}{name}": value for name, value in _figures(report).items()})
        if trainer.is_world_process_zero():
            self._watcher.evaluated(report)

    def choose(self) -> Choice | None:
        """Put the best checkpoint's adapter in the place of the last one's, when the recipe asks for that.

        Return how the adapter was chosen, which is written beside it; None where the evaluations decided nothing.
        """
        if not self._section.chooses or not self._trainer.is_world_process_zero():
            return None
        step = self._chosen_step()
        if step == 0:
            return None
        runs = [Run.open(folder) for folder in sorted(self._leading.folder.glob("step-*"))]
        best_of = self._leading.best_of(runs)
        asked, judged = (_part(ways[0]) for ways in (self._questions.looks, self._questions.final))
        apart, flattery = self._questions.apart, best_of and best_of.flattery
        choice = Choice(step, len(runs), asked, judged, apart, flattery)
        choice.write(self._model.out)
        return choice

    def _chosen_step(self) -> int:
        """Put the adapter that the recipe asks for in the place of the last one's; return the steps behind it."""
        last, best = self._trainer.state.global_step, self._selection.best
        back = self._section.on_alarm == "rollback" and self._alarmed is not None
        if not back and not (self._section.load_best and best is not None):
            return last
        primary = self._leading.questions.evaluation.task.primary
        began = self._leading.start().means[primary]
        behind = back and began is not None and self._selection.mean < began
        step = 0 if best is None or behind else step_of(best)
        with replacing(self._model.out / "adapter_model.safetensors") as file:
            file.write((self._adapters / f"{step_folder(step)}.safetensors").read_bytes())
        before = f" before the alarm at step {self._alarmed}" if back else ""
        whose = f"that of step {step}" if step else "the one that training began with"
        self._watcher.note(f"the adapter is {whose}, the best{before} by the held-out {primary}.")
        return step

    def tidy(self) -> None:
        """Remove the adapters to choose from, once the run is written whole and none will be chosen again."""
        shutil.rmtree(self._adapters, ignore_errors=True)


def _figures(report: HeldOut) -> dict[str, float]:
    """Return what is logged of an evaluation: the means, and the primary metric's change with its interval."""
    means = {name: mean for name, mean in report.means.items() if mean is not None}
    change = report.change
    if change is None:
        return means
    ends = {"change": change.delta, "low": change.low, "high": change.high}
    return {**means, **{f"{report.primary}/{name}": end for name, end in ends.items() if end is not None}}


def _part(questions: HeldOutQuestions) -> Part:
    return Part(len(questions.evaluation.prompts), questions.evaluation.task.source)
