"""An adapter to go on from, such as one of supervised fine-tuning: what it says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...evaluate.engines.checkpoint import read_settings
from ..types import TrainingError

FIELDS = {
    "r": "r",
    "lora_alpha": "alpha",
    "target_modules": "target_modules",
    "use_rslora": "use_rslora",
    "use_dora": "use_dora",
    "modules_to_save": "modules_to_save",
    "exclude_modules": "exclude_modules",
    "rank_pattern": "rank_pattern",
    "alpha_pattern": "alpha_pattern",
    "layers_to_transform": "layers_to_transform",
    "layers_pattern": "layers_pattern",
}
"""What an adapter's configuration calls what a recipe's section ``lora`` calls otherwise, or the same."""


def lora_of(adapter: Path) -> dict[str, Any]:
    """Return the section ``lora`` of the recipe that an adapter would come from, its dropout aside.

    Raises :class:`TrainingError` for a folder without an adapter, and for one that is no LoRA.
    """
    settings = read_settings(adapter / "adapter_config.json")
    if not settings:
        whole = " It holds a whole model, with an adapter merged into it perhaps: give it as model.path."
        hint = whole if (adapter / "config.json").is_file() else ""
        raise TrainingError(f"model.adapter={adapter}: there is no adapter_config.json in it.{hint}")
    kind = settings.get("peft_type")
    if kind != "LORA":
        raise TrainingError(f"model.adapter={adapter} is of PEFT's type {kind}; only LORA is trained here.")
    return {ours: settings[name] for name, ours in FIELDS.items() if settings.get(name) is not None}
