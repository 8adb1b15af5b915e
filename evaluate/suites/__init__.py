"""Suites by name: the cards that come with the package, or a card of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import nearest
from ..types import EvaluationError

if TYPE_CHECKING:
    from .card import Suite

_CARDS = files(__package__) / "cards"


def suite_names() -> list[str]:
    """Return the names of the suites that come with the package.

    >>> suite_names()
    ['guards']
    """
    return sorted(card.name.removesuffix(".yaml") for card in _CARDS.iterdir() if card.name.endswith(".yaml"))


def load_suite(name: str, *, allow_code: bool = False) -> Suite:
    """Return the suite ``name``: one of :func:`suite_names`, or the path of a YAML card.

    Raises :class:`EvaluationError` for an unknown name (with the nearest ones) and for a card with a mistake.

    >>> load_suite("guards").guards[0].task
    'arithmetic'
    """
    from ...plain_yaml import YamlError, parse_yaml, read_yaml
    from .card import parse_suite

    if not name.endswith((".yaml", ".yml")):
        if name not in suite_names():
            raise EvaluationError(f"no suite {name!r}. {nearest(name, suite_names())} Or give the path of a YAML card.")
        return parse_suite(parse_yaml((_CARDS / f"{name}.yaml").read_text(encoding="utf-8")), name)
    try:
        values = read_yaml(Path(name))
    except YamlError as error:
        raise EvaluationError(f"{name}: {error}.") from None
    except OSError as error:
        raise EvaluationError(f"cannot read suite card {name}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise EvaluationError(f"suite card {name} is not text in UTF-8.") from None
    if not isinstance(values, Mapping):
        raise EvaluationError(f"{name}: a suite card is a mapping of keys to values: name, targets and guards.")
    return parse_suite(values, name, Path(name).parent, allow_code=allow_code)
