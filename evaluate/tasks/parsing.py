"""A card's values read as a task: every mistake is one line that names the card and the key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from ...errors import GrpokitError, nearest
from ...rewards import RewardMix
from ...rewards.spec import import_paths
from ..scoring import check_primary
from ..types import EvaluationError
from .card import Task
from .choices import choice_texts
from .shots import Shots
from .sources import Source


def parse_card(values: Mapping[str, Any], where: str) -> Task:
    """Build a task from a card's values; every mistake is one line that names ``where`` and the key.

    Nothing that the card names is imported: its mix is built, or refused, where it is needed.
    """
    try:
        task = Task(**values)
        task.sampling()
        if isinstance(task.choices, tuple) and choice_texts(task.choices) is None:
            raise EvaluationError("choices: give the column that holds them, or two texts or more.")
        if task.prefill and not task.chat:
            raise EvaluationError("prefill: a prompt that is one text ends as `user` does; write it there.")
        RewardMix.check(task.rewards)
        if not import_paths(task.rewards):
            check_primary(RewardMix.parse(task.rewards), task.primary, "primary: ")
    except ValidationError as error:
        raise EvaluationError(f"{where}: {_first_mistake(error)}") from None
    except GrpokitError as error:
        raise EvaluationError(f"{where}: {error}") from None
    except TypeError:  # a key that is no string
        raise EvaluationError(f"{where}: the keys of a task card are words.") from None
    return task


def _first_mistake(error: ValidationError) -> str:
    mistakes = error.errors()
    first = next((mistake for mistake in mistakes if mistake["type"] == "extra_forbidden"), mistakes[0])
    place = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        sections: dict[str, type[BaseModel]] = {"source": Source, "shots": Shots}
        fields = (Task if len(first["loc"]) == 1 else sections[str(first["loc"][0])]).model_fields
        return f"unknown key {place!r}. {nearest(str(first['loc'][-1]), list(fields))}"
    if first["type"] == "missing":
        return f"the key {place!r} is missing."
    if first["type"] == "value_error":
        return f"{place}: {first['ctx']['error']}."
    return f"{place}: {first['msg']} (given: {first['input']!r})."
