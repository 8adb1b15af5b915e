"""What a run would refuse of its base, as far as that is known before anything is loaded or fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...evaluate.engines.checkpoint import locate
from ...evaluate.engines.hub import has_model
from ..lora import adapted, check_rank, check_targets, translate
from ..trl.fields import check_loggers
from ..types import TrainingError
from .architecture import Architecture, module_names, read_config
from .memory import adapted_layers
from .plan import Plan, check_context

if TYPE_CHECKING:
    from .recipe import Recipe
    from .sections import LoraSection


def check_base(recipe: Recipe, plan: Plan, model: Architecture | None) -> None:
    """Refuse a model that does not exist, and targets, a rank and a completion that do not go with it.

    ``model`` is its architecture, where that is known. Raises :class:`TrainingError`, and EvaluationError for a
    folder that holds no checkpoint.
    """
    path = recipe.model.base
    config = read_config(path)
    if path.hub_id is None:
        locate(path)
    elif config is None and model is None and has_model(path.hub_id, path.revision) is False:
        raise TrainingError(
            f"no folder {path.hub_id} here, and the hub has no model of that name (a private one needs HF_TOKEN)."
        )
    check_loggers(recipe.grpo.get("report_to"))
    context = model.context if model is not None else (config or {}).get("max_position_embeddings")
    check_context(context, plan.completion_tokens)
    if model is not None:
        check_rank(recipe.lora.r, adapted_layers(recipe.lora, model))
        _check_layers(recipe.lora, model.layers)
    targets = recipe.lora.target_modules
    if config is not None and targets != "all-linear" and "auto_map" not in config:  # code of its own is not run
        kind = str(config.get("model_type"))
        wanted: str | list[str] = targets
        if isinstance(targets, list):
            wanted = translate(targets, kind, lambda note: None)
        known = [] if model is None else [adapted([one], model.linears) for one in wanted]
        if isinstance(wanted, str) or not known or not all(known):  # else no model need be built
            check_targets(wanted, module_names(config))


def _check_layers(lora: LoraSection, layers: int) -> None:
    """Raise :class:`TrainingError` for a layer that the model has not; with a pattern PEFT counts others."""
    asked = [] if lora.layers_to_transform is None or lora.layers_pattern else lora.layers_to_transform
    for layer in [asked] if isinstance(asked, int) else asked:
        if not 0 <= layer < layers:
            raise TrainingError(f"lora.layers_to_transform: no layer {layer}; the model has 0 to {layers - 1}.")
