"""LoRA on a model: every module name that is asked for must be there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .recipe.architecture import Linear, linears
from .recipe.sections import LoraSection
from .types import TrainingError

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel

PASSED = {"use_rslora", "use_dora", "init_lora_weights", "modules_to_save", "rank_pattern", "alpha_pattern"} | {
    "layers_to_transform",
    "layers_pattern",
}
"""Fields of the section that PEFT's LoraConfig has by the same names."""

RENAMED: dict[str, dict[str, tuple[str, ...]]] = {
    "phi": {"Wqkv": ("q_proj", "k_proj", "v_proj"), "out_proj": ("dense",)},
}
"""By model type, module names of older remote code and what the same weights are called in transformers."""


def make_lora(
    section: LoraSection, model: PreTrainedModel, note: Callable[[str], None], *, merge: bool = False
) -> LoraConfig:
    """Return PEFT's configuration for ``model``, whose adapter is to be merged at the end or not.

    Old module names are translated and routers of experts left out, and ``note`` is called with a sentence on each.
    Raises :class:`TrainingError` for a name that matches no module (PEFT is content when any one of them matches, and
    trains that one alone), a rank that no layer can use, and what :func:`check_tied` refuses.
    """
    from peft import LoraConfig

    targets = section.target_modules
    names = [name for name, _ in model.named_modules()]
    left_out = routers(model) if targets == "all-linear" else []
    if left_out:
        leaves = sorted({name.rsplit(".", 1)[-1] for name in left_out})
        note(f"all-linear leaves out the routers of experts ({', '.join(leaves)}), {len(left_out)} modules.")
    if isinstance(targets, list):
        targets = translate(targets, str(model.config.model_type), note)
    if targets != "all-linear":
        check_targets(targets, names)
    if merge:
        check_tied(section, model)
    _check_names(section, names)
    check_rank(section.r, adapted(targets, list(linears(model))))
    return LoraConfig(
        r=section.r,
        lora_alpha=section.alpha,
        lora_dropout=section.dropout,
        target_modules=targets,
        exclude_modules=section.exclude_modules or left_out or None,
        task_type="CAUSAL_LM",
        **section.model_dump(include=PASSED),
    )


def _check_names(section: LoraSection, modules: Sequence[str]) -> None:
    """Every other name and pattern in the section must match a module, too; PEFT passes over those that do not."""
    excluded = section.exclude_modules or []
    if isinstance(excluded, str):
        check_targets(excluded, modules, "exclude_modules")
    for key, names in [
        ("exclude_modules", [] if isinstance(excluded, str) else excluded),
        ("modules_to_save", section.modules_to_save or []),
        ("rank_pattern", section.rank_pattern),
        ("alpha_pattern", section.alpha_pattern),
    ]:
        if names and key != "exclude_modules" and "lm_head" in names:
            raise TrainingError(f"lora.{key}: TRL computes the loss past lm_head, so leave it out.")
        for name in names:
            if not any(_matches(rf"(.*\.)?({name})", module, key) for module in modules):
                raise TrainingError(f"lora.{key}: the model has no module {name!r}; it has {_leaves(modules)}.")


def routers(model: PreTrainedModel) -> list[str]:
    """Return the names of the linear layers that choose experts, or gate one: as wide as there are experts, or 1.

    An adapter on a router sends tokens to other experts in the middle of training; papers on LoRA leave it frozen.
    """
    config = model.config.get_text_config()
    counts = {getattr(config, name, None) for name in ("num_local_experts", "num_experts", "n_routed_experts")} - {None}
    widths = {*counts, 1} if counts else set()
    return [layer.name for layer in linears(model) if layer.outputs in widths]


def check_tied(section: LoraSection, model: PreTrainedModel) -> None:
    """Raise :class:`TrainingError` for an adapter on embeddings that are the output, too, and are to be merged."""
    embeddings = model.get_input_embeddings()
    name = next(name for name, module in model.named_modules() if module is embeddings)
    tied = model.get_output_embeddings() is not None and model.get_output_embeddings().weight is embeddings.weight
    targets = section.target_modules
    pattern = isinstance(targets, str) and targets != "all-linear" and _matches(targets, name, "target_modules")
    named = [*([] if isinstance(targets, str) else targets), *(section.modules_to_save or [])]
    if tied and (pattern or any(f".{name}".endswith(f".{one}") for one in named)):
        raise TrainingError(
            f"lora: {name} is the model's output, too (tie_word_embeddings), which the adapter leaves "
            "alone and a merge would change; leave it out, or leave export.merge out."
        )


def adapted(targets: str | Sequence[str], layers: Sequence[Linear]) -> list[Linear]:
    """Return the layers that get an adapter, found as PEFT finds them.

    A target is a module's name or the end of it; text is a pattern of whole names.

    >>> adapted(["fc1"], [Linear("block.fc1", 8, 32), Linear("block.fc2", 32, 8)])
    [Linear(name='block.fc1', inputs=8, outputs=32)]
    """
    if targets == "all-linear":
        return list(layers)
    if isinstance(targets, str):
        return [layer for layer in layers if _matches(targets, layer.name, "target_modules")]
    ends = tuple(f".{name}" for name in targets)
    return [layer for layer in layers if f".{layer.name}".endswith(ends)]


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


def check_rank(r: int, layers: Sequence[Linear]) -> None:
    """Raise :class:`TrainingError` for a rank that no adapted layer can use: its narrower side bounds it."""
    widest = max((min(layer.inputs, layer.outputs) for layer in layers), default=0)
    if r > widest > 0:
        raise TrainingError(
            f"lora.r={r}: the adapted layers are at most {widest} wide; a higher rank adds nothing, 8 to 64 is usual."
        )


def check_targets(targets: str | Sequence[str], modules: Sequence[str], key: str = "target_modules") -> None:
    """Raise :class:`TrainingError` unless every target is the name, or the end of the name, of a module.

    Text is one pattern, which must match the whole name of some.
    """
    if isinstance(targets, str):
        if not any(_matches(targets, name, key) for name in modules):
            raise TrainingError(f"lora.{key}: no module matches the pattern {targets!r}; there are {_leaves(modules)}.")
        return
    if not targets:
        raise TrainingError("lora.target_modules is empty; name modules, or write all-linear.")
    if "lm_head" in targets:
        raise TrainingError("lora.target_modules: TRL computes the loss past lm_head, so leave it out.")
    missing = [target for target in targets if not any(f".{name}".endswith(f".{target}") for name in modules)]
    if missing:
        raise TrainingError(
            f"lora.target_modules: the model has no module {', '.join(map(repr, missing))}; it has {_leaves(modules)}."
        )


def _leaves(modules: Sequence[str]) -> str:
    return ", ".join(sorted({name.rsplit(".", 1)[-1] for name in modules if name and not name[-1].isdigit()}))


def _matches(pattern: str, name: str, key: str) -> bool:
    try:
        return re.fullmatch(pattern, name) is not None
    except re.error as error:
        raise TrainingError(f"lora.{key}={pattern!r}: no regular expression ({error}); give names in a list.") from None
