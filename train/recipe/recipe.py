"""A recipe: everything that a training run is made of, checked before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Sequence
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, field_validator, model_validator

from ...errors import GrpokitError, nearest
from ...evaluate.engines.model_path import expanded
from ...evaluate.template_arguments import check_template
from ...plain_yaml import dump_yaml
from ...rewards import RewardMix
from ...rewards.spec import import_paths
from ..trl.fields import check_field
from ..types import TrainingError
from .hints import foreign
from .sections import (
    EvaluationSection,
    ExportSection,
    LoraSection,
    ModelSection,
    RowsSection,
    Section,
    TaskSection,
)
from .start import lora_of
from .weights import check_weights

if TYPE_CHECKING:
    from ...evaluate.tasks.card import Task

GRPO_DEFAULTS: dict[str, Any] = {
    "learning_rate": 1e-5,  # TRL's 1e-6 is for whole models and moves no LoRA
    "disable_dropout": True,  # TRL samples with dropout active
    "logging_steps": 1,
    "disable_tqdm": True,
    "num_completions_to_print": 0,  # log_completions keeps them as Parquet; a few are shown anyway
}
"""Where this package's defaults differ from TRL's."""


def _named(key: str) -> BeforeValidator:
    """Let ``model: demo`` stand for ``model: {path: demo}``."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


class Recipe(Section):
    """A training run as YAML says it. ``grpo`` holds fields of TRL's GRPOConfig by their own names.

    ``also`` are further tasks whose rows are trained on, mixed with those of ``task``; a list as ``task`` stands for
    both. A reward that does not apply to a row, such as one without a reference, gives None there. Held-out questions
    are those of ``task``; ``evaluation.suite`` asks others.

    ``primary`` is the reward whose verdict counts (default: the task's); ``reward_timeout`` the seconds that one call
    of a reward that is not this package's may take.

    ``template`` holds arguments of the model's chat template, such as ``enable_thinking: false``, over those of the
    task's card: completions are drawn and held-out questions asked with the same ones.

    ``samples`` maps names to questions that base and tuned are both asked after training, for a person to read.

    >>> recipe = Recipe(model="demo", task="arithmetic", rewards="correctness=1", grpo={"num_generations": 4})
    >>> recipe.settings["num_generations"], recipe.settings["learning_rate"]
    (4, 1e-05)
    """

    description: str = ""
    model: Annotated[ModelSection, _named("path")]
    task: Annotated[TaskSection, _named("name")]
    also: list[Annotated[RowsSection, _named("name")]] = Field(default_factory=list)
    rewards: str
    primary: str | None = None
    reward_timeout: float | None = Field(default=None, gt=0, le=TIMEOUT_MAX)
    lora: LoraSection = LoraSection()
    template: dict[str, Any] = Field(default_factory=dict)
    grpo: dict[str, Any] = Field(default_factory=dict)
    evaluation: EvaluationSection = EvaluationSection()
    export: ExportSection = ExportSection()
    samples: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _first_of_several(cls, values: dict[str, Any]) -> dict[str, Any]:
        tasks = values.get("task")
        if not isinstance(tasks, list) or not tasks:
            return values
        if values.get("also"):
            raise TrainingError("task is a list, and also is given; write the other tasks in one of them.")
        return {**values, "task": tasks[0], "also": tasks[1:]}

    @field_validator("rewards")
    @classmethod
    def _check_rewards(cls, value: str) -> str:
        RewardMix.check(value)
        check_weights(value)
        return value

    @field_validator("grpo")
    @classmethod
    def _check_grpo(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, setting in value.items():
            check_field(name, setting)
        return value

    @field_validator("template")
    @classmethod
    def _check_arguments(cls, value: dict[str, Any]) -> dict[str, Any]:
        check_template(value)
        return value

    @model_validator(mode="after")
    def _check_primary(self) -> Recipe:
        from ...evaluate.scoring import check_primary  # with the run's modules, which a dry run does without

        if self.primary is not None and not import_paths(self.rewards):  # nothing is imported for a dry run
            check_primary(self.mix, self.primary, "primary=")
        return self

    def load_task(self) -> Task:
        """Return the task, with the filters in force and with this recipe's arguments of the chat template."""
        return self.task.load().with_template(self.template)

    @property
    def mix(self) -> RewardMix:
        """The rewards and their weights."""
        return RewardMix.parse(self.rewards)

    @property
    def settings(self) -> dict[str, Any]:
        """The GRPOConfig fields with this package's defaults filled in."""
        return {**GRPO_DEFAULTS, **self.grpo}

    def to_yaml(self) -> str:
        """Return the recipe with every default written out, as ``recipe.yaml`` beside an adapter has it."""
        resolved = {**self.model_dump(mode="json"), "grpo": self.settings}
        text = dump_yaml(resolved)
        if all(line.isprintable() for line in text.split("\n")):
            return text
        return dump_yaml(resolved, ascii_only=True)  # which escapes what drives a terminal


def make_recipe(values: dict[str, Any], where: str) -> Recipe:
    """Check the values of a recipe; raise :class:`TrainingError` with one line that names ``where`` and the key."""
    try:
        return Recipe(**_of_adapter(values))
    except ValidationError as error:
        raise TrainingError(f"{where}: {_first_mistake(error)}") from None


def _of_adapter(values: dict[str, Any]) -> dict[str, Any]:
    """Fill in the section ``lora`` from the adapter that training goes on with; what is given must not differ."""
    model, given = values.get("model"), values.get("lora", {})
    if not isinstance(model, dict) or not isinstance(model.get("adapter"), str) or not isinstance(given, dict):
        return values
    own = lora_of(expanded(model["adapter"]))
    for key, value in given.items():
        if value != own.get(key, value):
            raise TrainingError(f"lora.{key}={value}, but model.adapter has {own[key]}; leave it out.")
    return {**values, "lora": {**given, **own}}


def _first_mistake(error: ValidationError) -> str:
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, GrpokitError):
        return str(cause)
    key = ".".join(map(str, first["loc"]))
    if key == "lora" and first["input"] is None:
        return (
            "lora=null: whole models are not trained here, only a LoRA adapter on one; leave lora out, or give its r."
        )
    if first["type"] == "extra_forbidden" and (hint := foreign(key)):
        return f"unknown key {key!r}: {hint}."
    if first["type"] == "extra_forbidden":
        return f"unknown key {key!r}. {nearest(str(first['loc'][-1]), known_keys(first['loc'][:-1]))}"
    if first["type"] == "missing":
        return f"{key} is missing. A recipe needs model, task and rewards."
    return f"{key}={first['input']!r}: {first['msg']}."


def known_keys(place: Sequence[int | str]) -> list[str]:
    """Return the keys of a recipe, or of the section that ``place`` begins with; none where there is no such section.

    >>> known_keys(["export"]), known_keys(["rewards"]), known_keys(["lore"])
    (['merge', 'dtype', 'push_to_hub'], [], [])
    """
    if not place:
        return list(Recipe.model_fields)
    field = Recipe.model_fields.get(str(place[0]))
    section = None if field is None else field.annotation
    return list(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else []
