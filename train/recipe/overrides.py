"""Recipes with overrides from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...rewards.spec import registered_only
from ..trl.fields import OURS, grpo_fields, near
from ..types import TrainingError
from .catalog import parse_yaml, read_recipe
from .hints import foreign
from .recipe import Recipe, known_keys, make_recipe
from .start import FIELDS

_WORDS = ("description", "model", "task", "rewards")
"""The keys of a recipe that are set by a word; the others are sections with keys of their own."""

_SHORT = {"model": "path", "task": "name"}
"""Sections that one word may stand for, and the key that the word is the value of."""


def load_recipe(name: str, overrides: Sequence[str] = (), *, allow_code: bool = False) -> Recipe:
    """Return a recipe: one of the package's by name or a YAML file, with ``key=value`` overrides applied.

    A key is dotted (``lora.r=8``) or, alone, a field of GRPOConfig (``max_steps=100``). Values are read as YAML.
    A file may name rewards by import path with ``allow_code`` alone; an override ``rewards=...`` may always.
    Raises :class:`TrainingError` for an unknown recipe, key or reward, with the nearest names, and for a key that is
    given twice; :class:`~grpokit.rewards.spec.ForeignCode` for an import path. Nothing that the recipe names is
    imported yet.

    >>> load_recipe("arithmetic-tiny", ["max_steps=5", "lora.r=8"]).lora.r
    8
    """
    values = read_recipe(name)
    if isinstance(model := values.get("model"), dict) and "trust_remote_code" in model:
        raise TrainingError(
            f"{name}: model.trust_remote_code is not for a file to say; give --trust-remote-code if you trust the "
            "checkpoint's code."
        )
    if any(override.startswith("model.adapter=") for override in overrides) and isinstance(values.get("lora"), dict):
        values["lora"] = {key: value for key, value in values["lora"].items() if key not in FIELDS.values()}
    _apply(values, overrides)
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
    if not section and (hint := foreign(last)) and last not in grpo_fields():
        return hint
    known = known_keys(section) if section else [*_WORDS, *grpo_fields()]
    if last not in known:
        return None
    return f"write {'.'.join([*section, last])}={value if equals else 'VALUE'}"


def _apply(values: dict[str, Any], overrides: Sequence[str]) -> None:
    given: dict[tuple[str, ...], str] = {}
    for override in overrides:
        path, value = _read(override)
        for other, earlier in given.items():
            if path[: len(other)] == other or other[: len(path)] == path:  # of a section and a key in it, one is lost
                raise TrainingError(f"{earlier[:80]!r} and {override[:80]!r} set the same key; give it once.")
        given[path] = override
        *sections, last = path
        place = values
        for part in sections:
            place[part] = _spelt_out(part, place.get(part) or {})
            place = place[part]
        place[last] = value


def _read(override: str) -> tuple[tuple[str, ...], Any]:
    """Return an override's key, part by part and at its full length, and its value."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise TrainingError(f"override {override[:80]!r}: write key=value, such as max_steps=100 or lora.r=8.")
    if "." not in key and key not in Recipe.model_fields:
        fields = [*Recipe.model_fields, *grpo_fields()]
        if key not in fields and (hint := foreign(key)):
            raise TrainingError(f"override {key[:80]!r} is no key of a recipe: {hint}.")
        if key not in fields:
            raise TrainingError(
                f"override {key[:80]!r} is no key of a recipe and no field of GRPOConfig. {near(key, fields)}"
            )
        key = f"grpo.{key}"
    value = parse_yaml(text, f"override {override[:80]!r}")
    if key in _SHORT and not isinstance(value, dict | list):
        key = f"{key}.{_SHORT[key]}"
    return tuple(key.split(".")), value


def _spelt_out(name: str, section: Any) -> dict[str, Any]:
    """Turn ``model: demo`` into the mapping that it is short for."""
    if isinstance(section, dict):
        return section
    key = _SHORT.get(name)
    if key is None:
        raise TrainingError(f"{name} is {section!r} and has no keys to override.")
    return {key: section}
