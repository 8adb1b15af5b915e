"""What a recipe amounts to before anything is loaded: the batch geometry, the steps, the tokens.

TRL generates completions in *generation batches* of whole groups (one group: ``num_generations`` completions of
one prompt), cuts each into micro-batches, and makes an optimizer step every ``gradient_accumulation_steps`` of them.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

from ..types import TrainingError
from .recipe import Recipe

TRL_DEFAULTS: dict[str, Any] = {
    "per_device_train_batch_size": 8,
    "num_generations": 8,
    "num_iterations": 1,
    "max_completion_length": 256,
    "num_train_epochs": 3.0,
    "max_steps": -1,
    "save_steps": 500,
}
"""The defaults of GRPOConfig that the plan depends on."""

ROLLOUTS_ALONE = ("repetition_penalty", "generation_kwargs", "vllm_structured_outputs_regex")
"""Fields that change what is drawn while training, and that evaluation, which asks as the task's card says, has not."""

OWN_FIELDS = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "max_new_tokens", "max_length")
"""What ``generation_kwargs`` could set past the fields of GRPOConfig that TRL's loss and this package count on."""

LORA_LEARNING_RATE = 1e-5
"""Below this a LoRA adapter hardly moves within a usual run."""


@dataclass(frozen=True)
class Geometry:
    """How completions are cut into batches. ``micro_batch`` is per process."""

    micro_batch: int
    processes: int
    accumulation: int
    steps_per_generation: int
    num_generations: int

    @property
    def generation_batch(self) -> int:
        """Completions generated at a time, over all processes."""
        return self.micro_batch * self.processes * self.steps_per_generation

    @property
    def prompts(self) -> int:
        """Different prompts in a generation batch."""
        return self.generation_batch // self.num_generations

    @property
    def completions_per_step(self) -> int:
        """Completions that one optimizer step learns from."""
        return self.micro_batch * self.processes * self.accumulation


@dataclass(frozen=True)
class Plan:
    """A run in figures. ``steps`` is None when the number of rows is not known; ``notes`` are for people.

    ``cycle`` is the number of optimizer steps after which generation batches are used up; ``completion_tokens``
    bounds one completion, ``max_tokens`` all of the run.
    """

    geometry: Geometry
    steps: int | None
    cycle: int
    save_steps: float
    completion_tokens: int
    max_tokens: int | None
    notes: tuple[str, ...]


def plan_for(recipe: Recipe, rows: int | None) -> Plan:
    """Return the plan for as many processes as ``accelerate launch`` started."""
    return make_plan(recipe, rows, int(os.environ.get("WORLD_SIZE", "1")))


def make_plan(recipe: Recipe, rows: int | None, processes: int = 1) -> Plan:
    """Work out a recipe over ``rows`` prompts; None where their number is not known.

    Raises :class:`TrainingError` when the numbers do not fit together or the rows do not fill one
    generation batch, which TRL would report as a successful run of no steps.
    """
    settings = {**TRL_DEFAULTS, **recipe.settings}
    _check_ranges(settings)
    geometry = solve(recipe.grpo, processes)
    steps = _steps(settings, geometry, rows)
    micro_steps = geometry.steps_per_generation * settings["num_iterations"]
    cycle = math.lcm(micro_steps, geometry.accumulation) // geometry.accumulation
    save_steps: float = settings["save_steps"]
    if save_steps >= 1:  # below, it is a share of the run
        save_steps = math.ceil(save_steps / cycle) * cycle  # from whole cycles alone resuming is bit-exact
    notes = _notes(recipe, settings, geometry, save_steps)
    longest = settings["max_completion_length"]
    tokens = None if steps is None else steps * geometry.completions_per_step * longest
    return Plan(geometry, steps, cycle, save_steps, longest, tokens, notes)


def solve(grpo: dict[str, Any], processes: int) -> Geometry:
    """Return the geometry that a recipe's settings ask for.

    Where accumulation is left open it is the smallest that fills whole groups.

    >>> solve({"per_device_train_batch_size": 4, "num_generations": 8}, 1).accumulation
    2
    """
    group = grpo.get("num_generations") or TRL_DEFAULTS["num_generations"]
    micro = grpo.get("per_device_train_batch_size", TRL_DEFAULTS["per_device_train_batch_size"])
    given = grpo.get("gradient_accumulation_steps")
    accumulation = given or group // math.gcd(group, micro * processes)
    per_generation = _steps_per_generation(grpo, micro * processes, accumulation)
    geometry = Geometry(micro, processes, accumulation, per_generation, group)
    if geometry.generation_batch % group:
        fitting = group // math.gcd(group, micro * processes)
        raise TrainingError(
            f"{micro} completions a micro-batch x {processes} process(es) x {per_generation} micro-batches = "
            f"{geometry.generation_batch}, which does not hold whole groups of num_generations={group}; set "
            f"gradient_accumulation_steps to a multiple of {fitting}, or leave it out."
        )
    return geometry


def _steps_per_generation(grpo: dict[str, Any], global_micro: int, accumulation: int) -> int:
    batch, steps = grpo.get("generation_batch_size"), grpo.get("steps_per_generation")
    if batch and steps:
        raise TrainingError("give generation_batch_size or steps_per_generation, not both.")
    if batch and batch % global_micro:
        raise TrainingError(f"generation_batch_size={batch}: give a multiple of {global_micro}, one micro-batch.")
    return batch // global_micro if batch else steps or accumulation


