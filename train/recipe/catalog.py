"""The recipes that come with the package, and those in files of the user's own, as YAML says them."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ...errors import nearest
from ..types import TrainingError

_RECIPES = files(__package__) / "shipped"


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
    return [Summary(name, str(read_recipe(name)["description"])) for name in recipe_names()]


def read_recipe(name: str) -> dict[str, Any]:
    """Return the values of a recipe, one of :func:`recipe_names` or a YAML file, unchecked.

    Raises :class:`TrainingError` for an unknown name, with the nearest ones, and for a file that is no mapping.

    >>> read_recipe("arithmetic-tiny")["model"]
    'demo'
    """
    values = parse_yaml(_text(name), name)
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise TrainingError(f"{name}: a recipe is a mapping of keys such as model, task and rewards.")
    return values


def parse_yaml(text: str, where: str) -> Any:
    """Return what YAML text says; a :class:`TrainingError` names ``where``.

    >>> parse_yaml("1e-3", "here")
    0.001
    """
    try:
        return yaml.load(text, _Loader)  # a subclass of the safe loader
    except yaml.YAMLError as error:
        raise TrainingError(f"{where} is not valid YAML: {' '.join(str(error).split())}.") from None


def _text(name: str) -> str:
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
