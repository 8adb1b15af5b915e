"""Tasks by name: the cards that come with the package, or a card of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import nearest
from ..types import EvaluationError

if TYPE_CHECKING:
    from .card import Task

_CARDS = files(__package__) / "cards"


def task_names() -> list[str]:
    """Return the names of the cards that come with the package.

    >>> "arithmetic" in task_names()
    True
    """
    return sorted(card.name.removesuffix(".yaml") for card in _CARDS.iterdir() if card.name.endswith(".yaml"))


def load_task(name: str) -> Task:
    """Return the task ``name``: one of :func:`task_names`, or the path of a YAML card.

    Raises :class:`EvaluationError` for an unknown name (with the nearest ones) and for a card with a mistake.

    >>> load_task("arithmetic").primary
    'correctness'
    """
    from .card import parse_card

    if name.endswith((".yaml", ".yml")):
        return parse_card(_read_yaml(Path(name)), name)
    if name not in task_names():
        raise EvaluationError(f"no task {name!r}. {nearest(name, task_names())} Or give the path of a YAML card.")
    return parse_card(_parse_yaml((_CARDS / f"{name}.yaml").read_text(encoding="utf-8"), name), name)


def file_task(data: Path, prompt: str, reference: str | None, identity: str | None, rewards: str) -> Task:
    """Return a task over a local file, named after it, whose prompt is the column ``prompt`` as it stands."""
    from .card import Source, Task

    return Task(
        name=data.stem,
        source=Source(file=data),
        user=f"{{{prompt}}}",
        reference=reference,
        id=identity,
        rewards=rewards,
        primary="correctness",
    )


def _read_yaml(path: Path) -> Mapping[str, Any]:
    try:
        return _parse_yaml(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise EvaluationError(f"cannot read task card {path}: {error.strerror}.") from None


def _parse_yaml(text: str, where: str) -> Mapping[str, Any]:
    import yaml

    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise EvaluationError(f"{where} is not valid YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(values, Mapping):
        raise EvaluationError(f"{where}: a task card is a mapping of keys to values.")
    return values
