"""A training run: the model is loaded, trained and evaluated, and what is left of it is written."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from datasets import Dataset
from peft import LoraConfig
from transformers import PrinterCallback

from ..errors import GrpokitError, Stopped, first_line
from ..evaluate.engines.checkpoint import locate
from ..evaluate.engines.loading import LoadedBase, load_base
from ..evaluate.engines.transformers import ran_out
from ..evaluate.paired.alarms import Alarm
from ..evaluate.template_arguments import unknown_arguments
from ..files import write_atomically, write_lines
from ..rewards.fault_isolation import Calls
from .callbacks import Alarms, Interruption, MovementProof, Reporter
from .check import Check, Clock, measure
from .continued import continued
from .data import make_dataset, prompt_limit, system_note
from .folder import HISTORY, checkpoint_step, clear, open_folder
from .heldout.alarm import AlarmLog
from .heldout.callback import HeldOutEvaluation
from .heldout.earlier import take_earlier
from .heldout.overlap import TrainingRows
from .heldout.questions import held_out, loading
from .lora import make_lora
from .model_card import card
from .quiet import quiet
from .recipe.plan import Plan, plan_for
from .recipe.recipe import Recipe
from .rewards import TrainingReward
from .seeds import take_over_base
from .trl.arguments import make_arguments, stop_at_turns
from .trl.checkpoints import ADVICE, saving
from .trl.frozen import FrozenModel
from .trl.trainer import GuardedTrainer
from .types import TrainedAdapter, TrainingError, Watcher

REFERENCE = "ref"
"""The folder into which PEFT writes TRL's copy of an adapter that training goes on from: the reference of ``beta``."""

SETTINGS = (ValueError, TypeError, KeyError, AttributeError, NotImplementedError, ImportError, OSError)
"""What TRL and transformers raise for settings that they alone can judge, and for missing packages and files."""


