"""Recipes by name or file, with overrides from the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ..errors import nearest
from .fields import grpo_fields, near
from .recipe import Recipe, make_recipe
from .types import TrainingError

_RECIPES = files(__package__) / "recipes"


class _Loader(yaml.SafeLoader):
    """Safe YAML that reads ``1e-3`` as a number, as YAML 1.2 does."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


class Summary(NamedTuple):
    """One line of the list of recipes."""

    name: str
    description: str


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the package.

    >>> "arithmetic-tiny" in recipe_names()
    True
    """
    return sorted(file.name.removesuffix(".yaml") for file in _RECIPES.iterdir() if file.name.endswith(".yaml"))


def summaries() -> list[Summary]:
    """Return the name and description of every recipe that comes with the package."""
    return [Summary(name, str(_parse(_read(name), name)["description"])) for name in recipe_names()]


def load_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """Return a recipe: one of :func:`recipe_names` or a YAML file, with ``key=value`` overrides applied.

    A key is dotted (``lora.r=8``) or, alone, a field of GRPOConfig (``max_steps=100``). Values are read as YAML.
    Raises :class:`TrainingError` for an unknown recipe, key or reward, with the nearest names.

    >>> load_recipe("arithmetic-tiny", ["max_steps=5", "lora.r=8"]).lora.r
    8
    """
    values = _parse(_read(name), name)
    for override in overrides:
        _apply(values, override)
    return make_recipe(values, name)


def _read(name: str) -> str:
    if not name.endswith((".yaml", ".yml")):
        if name not in recipe_names():
            raise TrainingError(f"no recipe {name!r}. {nearest(name, recipe_names())} Or give the path of a YAML file.")
        return (_RECIPES / f"{name}.yaml").read_text(encoding="utf-8")
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"cannot read recipe {name}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise TrainingError(f"cannot read recipe {name}: it is no UTF-8 text.") from None


def _parse(text: str, where: str) -> dict[str, Any]:
    values = _load(text, where)
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise TrainingError(f"{where}: a recipe is a mapping of keys such as model, task and rewards.")
    return values


def _load(text: str, where: str) -> Any:
    try:
        return yaml.load(text, _Loader)  # a subclass of the safe loader
    except yaml.YAMLError as error:
        raise TrainingError(f"{where} is not valid YAML: {' '.join(str(error).split())}.") from None


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise TrainingError(f"override {override!r}: write key=value, such as max_steps=100 or lora.r=8.")
    if "." not in key and key not in Recipe.model_fields:
        key = _grpo_key(key)
    *path, last = key.split(".")
    for part in path:
        section = values.get(part) or {}
        values[part] = _spelt_out(part, section)
        values = values[part]
    values[last] = _load(text, f"override {override!r}")


def _grpo_key(key: str) -> str:
    fields = [*Recipe.model_fields, *grpo_fields()]
    if key not in fields:
        raise TrainingError(f"override {key!r} is no key of a recipe and no field of GRPOConfig. {near(key, fields)}")
    return f"grpo.{key}"


def _spelt_out(name: str, section: Any) -> dict[str, Any]:
    """Turn ``model: demo`` into the mapping that it stands for."""
    if isinstance(section, dict):
        return section
    key = {"model": "path", "task": "name"}.get(name)
    if key is None:
        raise TrainingError(f"{name} is {section!r} and has no keys to override.")
    return {key: section}
