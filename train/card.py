"""The model card of an adapter: what it was made from and how, in place of the libraries' templates."""

from __future__ import annotations

from pathlib import Path

from .recipe import Recipe

_CARD = """\
---
{base_model}library_name: peft
pipeline_tag: text-generation
tags: [grpo, lora, trl, grpokit]
---

# LoRA adapter for {base}

Trained with GRPO for {steps} steps on the task `{task}`, for the rewards `{rewards}`.
The whole recipe is in `recipe.yaml`, the figures of every step in `history.jsonl`.

Whether it is better than its base:

    grpo-eval run --task {task} --model base={base} --model tuned={base}+FOLDER

where FOLDER is the folder of this file.
"""


def card(recipe: Recipe, steps: int) -> str:
    """Return the card's Markdown. A base that is a local folder is named in the text alone: the hub has no such id."""
    base = recipe.model.path
    local = base == "demo" or Path(base).expanduser().is_dir()
    return _CARD.format(
        base_model="" if local else f"base_model: {base}\n",
        base=base,
        steps=steps,
        task=recipe.task.name,
        rewards=recipe.mix.spec,
    )
