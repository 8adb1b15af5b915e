"""The card of a trained model: what it was made from and how, in place of the libraries' templates."""

from __future__ import annotations

from collections.abc import Sequence

from ..evaluate.engines.model_path import DEMO
from .recipe.recipe import Recipe

_CARD = """\
---
{base_model}library_name: {library}
pipeline_tag: text-generation
tags: [grpo, lora, trl, grpokit]
---

# {what} {base}

Trained with GRPO for {steps} steps on the task `{task}`, for the rewards `{rewards}`.

| | |
| --- | --- |
| base | {base}{revision}, {precision} |
| adapter | LoRA, r {r}, alpha {alpha}, dropout {dropout:g}, on {targets}{start} |
| learning rate | {learning_rate:g} |

{said}The whole recipe is in `recipe.yaml`.
"""

_PRECISION = {"4bit": "in 4 bits (NF4) while training", "8bit": "in 8 bits while training", None: "not quantised"}


def card(recipe: Recipe, steps: int, said: Sequence[str] = (), *, merged: bool = False) -> str:
    """Return the card's Markdown, without any evaluation; below the table is what is ``said`` of the run.

    A base that is a local folder is named in the text alone, by its last part: the hub has no such id, and nobody
    else has such a folder.
    """
    model, lora = recipe.model, recipe.lora
    folder = model.base.folder
    targets, name = lora.target_modules, model.path
    if folder is not None:
        name = "the embedded demo checkpoint" if name == DEMO else folder.resolve().name
    return _CARD.format(
        base_model="" if folder else f"base_model: {model.path}\n",
        library="transformers" if merged else "peft",
        what="A merged LoRA adapter and its base," if merged else "LoRA adapter for",
        base=name,
        revision=f" at {model.revision}" if model.revision else "",
        precision=_PRECISION[model.quantization],
        steps=steps,
        said="".join(f"{sentence}\n\n" for sentence in said),
        task=recipe.task.name,
        rewards=recipe.mix.spec,
        r=lora.r,
        alpha=lora.alpha,
        dropout=lora.dropout,
        start=f"; goes on from the adapter {model.start.name}" if model.adapter else "",
        targets="all linear layers" if targets == "all-linear" else _listed(targets),
        learning_rate=recipe.settings["learning_rate"],
    )


def _listed(names: str | Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in ([names] if isinstance(names, str) else names))
