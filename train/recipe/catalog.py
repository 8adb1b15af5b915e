"""The recipes that come with the package, and those in files of the user's own, as YAML says them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import nearest
from ...plain_yaml import YamlError, read_yaml
from ...plain_yaml import parse_yaml as parse_plain
from ..types import TrainingError

_RECIPES = files(__package__) / "shipped"

_WITH_FILES = ("task", "evaluation")
"""The sections that name files: a task card, rows."""


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

    A task card and rows that lie beside the file are found there, from whatever folder the command is typed in.

    Raises :class:`TrainingError` for an unknown name, with the nearest ones, and for a file that is no mapping.

    >>> read_recipe("arithmetic-tiny")["model"]
    'demo'
    """
    values = _values(name)
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise TrainingError(f"{name}: a recipe is a mapping of keys such as model, task and rewards.")
    if not name.endswith((".yaml", ".yml")):
        return values
    return {key: _beside(Path(name).parent, value) if key in _WITH_FILES else value for key, value in values.items()}


def parse_yaml(text: str, where: str) -> Any:
    """Return what YAML text says; a :class:`TrainingError` names ``where``.

    >>> parse_yaml("1e-3", "here")
    0.001
    """
    try:
        return parse_plain(text)
    except YamlError as error:
        raise TrainingError(f"{where}: {error}.") from None


def _beside(folder: Path, section: Any) -> Any:
    """Return a section with the card and the rows that lie in ``folder`` under their paths from here."""
    if not isinstance(section, dict):
        return _beside(folder, {"name": section})["name"]
    paths = {key: section[key] for key in ("name", "data", "suite") if isinstance(section.get(key), str)}
    return section | {
        key: str(folder / path)
        for key, path in paths.items()
        if (key == "data" or path.endswith((".yaml", ".yml"))) and (folder / path).is_file()
    }


def _values(name: str) -> Any:
    if not name.endswith((".yaml", ".yml")):
        if name not in recipe_names():
            raise TrainingError(f"no recipe {name!r}. {nearest(name, recipe_names())} Or give the path of a YAML file.")
        return parse_yaml((_RECIPES / f"{name}.yaml").read_text(encoding="utf-8"), name)
    try:
        return read_yaml(Path(name))
    except YamlError as error:
        raise TrainingError(f"{name}: {error}.") from None
    except OSError as error:
        raise TrainingError(f"cannot read recipe {name}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise TrainingError(f"recipe {name} is not text in UTF-8.") from None
