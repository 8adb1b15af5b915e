"""A suite card: several tasks asked of the same models, targets and guards, each with its margin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ...errors import GrpokitError, nearest
from ..paired.margins import Margin
from ..tasks import HARNESS, load_task
from ..tasks.card import Task
from ..types import EvaluationError

Role = Literal["target", "guard"]
"""What a task is there for: a target is to be improved, a guard is not to be forgotten."""

EXAMPLE = "margin: 0.02"


class SuiteTask(BaseModel):
    """A task of a suite, by its name or the path of its card, and how it is asked.

    ``margin`` is the loss of its primary metric that still counts as held: a number, or a share of the base's mean such
    as ``5%``. ``limit`` is the number of its questions, ``split`` where they are from, and ``data`` a local file that
    feeds it. Paths are looked for in the folder of the suite's card.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    margin: str | None = None
    limit: int | None = Field(default=None, ge=1, strict=True)
    split: str = "test"
    data: Path | None = None

    @field_validator("margin", mode="before")
    @classmethod
    def _check_margin(cls, value: object) -> object:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise EvaluationError(f"{value!r}: give a number, or a share of the base's mean, such as 5%")
        return str(Margin.parse(str(value)))

    def load(self, *, allow_code: bool = False) -> Task:
        """Return the task; raise :class:`EvaluationError` for one that there is not."""
        return load_task(self.task, allow_code=allow_code)

    def located(self, folder: Path) -> SuiteTask:
        """Return the task of a card in ``folder``, where its paths are looked for."""
        card = self.task
        if card.endswith((".yaml", ".yml")):
            before = f"{HARNESS}:" if card.startswith(f"{HARNESS}:") else ""
            card = f"{before}{folder / card.removeprefix(before)}"
        return self.model_copy(update={"task": card, "data": None if self.data is None else folder / self.data})


class Suite(BaseModel):
    """Targets and guards. A guard has a margin of its own; a target without one takes that of the command."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    targets: tuple[SuiteTask, ...] = ()
    guards: tuple[SuiteTask, ...] = ()

    @field_validator("targets", "guards", mode="before")
    @classmethod
    def _check_list(cls, value: object) -> object:
        if not isinstance(value, (list, tuple)):
            raise EvaluationError(f"give a list of tasks, such as [gsm8k], not {value!r:.80}")
        return [{"task": one} if isinstance(one, str) else one for one in value]

    def roles(self) -> Iterator[tuple[SuiteTask, Role]]:
        """Yield every task with what it is there for: the targets, then the guards."""
        for target in self.targets:
            yield target, "target"
        for guard in self.guards:
            yield guard, "guard"

    def with_targets(self, tasks: Mapping[str, SuiteTask]) -> Suite:
        """Return the suite with these targets before its own."""
        return self.model_copy(update={"targets": (*tasks.values(), *self.targets)})

    def check(self, where: str, *, allow_code: bool = False) -> None:
        """Refuse a suite that names no task, one twice, or a guard without a margin; and tasks that there are not.

        A file of lm-eval's, among its tasks, may name code to import where ``allow_code`` says so.

        Raises :class:`EvaluationError`, in one line that begins with ``where``.
        """
        if not (self.targets or self.guards):
            raise EvaluationError(f"{where}: the suite names no task; give targets, guards or both.")
        roles: dict[str, Role] = {}
        for one, role in self.roles():
            name = _task_name(one, where, allow_code)
            if name in roles and roles[name] == role:
                raise EvaluationError(f"{where}: the task {name!r} is there twice; name it once.")
            if name in roles:
                raise EvaluationError(
                    f"{where}: {name!r} is a target and a guard; a guard is what was not trained for: keep one of them."
                )
            roles[name] = role
        for guard in self.guards:
            if guard.margin is None:
                raise EvaluationError(
                    f"{where}: the guard {guard.task!r} has no margin; write how much of it may be lost and still "
                    f"counts as held, such as {EXAMPLE}."
                )


def parse_suite(
    values: Mapping[str, Any], where: str, folder: Path | None = None, *, allow_code: bool = False
) -> Suite:
    """Build a suite from a card's values; every mistake is one line that names ``where`` and the key.

    Paths are looked for in ``folder``. Raises :class:`EvaluationError`.
    """
    try:
        suite = Suite(**values)
    except ValidationError as error:
        raise EvaluationError(f"{where}: {_first_mistake(error)}") from None
    except TypeError:  # a key that is no string
        raise EvaluationError(f"{where}: the keys of a suite card are words.") from None
    if folder is not None:
        sides = {side: tuple(one.located(folder) for one in getattr(suite, side)) for side in ("targets", "guards")}
        suite = suite.model_copy(update=sides)
    suite.check(where, allow_code=allow_code)
    return suite


def _task_name(one: SuiteTask, where: str, allow_code: bool) -> str:
    try:
        return one.load(allow_code=allow_code).name
    except GrpokitError as error:
        raise EvaluationError(f"{where}: {error}") from None


def _first_mistake(error: ValidationError) -> str:
    mistakes = error.errors()
    first = next((mistake for mistake in mistakes if mistake["type"] == "extra_forbidden"), mistakes[0])
    place = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        known = SuiteTask.model_fields if len(first["loc"]) > 1 else Suite.model_fields
        return f"unknown key {place!r}. {nearest(str(first['loc'][-1]), list(known))}"
    if first["type"] == "missing":
        return f"the key {place!r} is missing."
    if first["type"] == "value_error":
        return f"{place}: {first['ctx']['error']}."
    return f"{place}: {first['msg']} (given: {first['input']!r:.80})."
