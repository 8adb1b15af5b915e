"""TRL's GRPOConfig for a recipe and its plan."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase
from trl.trainer.grpo_config import GRPOConfig

from ...evaluate.turns import end_of_turn_ids
from ..folder import CHECKPOINTS
from ..recipe.plan import Plan
from ..recipe.recipe import Recipe
from ..types import TrainingError
from .fields import check_loggers


def make_arguments(recipe: Recipe, plan: Plan, out: Path) -> GRPOConfig:
    """Return TRL's configuration; raise :class:`TrainingError` for what TRL or this machine cannot do.

    Where the recipe leaves them open, ``bf16`` is on where a GPU has it, and TensorBoard logs are written
    where it is installed.
    """
    open_ones = {
        "bf16": torch.cuda.is_available() and torch.cuda.is_bf16_supported(),
        "report_to": "tensorboard" if find_spec("tensorboard") else "none",
    }
    ours = {
        "output_dir": str(out / CHECKPOINTS),
        "chat_template_kwargs": dict(recipe.load_task().template) or None,
        "reward_weights": recipe.mix.reward_weights,
        "gradient_accumulation_steps": plan.geometry.accumulation,
        "save_steps": plan.save_steps,
    }
    try:
        arguments = GRPOConfig(**{**open_ones, **recipe.settings, **ours})
    except (ValueError, TypeError, ImportError) as error:  # what GRPOConfig alone can judge
        raise TrainingError(f"grpo: {str(error).splitlines()[0]}") from None
    _check_machine(arguments)
    return arguments


def stop_at_turns(arguments: GRPOConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let vLLM end a completion with the turn, too: without it TRL takes the end tokens from the loaded model."""
    own: Any = arguments.generation_kwargs or {}  # GRPOConfig has read what was given as JSON
    if arguments.use_vllm:
        ends = [*own.get("stop_token_ids", []), *end_of_turn_ids(tokenizer)]
        arguments.generation_kwargs = {**own, "stop_token_ids": ends}


def _check_machine(arguments: GRPOConfig) -> None:
    if arguments.use_vllm and find_spec("vllm") is None:
        raise TrainingError("grpo.use_vllm needs vLLM: pip install 'grpokit[vllm]', or leave it out.")
    own: Any = arguments.generation_kwargs or {}
    if "stop_strings" in own and not arguments.use_vllm:
        raise TrainingError(
            "grpo.generation_kwargs: stop_strings are looked for with a tokenizer, which TRL does not hand on; leave "
            "them out."
        )
    if arguments.use_transformers_continuous_batching and arguments.device.type == "cpu":
        raise TrainingError(
            "grpo.use_transformers_continuous_batching: on a CPU it is some fifty times slower and casts to "
            "bfloat16; leave it out."
        )
    check_loggers(arguments.report_to)
