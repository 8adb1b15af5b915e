"""The sections of a recipe: the keys of each, what they mean, and which do not go together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...evaluate.engines.model_path import ModelPath
from ...evaluate.tasks import load_task
from ..types import TrainingError

if TYPE_CHECKING:
    from ...evaluate.tasks.card import Task
    from ...evaluate.types import Prompt, Sampling

Scalar = str | int | float | bool | None

Count = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""A number of things, from 1 to more than any table, model or run has."""

WIDEST = 2**16
"""The largest rank of an adapter: no model has wider layers."""


class Section(BaseModel):
    """A part of a recipe: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ModelSection(Section):
    """The base checkpoint: a folder, a hub id, or ``demo`` for the embedded one.

    dtype ``auto`` is the checkpoint's own on a GPU and float32 on a CPU. ``quantization`` keeps the base's
    weights in 4 bits (NF4, double quantisation: QLoRA, arXiv 2305.14314) or 8 bits; the adapter stays whole.
    ``adapter`` is the folder of a LoRA on it, such as one of supervised fine-tuning, that training goes on with: the
    section ``lora`` is then that adapter's own, and base and tuned are both compared with it on.
    ``trust_remote_code`` runs the code that a checkpoint brings: a leave that is typed, and written into no file.
    """

    path: str
    revision: str | None = None
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    quantization: Literal["4bit", "8bit"] | None = None
    adapter: str | None = None
    trust_remote_code: bool = Field(default=False, exclude=True)

    @property
    def base(self) -> ModelPath:
        """Where its weights are."""
        return ModelPath(self.path, self.revision)

    @property
    def start(self) -> ModelPath:
        """Where the weights are that training begins with: the base's, and those of the adapter on it."""
        return ModelPath(self.path, self.revision, self.adapter)


class RowsSection(Section):
    """A task by name or YAML card; ``data`` feeds it from a local file instead of its own source.

    ``where`` keeps the rows with one of these values in that column, in place of the card's own filter on it.
    """

    name: str
    data: str | None = None
    split: str = "train"
    limit: Count | None = None
    where: dict[str, Scalar | list[Scalar]] = Field(default_factory=dict)

    def load(self) -> Task:
        """Return the task, with the filters in force."""
        where = {column: tuple(value) if isinstance(value, list) else value for column, value in self.where.items()}
        return load_task(self.name).filtered(where)


class TaskSection(RowsSection):
    """The task that training is about, whose held-out rows are asked: filters are in force in evaluation, too.

    Prompts of more than ``max_prompt_tokens`` tokens are left out of both.
    """

    max_prompt_tokens: Count | None = None


class LoraSection(Section):
    """The adapter. ``target_modules`` is ``all-linear`` (every linear layer but the output), module names or a pattern.

    What follows are fields of PEFT's LoraConfig by their own names; a name that matches no module is refused. Initial
    weights that change the base itself (pissa, olora, eva ...) are not taken: the base could not be compared with.
    """

    r: int = Field(default=16, ge=1, le=WIDEST)
    alpha: Count = 32
    dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: str | list[str] = "all-linear"
    use_rslora: bool = False
    use_dora: bool = False
    init_lora_weights: Literal["gaussian", "orthogonal", True] = True
    modules_to_save: list[str] | None = None
    exclude_modules: str | list[str] | None = None
    rank_pattern: dict[str, Annotated[int, Field(ge=1, le=WIDEST)]] = Field(default_factory=dict)
    alpha_pattern: dict[str, Count] = Field(default_factory=dict)
    layers_to_transform: int | list[int] | None = None
    layers_pattern: str | list[str] | None = None

    @model_validator(mode="after")
    def _check_layers(self) -> LoraSection:
        for name in ("layers_to_transform", "layers_pattern"):
            if (value := getattr(self, name)) is not None and isinstance(self.target_modules, str):
                raise TrainingError(
                    f"lora.{name}={value!r:.80} needs target_modules as a list of names, such as [q_proj, v_proj], "
                    f"and not {self.target_modules!r:.80}."
                )
        if self.layers_pattern and self.layers_to_transform is None:
            raise TrainingError(
                f"lora.layers_pattern={self.layers_pattern!r:.80} needs lora.layers_to_transform, such as [0, 1]."
            )
        return self


class EvaluationSection(Section):
    """How the base and what comes of it are asked held-out questions; what is None is as the task's card says.

    ``data`` feeds the task from a local file of held-out rows instead of its own source; ``holdout`` keeps this share
    of the training rows back instead, and none of these is trained on. Base and tuned are always compared at the end.
    Where answers are sampled, ``greedy`` asks every question once more at temperature 0, as an evaluation of its own;
    verdict, ``load_best`` and ``early_stop`` go by the sampled one.

    With ``every`` (steps, or ``epoch``) the base is evaluated before step 0 and the adapter that often; then
    ``load_best`` keeps the adapter with the best primary metric instead of the last one, and ``early_stop`` ends
    training after so many evaluations in a row that brought no improvement. ``on_alarm`` says what an alarm of such an
    evaluation does: ``note``, ``stop``, or ``rollback`` (it stops, and the best before the alarm is kept, which may be
    what training began with). Other questions judge what is so chosen: :func:`~grpokit.train.data.held_out_parts`.

    ``suite`` (one of the package, or a card) asks base and tuned its tasks in the end, the held-out questions being a
    target. ``base`` is the folder of an earlier run, whose base's answers are taken instead of asked for again.
    """

    data: str | None = None
    base: str | None = None
    suite: str | None = None
    holdout: float | None = Field(default=None, gt=0, lt=1)
    split: str = "test"
    limit: Count | None = None
    samples: Count | None = None
    temperature: float | None = Field(default=None, ge=0)
    greedy: bool = True
    every: Count | Literal["epoch"] | None = None
    load_best: bool = False
    early_stop: Count | None = None
    on_alarm: Literal["note", "stop", "rollback"] = "note"

    @property
    def chooses(self) -> bool:
        """Whether the evaluations while training decide what is compared in the end."""
        return self.load_best or self.early_stop is not None or self.on_alarm != "note"

    @property
    def keeps_adapters(self) -> bool:
        """Whether the adapter of an earlier evaluation may be wanted in the end."""
        return self.load_best or self.on_alarm == "rollback"

    def sampling(self, task: Task) -> Sampling:
        """Return how answers are drawn; raise EvaluationError where this section and the task's card do not agree."""
        return task.sampling(samples=self.samples, temperature=self.temperature)

    def prompts(self, task: Task) -> list[Prompt]:
        """Return the held-out prompts, in order, with the task's own errors."""
        return list(task.prompts(self.split, data=None if self.data is None else Path(self.data), limit=self.limit))

    @model_validator(mode="after")
    def _check_every(self) -> EvaluationSection:
        if self.holdout is not None and self.data is not None:
            raise TrainingError("evaluation.holdout keeps training rows back, evaluation.data names others; give one.")
        for name in ("load_best", "early_stop", "on_alarm"):
            if getattr(self, name) not in (None, False, "note") and self.every is None:
                raise TrainingError(f"evaluation.{name} needs evaluation.every, such as 50 or epoch.")
        return self


class ExportSection(Section):
    """What is made of the adapter at the end.

    ``merge`` writes a model with the adapter merged into the base, never quantised, in ``dtype`` (``auto``: the
    base's own), and evaluates it again. ``push_to_hub`` names a repository that the merged model, else the adapter,
    is uploaded to.
    """

    merge: bool = False
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    push_to_hub: str | None = Field(default=None, pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$")
