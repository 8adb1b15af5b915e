"""LoRA on a model: every module name that is asked for must be there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .recipe.recipe import LoraSection
from .types import TrainingError

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel

RENAMED: dict[str, dict[str, tuple[str, ...]]] = {
    "phi": {"Wqkv": ("q_proj", "k_proj", "v_proj"), "out_proj": ("dense",)},
}
"""By model type, module names of older remote code and what the same weights are called in transformers."""


def make_lora(section: LoraSection, model: PreTrainedModel, note: Callable[[str], None]) -> LoraConfig:
    """Return PEFT's configuration for ``model``.

    Old module names are translated, and ``note`` is called with a sentence on each. Raises :class:`TrainingError` for
    a name that matches no module: PEFT is content when any one of them matches, and trains that one alone.
    """
    from peft import LoraConfig

    targets = section.target_modules
    if isinstance(targets, list):
        targets = translate(targets, str(model.config.model_type), note)
        check_targets(targets, [name for name, _ in model.named_modules()])
    return LoraConfig(
        r=section.r,
        lora_alpha=section.alpha,
        lora_dropout=section.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )


def translate(targets: Sequence[str], model_type: str, note: Callable[[str], None]) -> list[str]:
    """Return the targets with old names replaced by today's.

    >>> translate(["Wqkv", "fc1"], "phi", print)
    LoRA target 'Wqkv' is called q_proj, k_proj, v_proj today.
    ['q_proj', 'k_proj', 'v_proj', 'fc1']
    """
    renamed = RENAMED.get(model_type, {})
    names: list[str] = []
    for target in targets:
        today = renamed.get(target, (target,))
        if today != (target,):
            note(f"LoRA target {target!r} is called {', '.join(today)} today.")
        names += today
    return names


def check_targets(targets: Sequence[str], modules: Sequence[str]) -> None:
    """Raise :class:`TrainingError` unless every target is the name, or the end of the name, of a module."""
    if not targets:
        raise TrainingError("lora.target_modules is empty; name modules, or write all-linear.")
    if "lm_head" in targets:
        raise TrainingError("lora.target_modules: TRL computes the loss past lm_head, so leave it out.")
    missing = [target for target in targets if not any(f".{name}".endswith(f".{target}") for name in modules)]
    if missing:
        leaves = sorted({name.rsplit(".", 1)[-1] for name in modules if name and not name[-1].isdigit()})
        raise TrainingError(
            f"lora.target_modules: the model has no module {', '.join(map(repr, missing))}; it has {', '.join(leaves)}."
        )