_RANGES: dict[str, tuple[float, float]] = {
    "per_device_train_batch_size": (1, math.inf),
    "gradient_accumulation_steps": (1, math.inf),
    "num_generations": (2, math.inf),
    "num_iterations": (1, math.inf),
    "max_completion_length": (1, math.inf),
    "beta": (0, math.inf),
    "temperature": (0.01, math.inf),  # at 0 completions of a group are all equal; near it logits overflow
    "top_p": (1e-6, 1),
    "min_p": (0, 1),
    "top_k": (0, math.inf),  # 0 is off
    "repetition_penalty": (0.01, math.inf),
    "weight_decay": (0, math.inf),
    "max_grad_norm": (0, math.inf),
    "warmup_steps": (0, math.inf),
    "adam_beta1": (0, 0.999999),
    "adam_beta2": (0, 0.999999),
    "adam_epsilon": (0, math.inf),
    "epsilon": (0, math.inf),  # above 1 for cispo, whose upper bound it is where epsilon_high is not given
    "epsilon_high": (0, math.inf),
    "top_entropy_quantile": (0, 1),
    "neftune_noise_alpha": (0, math.inf),
    "seed": (0, 2**32 - 1),  # what numpy takes
}
"""Least and most of settings that only the first step would complain of, if anything does."""


_ABOVE_ZERO = (
    "learning_rate",
    "num_train_epochs",
    "save_steps",
    "logging_steps",
    "delta",
    "sapo_temperature_pos",
    "sapo_temperature_neg",
)
"""Settings that are divided by, or that train nothing at 0."""

_OPTIONAL = ("top_k", "min_p", "epsilon_high", "neftune_noise_alpha", "delta")
"""Settings of these that may be None: off, or as another one says."""


def _check_ranges(settings: dict[str, Any]) -> None:
    for name, (least, most) in _RANGES.items():
        value = settings.get(name, least)
        if value is None and name in _OPTIONAL:
            continue
        if value is None or value < least:
            raise TrainingError(f"grpo.{name}={value}: give at least {least:g}.")
        if value > most:
            raise TrainingError(f"grpo.{name}={value}: give at most {most:.10g}.")
    for name in _ABOVE_ZERO:
        value = settings.get(name, 1)
        if value is None and name in _OPTIONAL:
            continue
        if value is None or value <= 0:
            raise TrainingError(f"grpo.{name}={settings[name]}: give a number above 0.")
    given = settings.get("generation_kwargs")
    for name in OWN_FIELDS:
        if isinstance(given, dict) and name in given:
            field = "max_completion_length" if name.startswith("max_") else name
            raise TrainingError(f"grpo.generation_kwargs.{name}: write {field}, which the loss goes by, too.")
    if settings["max_steps"] < 1 and settings["max_steps"] != -1:  # to TRL any of them means all epochs
        raise TrainingError(
            f"grpo.max_steps={settings['max_steps']}: give at least 1, or -1 for as many as num_train_epochs makes."
        )


def check_context(context: int | None, new_tokens: int) -> None:
    """Raise :class:`TrainingError` where a model's context (None: not known) holds no prompt beside a completion."""
    if context is not None and new_tokens >= context:
        raise TrainingError(
            f"no prompt leaves room for {new_tokens} new tokens in the model's context of {context}; give a smaller "
            "max_completion_length."
        )


def _steps(settings: dict[str, Any], geometry: Geometry, rows: int | None) -> int | None:
    """Optimizer steps as Trainer counts them: an epoch leaves out rows that fill no whole generation batch."""
    if rows is not None and rows < geometry.prompts:
        raise TrainingError(
            f"{rows} rows do not fill one generation batch of {geometry.prompts} prompts, so nothing would be "
            "trained; give more rows, or lower per_device_train_batch_size."
        )
    if settings["max_steps"] > 0:
        return int(settings["max_steps"])
    if rows is None:
        return None
    micro_steps: int = rows // geometry.prompts * geometry.steps_per_generation * settings["num_iterations"]
    epochs: float = settings["num_train_epochs"]
    return math.ceil(epochs * math.ceil(micro_steps / geometry.accumulation))


def _notes(recipe: Recipe, settings: dict[str, Any], geometry: Geometry, save_steps: float) -> tuple[str, ...]:
    notes = []
    if settings["learning_rate"] < LORA_LEARNING_RATE:
        notes.append(f"learning_rate={settings['learning_rate']:g} hardly moves a LoRA adapter; 1e-5 and up is usual.")
    upper = settings.get("epsilon", 0.2) if settings.get("epsilon_high") is None else settings["epsilon_high"]
    if settings.get("delta") is not None and settings["delta"] <= 1 + upper:
        notes.append(f"delta={settings['delta']:g}: TRL recommends more than {1 + upper:g}, the bound of clipping.")
    if geometry.accumulation != recipe.grpo.get("gradient_accumulation_steps", 1):
        notes.append(
            f"gradient_accumulation_steps={geometry.accumulation}, so that batches hold whole groups of "
            f"{geometry.num_generations}."
        )
    if save_steps != settings["save_steps"]:
        notes.append(
            f"save_steps={save_steps} instead of {settings['save_steps']}: a whole number of generation batches."
        )
    alone = [name for name in ROLLOUTS_ALONE if settings.get(name) not in (None, 1, 1.0, {})]
    if alone:
        notes.append(f"{', '.join(alone)}: in force while completions are drawn, and not in evaluation.")
    if stop := recipe.load_task().stop:
        notes.append(
            f"the task's stop texts ({', '.join(map(repr, stop))}) end answers in evaluation alone: TRL's rollouts run "
            "on to the end of the turn or max_completion_length, and rewards see what follows."
        )
    return tuple(notes)
