"""Loading an adapter to be trained further."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peft import PeftConfig, PeftModel, get_peft_model_state_dict
from safetensors import safe_open

from ..errors import first_line
from ..evaluate.engines.loading import ADAPTER_WEIGHTS, BROKEN, LoadedBase, check_adapter, quiet, say_base
from .recipe.sections import LoraSection
from .types import TrainingError


def continued(base: LoadedBase, adapter: Path, section: LoraSection) -> Any:
    """Return the base with an adapter on it whose weights are trained further, with the recipe's dropout.

    Raises :class:`TrainingError` where its weights have no place in the base, and EvaluationError for its files.
    """
    check_adapter(adapter)
    say_base(adapter, base.folder)
    try:
        with quiet():
            config = PeftConfig.from_pretrained(str(adapter))
            config.lora_dropout = section.dropout
            config.inference_mode = False
            model = PeftModel.from_pretrained(base.model, str(adapter), config=config, is_trainable=True)
            with safe_open(adapter / ADAPTER_WEIGHTS, "pt") as tensors:
                written = set(tensors.keys())
            homeless = written ^ get_peft_model_state_dict(model).keys()
    except BROKEN as error:
        raise TrainingError(
            f"model.adapter={adapter} does not fit base {base.folder}: {first_line(error)} Give the base that it was "
            "trained on."
        ) from None
    if homeless:
        raise TrainingError(
            f"model.adapter={adapter} does not fit base {base.folder}: {len(homeless)} weights have no counterpart, "
            f"such as {min(homeless)}. Give the base that it was trained on."
        )
    return model
