"""Recipes with overrides from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...rewards.spec import registered_only
from ..trl.fields import OURS, grpo_fields, near
from ..types import TrainingError
from .catalog import parse_yaml, read_recipe
from .recipe import Recipe, known_keys, make_recipe

_WORDS = ("description", "model", "task", "rewards")
"""The keys of a recipe that are set by a word; the others are sections with keys of their own."""


def load_recipe(name: str, overrides: Sequence[str] = (), *, allow_code: bool = False) -> Recipe:
    """Return a recipe: one of the package's by name or a YAML file, with ``key=value`` overrides applied.

    A key is dotted (``lora.r=8``) or, alone, a field of GRPOConfig (``max_steps=100``). Values are read as YAML.
    A file may name rewards by import path with ``allow_code`` alone; an override ``rewards=...`` may always.
    Raises :class:`TrainingError` for an unknown recipe, key or reward, with the nearest names, and
    :class:`~grpokit.rewards.spec.ForeignCode` for an import path. Nothing that the recipe names is imported yet.

    >>> load_recipe("arithmetic-tiny", ["max_steps=5", "lora.r=8"]).lora.r
    8
    """
    values = read_recipe(name)
    if isinstance(model := values.get("model"), dict) and "trust_remote_code" in model:
        raise TrainingError(
            f"{name}: model.trust_remote_code is not for a file to say; give --trust-remote-code if you trust the "
            "checkpoint's code."
        )
    for override in overrides:
        _apply(values, override)
    recipe = make_recipe(values, name)
    if not allow_code and not any(override.startswith("rewards=") for override in overrides):
        registered_only(recipe.rewards, name)
    return recipe


def written(option: str) -> str | None:
    """Say how to set the key that was written as an option; None where it is no key of a recipe.

    >>> written("--max-steps=5"), written("--lora.r"), written("--output_dir=x"), written("--samples=4")
    ('write max_steps=5', 'write lora.r=VALUE', 'give --out', None)
    """
    name, equals, value = option.lstrip("-").partition("=")
    *section, last = name.replace("-", "_").removeprefix("grpo.").split(".")
    if not section and last in OURS:
        return OURS[last]
    known = known_keys(section) if section else [*_WORDS, *grpo_fields()]
    if last not in known:
        return None
    return f"write {'.'.join([*section, last])}={value if equals else 'VALUE'}"


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise TrainingError(f"override {override!r}: write key=value, such as max_steps=100 or lora.r=8.")
    if "." not in key and key not in Recipe.model_fields:
        fields = [*Recipe.model_fields, *grpo_fields()]
        if key not in fields:
            raise TrainingError(
                f"override {key!r} is no key of a recipe and no field of GRPOConfig. {near(key, fields)}"
            )
        key = f"grpo.{key}"
    *path, last = key.split(".")
    for part in path:
        section = values.get(part) or {}
        values[part] = _spelt_out(part, section)
        values = values[part]
    values[last] = parse_yaml(text, f"override {override!r}")


def _spelt_out(name: str, section: Any) -> dict[str, Any]:
    """Turn ``model: demo`` into the mapping that it is short for."""
    if isinstance(section, dict):
        return section
    key = {"model": "path", "task": "name"}.get(name)
    if key is None:
        raise TrainingError(f"{name} is {section!r} and has no keys to override.")
    return {key: section}
