"""Tasks by name: the cards that come with the package, or a card of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import nearest
from ..types import EvaluationError

if TYPE_CHECKING:
    from .card import Task

PROCEDURAL = "reasoning_gym"
"""The card that stands for all data sets of the library reasoning-gym; one is named after a colon."""

HARNESS = "lm_eval"
"""What stands before the name, or the file, of a task of lm-evaluation-harness, and a colon."""

_CARDS = files(__package__) / "cards"


def task_names() -> list[str]:
    """Return the names of the cards that come with the package.

    >>> "arithmetic" in task_names()
    True
    """
    return sorted(card.name.removesuffix(".yaml") for card in _CARDS.iterdir() if card.name.endswith(".yaml"))


def is_packaged(name: str) -> bool:
    """Return whether a task's card comes with the package, which may then name the package's own code.

    >>> is_packaged("reasoning_gym:gcd"), is_packaged("cards/gsm8k.yaml")
    (True, False)
    """
    return name.partition(":")[0] in task_names()


def load_cards() -> list[Task]:
    """Return the cards that come with the package, by name."""
    return [_packaged(name) for name in task_names()]


def load_task(name: str, *, allow_code: bool = False) -> Task:
    """Return the task ``name``: one of :func:`task_names`, the path of a YAML card, or one of another library's.

    Those are ``reasoning_gym:DATASET``, ``lm_eval:TASK`` and ``lm_eval:FILE.yaml``, a file whose code is imported where
    ``allow_code`` says that it may be.

    Raises :class:`EvaluationError` for an unknown name (with the nearest ones) and for a card with a mistake.

    >>> load_task("arithmetic").primary
    'correctness'
    """
    card, _, dataset = name.partition(":")
    if card == HARNESS and dataset:
        from .lm_eval_task import lm_eval_task  # with the library, where such a task is asked for

        return lm_eval_task(dataset, allow_code=allow_code)
    if name.endswith((".yaml", ".yml")):
        return _read_card(Path(name))
    if card not in task_names() or (dataset and card != PROCEDURAL):
        hint = "Name one of its tasks, such as lm_eval:gsm8k. " if card == HARNESS else ""
        raise EvaluationError(f"no task {name!r}. {hint}{nearest(name, task_names())} Or give the path of a YAML card.")
    task = _packaged(card)
    if card != PROCEDURAL:
        return task
    if not dataset:
        raise EvaluationError(f"task {card!r} is many: name a data set, such as {card}:leg_counting.")
    source = task.source.model_copy(update={"config": dataset})
    return task.model_copy(update={"name": name, "source": source})


def card_text(name: str) -> str:
    """Return a task's card as it is written, comments and all; ``name`` as for :func:`load_task`.

    >>> card_text("gsm8k").splitlines()[0]
    'name: gsm8k'
    """
    load_task(name)  # what is no card is refused
    if name.startswith(f"{HARNESS}:"):
        from .lm_eval import card_text as settings

        return settings(name.removeprefix(f"{HARNESS}:"))
    if name.endswith((".yaml", ".yml")):
        return Path(name).read_text(encoding="utf-8")
    return (_CARDS / f"{name.partition(':')[0]}.yaml").read_text(encoding="utf-8")


def file_task(data: Path, prompt: str, reference: str | None, identity: str | None, rewards: str) -> Task:
    """Return a task over a local file, named after it, whose prompt is the column ``prompt`` as it stands."""
    from .card import Task
    from .sources import Source

    return Task(
        name=data.stem,
        source=Source(file=data),
        user=f"{{{prompt}}}",
        reference=reference,
        id=identity,
        rewards=rewards,
        primary="correctness",
    )


def _packaged(name: str) -> Task:
    from ...plain_yaml import parse_yaml

    return _parse(parse_yaml((_CARDS / f"{name}.yaml").read_text(encoding="utf-8")), name)


def _read_card(path: Path) -> Task:
    from ...plain_yaml import YamlError, read_yaml

    try:
        values = read_yaml(path)
    except YamlError as error:
        raise EvaluationError(f"{path}: {error}.") from None
    except OSError as error:
        raise EvaluationError(f"cannot read task card {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise EvaluationError(f"task card {path} is not text in UTF-8.") from None
    return _parse(values, str(path)).located(path.parent)


def _parse(values: object, where: str) -> Task:
    from .parsing import parse_card

    if not isinstance(values, Mapping):
        raise EvaluationError(f"{where}: a task card is a mapping of keys to values.")
    return parse_card(values, where)
