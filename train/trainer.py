"""From a recipe to an adapter, on TRL's GRPOTrainer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import write_atomically, write_lines
from .card import card
from .data import load_prompts, make_dataset, prompt_limit
from .folder import HISTORY, checkpoint_step, claim, is_finished, open_folder
from .quiet import quiet
from .recipe.plan import Plan, plan_for
from .recipe.recipe import Recipe
from .rewards import GuardedReward
from .trl.arguments import make_arguments
from .types import Silent, TrainedAdapter, TrainingError, Watcher

if TYPE_CHECKING:
    from datasets import Dataset
    from trl.trainer.grpo_config import GRPOConfig
    from trl.trainer.grpo_trainer import GRPOTrainer

    from ..evaluate.engines.loading import LoadedBase
    from ..evaluate.types import Prompt
    from .heldout.alarm import AlarmLog
    from .heldout.callback import HeldOutEvaluation
    from .heldout.questions import Asked


def train(recipe: Recipe, out: Path, *, resume: bool = False, watcher: Watcher | None = None) -> TrainedAdapter:
    """Train a LoRA adapter with GRPO and write it, its tokenizer and the resolved recipe to ``out``.

    ``out`` also gets ``history.jsonl`` (the figures of every step), ``checkpoints/``, ``evaluation/`` where the recipe
    evaluates while training, and ``alarms.jsonl`` when there was an alarm. With ``resume`` the run in ``out`` goes on
    from its last checkpoint; of a finished one nothing is done again. Raises :class:`TrainingError` for what is wrong
    with the recipe or would train nothing, before the model is loaded where that can be known, and KeyboardInterrupt,
    after a checkpoint, when the user stops the run.
    """
    from ..evaluate.engines.checkpoint import locate
    from .heldout.alarm import AlarmLog
    from .heldout.questions import held_out

    watcher = watcher or Silent()
    prompts = load_prompts(recipe)
    plan = plan_for(recipe, len(prompts))
    start = claim(out, recipe, resume=resume)
    if start is not None and is_finished(out):
        return TrainedAdapter(out, checkpoint_step(start), 0.0, {})
    locate(recipe.model.path, recipe.model.revision)
    for note in plan.notes:
        watcher.note(note)
    asked = held_out(recipe) if recipe.evaluation.every else []
    rewards = [GuardedReward(reward, watcher.note) for reward in recipe.mix.rewards]
    alarms = AlarmLog(out, watcher)
    with quiet():
        trainer = _make_trainer(recipe, plan, make_arguments(recipe, plan, out), rewards, prompts, watcher, alarms)
        open_folder(out, recipe)
        loop = _evaluate_in(trainer, recipe, asked, out, watcher, alarms) if asked else None
        seconds = _run(trainer, plan, start)
        _save(trainer, recipe, out, loop)
    failures = {reward.__name__: reward.failures for reward in rewards}
    return TrainedAdapter(out, trainer.state.global_step, seconds, failures)


def _make_trainer(
    recipe: Recipe,
    plan: Plan,
    arguments: GRPOConfig,
    rewards: list[GuardedReward],
    prompts: list[Prompt],
    watcher: Watcher,
    alarms: AlarmLog,
) -> GRPOTrainer:
    from transformers import PrinterCallback

    from .callbacks import Alarms, MovementProof, Reporter
    from .lora import make_lora
    from .trl.checkpoints import CheckpointingTrainer

    base = _load(recipe)
    dataset = _dataset(recipe, plan, prompts, base, watcher)
    lora = make_lora(recipe.lora, base.model, watcher.note)
    try:
        trainer = CheckpointingTrainer(
            base.model,
            reward_funcs=list(rewards),
            args=arguments,
            train_dataset=dataset,
            processing_class=base.tokenizer,
            peft_config=lora,
            lora_dropout=recipe.lora.dropout,
            note=watcher.note,
            callbacks=[Reporter(watcher, rewards), Alarms(alarms), MovementProof()],
        )
    except (ValueError, ImportError) as error:  # settings that only the trainer can judge, packages that it lacks
        raise TrainingError(f"TRL: {str(error).splitlines()[0]}") from None
    trainer.remove_callback(PrinterCallback)
    return trainer


def _evaluate_in(
    trainer: GRPOTrainer,
    recipe: Recipe,
    asked: Sequence[Asked],
    out: Path,
    watcher: Watcher,
    alarms: AlarmLog,
) -> HeldOutEvaluation:
    """Have a trainer evaluate on held-out prompts as it goes."""
    from .heldout.callback import HeldOutEvaluation
    from .trl.frozen import Studio

    loop = HeldOutEvaluation(trainer, Studio(trainer, recipe, out), asked, recipe, out, watcher, alarms)
    trainer.add_callback(loop)
    return loop


def _load(recipe: Recipe) -> LoadedBase:
    from ..evaluate.engines.loading import load_base
    from .heldout.questions import loading

    model = recipe.model
    base = load_base(model.path, model.revision, loading(recipe))
    if model.path != "demo" and not Path(model.path).expanduser().is_dir():
        base.model.name_or_path = model.path  # the adapter then names the hub id, not this machine's cache
    return base


def _dataset(recipe: Recipe, plan: Plan, prompts: list[Prompt], base: LoadedBase, watcher: Watcher) -> Dataset:
    """Leave out prompts that are too long; what is left must still fill a generation batch."""
    longest = prompt_limit(base.model.config, recipe.task.max_prompt_tokens, plan.completion_tokens)
    dataset = make_dataset(prompts, base.tokenizer, longest)
    dropped = len(prompts) - len(dataset)
    if dropped:
        watcher.note(f"{dropped} of {len(prompts)} prompts have more than {longest} tokens; left out.")
        plan_for(recipe, len(dataset))
    return dataset


def _run(trainer: GRPOTrainer, plan: Plan, start: Path | None) -> float:
    """Train and return the seconds that it took; KeyboardInterrupt follows a checkpoint."""
    from .callbacks import Interruption

    began = time.monotonic()
    if start is not None and checkpoint_step(start) >= (plan.steps or 0):
        _load_last(trainer, start)
        return time.monotonic() - began
    with Interruption(plan.cycle) as interruption:
        trainer.add_callback(interruption)
        _train(trainer, start)
    if interruption.requested:
        raise KeyboardInterrupt
    return time.monotonic() - began


def _train(trainer: GRPOTrainer, start: Path | None) -> None:
    """Let Trainer train; memory that ran out where nothing could be cut is told in one line."""
    from ..evaluate.engines.memory import ran_out

    try:
        trainer.train(resume_from_checkpoint=None if start is None else str(start))
    except RuntimeError as error:
        if not ran_out(error):
            raise
        raise TrainingError(
            "out of memory where the work could not be cut; give a smaller per_device_train_batch_size (the "
            "accumulation is solved for), gradient_checkpointing=true, or model.quantization=4bit."
        ) from None


def _load_last(trainer: GRPOTrainer, checkpoint: Path) -> None:
    """Take up a run that was killed after its last step: Trainer itself would make one more."""
    from transformers import TrainerState

    trainer.state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
    trainer._load_from_checkpoint(str(checkpoint))
    trainer.callback_handler.on_train_begin(trainer.args, trainer.state, trainer.control)


def _save(trainer: GRPOTrainer, recipe: Recipe, out: Path, loop: HeldOutEvaluation | None) -> None:
    """Write what a finished run leaves; the history comes last and says that the rest is there."""
    from .trl.checkpoints import ADVICE
    from .trl.saving import saving

    with saving(out, ADVICE):
        trainer.save_model(str(out))
    if not trainer.is_world_process_zero():
        return
    (out / "training_args.bin").unlink(missing_ok=True)  # a pickle; recipe.yaml says the same
    if loop is not None:
        loop.keep_best()
    write_atomically(out / "README.md", card(recipe, trainer.state.global_step))
    write_lines(out / HISTORY, trainer.state.log_history)
    if loop is not None:
        loop.tidy()
