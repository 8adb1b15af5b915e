"""What keys of other trainers (axolotl, LLaMA-Factory, unsloth, TRL's own scripts) are called in a recipe."""

from __future__ import annotations

from ..trl.fields import OURS, grpo_fields

_MODEL, _TASK, _STEPS = "write model", "write task, a name or a YAML card of the rows", "write max_steps"
_RATE, _BATCH = "write learning_rate", "write per_device_train_batch_size"
_LENGTHS = "write task.max_prompt_tokens and max_completion_length"

_FOREIGN = {
    # the model
    "base_model": _MODEL,
    "model_name": _MODEL,
    "model_name_or_path": _MODEL,
    "model_id": _MODEL,
    "adapter_name_or_path": "write model.adapter",
    "lora_model_dir": "write model.adapter",
    "load_in_4bit": "write model.quantization: 4bit",
    "load_in_8bit": "write model.quantization: 8bit",
    "quantization_bit": "write model.quantization: 4bit or 8bit",
    "torch_dtype": "write model.dtype",
    "dtype": "write model.dtype",
    # the rows
    "dataset": _TASK,
    "datasets": _TASK,
    "dataset_name": _TASK,
    "dataset_id": _TASK,
    "train_dataset": _TASK,
    "dataset_split": "write task.split",
    "eval_dataset": "write evaluation.data, or evaluation.split",
    "test_datasets": "write evaluation.data, or evaluation.split",
    "val_set_size": "write evaluation.holdout, a share",
    "system_prompt": "write system in the task's card",
    "max_seq_length": _LENGTHS,
    "max_length": _LENGTHS,
    "sequence_len": _LENGTHS,
    "cutoff_len": _LENGTHS,
    "max_prompt_length": "write task.max_prompt_tokens",
    "max_new_tokens": "write max_completion_length",
    "max_tokens": "write max_completion_length",
    # the rewards
    "reward_funcs": "write rewards, such as 'correctness=1,xml_format=0.5'",
    "reward_functions": "write rewards, such as 'correctness=1,xml_format=0.5'",
    "reward": "write rewards, such as 'correctness=1,xml_format=0.5'",
    "reward_weights": "write weights in rewards, such as 'correctness=1,xml_format=0.5'",
    # the adapter
    "peft": "write lora",
    "peft_config": "write lora",
    "lora_config": "write lora",
    "lora_r": "write lora.r",
    "lora_rank": "write lora.r",
    "lora_alpha": "write lora.alpha",
    "lora_dropout": "write lora.dropout",
    "lora_target": "write lora.target_modules",
    "lora_target_modules": "write lora.target_modules",
    "lora_target_linear": "leave it out: lora.target_modules is all-linear",
    "use_peft": "leave it out: a LoRA adapter is what is trained",
    "finetuning_type": "leave it out: a LoRA adapter is what is trained",
    "lora.lora_alpha": "write lora.alpha",
    "lora.lora_dropout": "write lora.dropout",
    "lora.rank": "write lora.r",
    "lora.bias": "the base's biases stay as they are, or it could not be compared with",
    # the run
    "trl": "write grpo",
    "rl": "leave it out: GRPO is what is trained",
    "steps": _STEPS,
    "lr": _RATE,
    "batch_size": _BATCH,
    "micro_batch_size": _BATCH,
    "per_device_batch_size": _BATCH,
    "gradient_accumulation": "write gradient_accumulation_steps",
    "epochs": "write num_train_epochs",
    "num_epochs": "write num_train_epochs",
    "optimizer": "write optim",
    "lr_scheduler": "write lr_scheduler_type",
    "group_size": "write num_generations",
    "kl_coef": "write beta",
    "output_dir": OURS["output_dir"],
    "eval_steps": "write evaluation.every",
    "wandb_project": "set WANDB_PROJECT in the environment, and report_to: wandb",
}


def foreign(key: str) -> str | None:
    """Return what to write instead of a key that another trainer has; None for a key of none.

    A field of GRPOConfig at the top of a file belongs into the section ``grpo``.

    >>> foreign("base_model"), foreign("num_generations"), foreign("modle")
    ('write model', 'write it in the section grpo', None)
    """
    if key in _FOREIGN:
        return _FOREIGN[key]
    return "write it in the section grpo" if key in grpo_fields() else None