class TrainingRun:
    """One run of a recipe on its rows, in the folder ``out``."""

    def __init__(
        self, recipe: Recipe, plan: Plan, rows: TrainingRows, out: Path, watcher: Watcher, common: Path | None
    ) -> None:
        self._recipe = recipe
        self._plan = plan
        self._rows = rows
        self._out = out
        self._common = common
        self._watcher = watcher
        calls, reference = Calls(recipe.reward_timeout, watcher.note), recipe.load_task().reference
        self._rewards = [TrainingReward(reward, rows.prompts, reference, calls) for reward in recipe.mix.rewards]
        self._alarms = AlarmLog(out, watcher)
        self._proof = MovementProof()

    def complete(self, start: Path | None) -> TrainedAdapter:
        """Train, from the checkpoint ``start`` where one is given, and write what a finished run leaves."""
        recipe = self._recipe
        locate(recipe.model.base)
        for note in self._plan.notes:
            self._watcher.note(note)
        questions = held_out(recipe) if recipe.evaluation.every else None
        with quiet():
            trainer = self._make_trainer()
            open_folder(self._out, recipe)
            if self._common is not None:
                take_over_base(self._common, self._out)
            if self._rows.left_out and trainer.is_world_process_zero():
                self._alarms.add(Alarm(0, "overlap", self._rows.sentence))
            evaluation = None
            if questions is not None:
                take_earlier(recipe, questions.looks, self._out)
                model = FrozenModel(trainer, recipe, self._out)
                evaluation = HeldOutEvaluation(model, questions, self._watcher, self._alarms)
                trainer.add_callback(evaluation)
            seconds = self._train(trainer, start)
            self._save(trainer, evaluation)
        failures = {reward.__name__: reward.failures for reward in self._rewards}
        return TrainedAdapter(self._out, trainer.state.global_step, seconds, failures)

    def check(self, whole: Plan) -> Check:
        """Make the one step that the recipe asks for; return what it says of a run with the plan ``whole``."""
        locate(self._recipe.model.base)
        clock = Clock()
        with quiet():
            trainer = self._make_trainer()
            trainer.add_callback(clock)
            self._train(trainer, None)
        return measure(self._recipe, whole, trainer, self._rewards, clock)

    def _make_trainer(self) -> GuardedTrainer:
        arguments = make_arguments(self._recipe, self._plan, self._out)
        path = self._recipe.model.base
        base = load_base(path, loading(self._recipe))
        if path.hub_id is not None:
            base.model.name_or_path = path.hub_id  # the adapter then names the hub id, not this machine's cache
        stop_at_turns(arguments, base.tokenizer)
        dataset = self._dataset(base)
        model, lora = self._adapted(base)
        try:
            trainer = GuardedTrainer(
                model,
                reward_funcs=list(self._rewards),
                args=arguments,
                train_dataset=dataset,
                processing_class=base.tokenizer,
                peft_config=lora,
                lora_dropout=self._recipe.lora.dropout,
                note=self._watcher.note,
                alarm=self._alarms.add,
                callbacks=[Reporter(self._watcher, self._rewards), Alarms(self._alarms), self._proof],
            )
        except SETTINGS as error:
            raise TrainingError(f"TRL: {first_line(error)}") from None
        trainer.remove_callback(PrinterCallback)
        return trainer

    def _adapted(self, base: LoadedBase) -> tuple[Any, LoraConfig | None]:
        """Return the model to train, and the adapter for the trainer to put on it, unless one is gone on from."""
        section, start = self._recipe.lora, self._recipe.model.start.adapter_folder
        lora = make_lora(section, base.model, self._watcher.note, merge=self._recipe.export.merge)
        if start is None:
            return base.model, lora
        self._watcher.note(f"goes on from the adapter {start}: r {section.r}, alpha {section.alpha}.")
        return continued(base, start, section), None

    def _dataset(self, base: LoadedBase) -> Dataset:
        """Leave out prompts that are too long; what is left must still fill a generation batch."""
        longest = prompt_limit(base.model.config, self._recipe.task.max_prompt_tokens, self._plan.completion_tokens)
        template = self._recipe.load_task().template
        dataset = make_dataset(self._rows.prompts, base.tokenizer, longest, template)
        for note in (
            system_note(self._rows.prompts, base.tokenizer, template),
            unknown_arguments(base.tokenizer, template),
        ):
            if note:
                self._watcher.note(note)
        dropped = len(self._rows.prompts) - len(dataset)
        if dropped:
            self._watcher.note(
                f"{dropped} of {len(self._rows.prompts)} prompts have more than {longest} tokens; left out."
            )
            plan_for(self._recipe, len(dataset))
        return dataset

    def _train(self, trainer: GuardedTrainer, start: Path | None) -> float:
        """Train and return the seconds that it took; KeyboardInterrupt follows a checkpoint."""
        began = time.monotonic()
        if start is not None and checkpoint_step(start) >= (self._plan.steps or 0):
            trainer.take_up(start)
            return time.monotonic() - began
        with Interruption(self._plan.cycle) as interruption:
            trainer.add_callback(interruption)
            try:
                trainer.train(resume_from_checkpoint=None if start is None else str(start))
            except SETTINGS as error:
                if self._proof.begun or isinstance(error, GrpokitError):
                    raise
                if start is None and trainer.is_world_process_zero():
                    clear(self._out)
                raise TrainingError(f"TRL, before the first step: {first_line(error)}") from None
            except RuntimeError as error:
                if not ran_out(error):
                    raise
                raise TrainingError(
                    "out of memory where the work could not be cut; give a smaller per_device_train_batch_size (the "
                    "accumulation is solved for), gradient_checkpointing=true, or model.quantization=4bit."
                ) from None
        if interruption.requested:
            raise Stopped(interruption.requested)
        return time.monotonic() - began

    def _save(self, trainer: GuardedTrainer, evaluation: HeldOutEvaluation | None) -> None:
        """Write what a finished run leaves; the history comes last and says that the rest is there."""
        with saving(self._out, ADVICE):
            trainer.save_model(str(self._out))
            shutil.rmtree(self._out / REFERENCE, ignore_errors=True)
        if not trainer.is_world_process_zero():
            return
        (self._out / "training_args.bin").unlink(missing_ok=True)  # a pickle; recipe.yaml says the same
        choice = None if evaluation is None else evaluation.choose()
        said = [sentence for sentence in (self._rows.sentence, choice and choice.sentence) if sentence]
        write_atomically(self._out / "README.md", card(self._recipe, trainer.state.global_step, said))
        write_lines(self._out / HISTORY, trainer.state.log_history)
        if evaluation is not None:
            evaluation.tidy()
