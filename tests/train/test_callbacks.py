"""Alarms and proofs while training."""

from pathlib import Path
from typing import TypeAlias

import pytest
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.train import TrainingError
from grpokit.train.callbacks import CLIPPED_LOGS, NO_SIGNAL_LOGS, STILL_LOGS, Alarms, Interruption, MovementProof
from grpokit.train.heldout.alarm import AlarmLog
from peft import PeftModel
from transformers import TrainerControl, TrainerState, TrainingArguments

from .recorder import Recorder

Around: TypeAlias = tuple[TrainingArguments, TrainerState, TrainerControl]
"""What a callback gets of a trainer."""

HEALTHY = {"reward": 0.5, "frac_reward_zero_std": 0.2, "completions/clipped_ratio": 0.1}


@pytest.fixture
def around(tmp_path: Path) -> Around:
    return TrainingArguments(str(tmp_path), use_cpu=True, report_to="none"), TrainerState(), TrainerControl()


ALARMS = [
    (HEALTHY, 30, []),
    ({**HEALTHY, "frac_reward_zero_std": 1.0}, NO_SIGNAL_LOGS - 1, []),  # not yet
    ({**HEALTHY, "frac_reward_zero_std": 1.0}, 30, ["no learning signal"]),  # a constant reward, told once
    (
        {**HEALTHY, "completions/clipped_ratio": 0.9},
        CLIPPED_LOGS,
        ["90% of the completions are cut"],
    ),
]


@pytest.mark.parametrize(("logs", "times", "notes"), ALARMS)
def test_alarms(
    around: Around, recorder: Recorder, tmp_path: Path, logs: dict[str, float], times: int, notes: list[str]
) -> None:
    alarms = Alarms(AlarmLog(tmp_path, recorder))
    for _ in range(times):
        alarms.on_log(*around, logs=logs)
    assert len(recorder.alarms) == len(notes)
    assert all(part in f"{one.kind}: {one.text}" for part, one in zip(notes, recorder.alarms, strict=True))


def test_one_differing_group_resets_the_alarm(around: Around, recorder: Recorder, tmp_path: Path) -> None:
    alarms = Alarms(AlarmLog(tmp_path, recorder))
    for number in range(30):
        alarms.on_log(*around, logs={**HEALTHY, "frac_reward_zero_std": 0.9 if number % 5 == 0 else 1.0})
    assert recorder.alarms == []


def test_one_batch_of_cut_completions_is_no_alarm(around: Around, recorder: Recorder, tmp_path: Path) -> None:
    """The mean over the last logs counts, and must be above a half."""
    alarms = Alarms(AlarmLog(tmp_path, recorder))
    arguments, state, control = around
    for number in range(2 * CLIPPED_LOGS):
        share = 1.0 if number % CLIPPED_LOGS == 0 else 0.4
        alarms.on_log(arguments, state, control, logs={**HEALTHY, "completions/clipped_ratio": share})
    assert recorder.alarms == []


@pytest.fixture
def adapted() -> PeftModel:
    from grpokit.evaluate.engines.loading import load_base
    from peft import LoraConfig, get_peft_model

    return get_peft_model(load_base(ModelPath("demo")).model, LoraConfig(target_modules=["q_proj"]))


def test_frozen_model_is_refused(around: Around, adapted: PeftModel) -> None:
    """A PEFT model loaded for inference logs healthy gradients and changes nothing (huggingface/trl#6700)."""
    adapted.requires_grad_(False)
    with pytest.raises(TrainingError, match="no weight of the model is trainable"):
        MovementProof().on_train_begin(*around, model=adapted)


def test_adapter_that_stays_still_stops_the_run(around: Around, adapted: PeftModel) -> None:
    proof = MovementProof()
    proof.on_train_begin(*around, model=adapted)
    for _ in range(STILL_LOGS - 1):
        proof.on_log(*around, logs={"grad_norm": 1.0}, model=adapted)
    proof.on_log(*around, logs={"grad_norm": 0.0}, model=adapted)  # no gradient, no movement owed
    with pytest.raises(TrainingError, match="no adapter weight has moved"):
        proof.on_log(*around, logs={"grad_norm": 1.0}, model=adapted)


def test_adapter_that_moves_goes_on(around: Around, adapted: PeftModel) -> None:
    proof = MovementProof()
    proof.on_train_begin(*around, model=adapted)
    for kind in ("lora_A", "lora_B"):
        move(adapted, kind)
    assert not proof.learned
    for _ in range(STILL_LOGS + 1):
        proof.on_log(*around, logs={"grad_norm": 1.0}, model=adapted)
    assert proof.learned


@pytest.mark.parametrize("kind", ["lora_A", "lora_B"])
def test_one_matrix_that_moves_is_not_enough(around: Around, adapted: PeftModel, kind: str) -> None:
    """In bfloat16 a learning rate of 1e-5 left A as it was, while B moved."""
    proof = MovementProof()
    proof.on_train_begin(*around, model=adapted)
    move(adapted, kind)
    other = {"lora_A": "lora_B", "lora_B": "lora_A"}[kind]
    for _ in range(STILL_LOGS - 1):
        proof.on_log(*around, logs={"grad_norm": 1.0}, model=adapted)
    with pytest.raises(TrainingError, match=rf"no adapter weight has moved \({other}\)"):
        proof.on_log(*around, logs={"grad_norm": 1.0}, model=adapted)


def move(adapted: PeftModel, kind: str) -> None:
    import torch

    weight = next(weight for name, weight in adapted.named_parameters() if kind in name)
    with torch.no_grad():
        weight[0, 0] += 1e-3


@pytest.mark.parametrize(("step", "stops"), [(3, False), (4, True)])
def test_interruption_waits_for_a_generation_boundary(around: Around, step: int, stops: bool) -> None:
    arguments, state, control = around
    interruption = Interruption(every=4)
    interruption.requested = True
    state.global_step = step
    interruption.on_step_end(arguments, state, control)
    assert (control.should_save, control.should_training_stop) == (stops, stops)
