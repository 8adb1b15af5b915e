"""What one batch and one step say of a run before it is begun: what it would learn from, and how long it would take."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..evaluate.paired.summary import TOTAL
from ..rewards.reward import NO_ANSWER
from .recipe.plan import Plan
from .rewards import TrainingReward
from .trl.self_test import Agreement

if TYPE_CHECKING:
    from .recipe.recipe import Recipe
    from .trl.trainer import GuardedTrainer

FEW_GROUPS = 0.25
"""Below this share of groups that differ, most of what is drawn teaches nothing."""

MANY = 0.5
"""Above this share of cut completions, or of those without an answer, the advice names them."""

LONG = 24 * 3600.0
"""Seconds above which the advice says how a run is made shorter."""


@dataclass(frozen=True)
class Spread:
    """One reward, or the total, over a batch: its mean, the mean standard deviation within a group of completions, and
    the share of groups in which it differs. ``mean`` is None where it applied to no completion."""

    name: str
    weight: float
    mean: float | None
    within: float
    differs: float


@dataclass(frozen=True)
class Check:
    """One generation batch and one step of a recipe. Shares are in [0, 1], times in seconds.

    ``rewards`` has the total last; ``cut`` is the share of completions at the token limit, ``without_answer`` of those
    in which some reward found none. ``drawing`` and ``scoring`` are of the generation batch, ``learning`` is of one
    step. ``whole`` is the time that all steps would take, None where their number is not known; ``asking`` that of the
    held-out questions. ``gradient`` is the length of the gradient.
    """

    completions: int
    group: int
    tokens: int
    rewards: tuple[Spread, ...]
    cut: float
    without_answer: float
    drawing: float
    scoring: float
    learning: float
    steps: int | None
    whole: float | None
    asking: float
    gradient: float
    failed: int
    agreement: Agreement | None

    @property
    def total(self) -> Spread:
        """The weighted sum of the rewards."""
        return self.rewards[-1]

    @property
    def tokens_per_second(self) -> float:
        """Drawn tokens per second of drawing."""
        return self.tokens / self.drawing

    @property
    def sound(self) -> bool:
        """Whether there is anything to learn from, and it would be learnt as it was drawn."""
        return self.total.differs > 0 and self.gradient != 0 and (self.agreement is None or self.agreement.holds)

    @property
    def advice(self) -> list[str]:
        """What to change, the gravest first; nothing where nothing stands out."""
        return [sentence for holds, sentence in self._findings() if holds]

    def _findings(self) -> list[tuple[bool, str]]:
        differs = self.total.differs
        same = [one.name for one in self.rewards[:-1] if one.weight and not one.differs]
        silent = f"{', '.join(same)} gave all completions of each group the same"
        return [
            (
                self.agreement is not None and not self.agreement.holds,
                "completions are learnt under other probabilities than they were drawn with: do not train this model "
                "with these settings.",
            ),
            (
                not differs,
                "all completions of each group earned the same, so nothing would be learnt: give rewards that tell "
                "them apart, a higher temperature, or prompts that are neither solved nor hopeless (grpo-eval signal).",
            ),
            (
                differs > 0 and self.gradient == 0,
                "groups differ and the gradient is 0, so nothing would be learnt: look for a setting that leaves out "
                "all completions (mask_truncated_completions, where all are cut), and for weights of rewards so small "
                "or so large that differences are lost.",
            ),
            (
                0 < differs < FEW_GROUPS,
                f"only {differs:.0%} of the groups differ: more num_generations than {self.group}, or prompts that are "
                "neither solved nor hopeless, waste less of what is drawn.",
            ),
            (bool(same) and differs > 0, f"{silent}: in this batch nothing is learnt from that."),
            (
                self.cut > MANY,
                f"{self.cut:.0%} of the completions are cut: raise max_completion_length, unless the model is to "
                "learn to end sooner.",
            ),
            (
                self.without_answer > MANY,
                f"{self.without_answer:.0%} of the completions have no answer that a reward finds: ask for the format "
                "in the task's system message, or begin with supervised training (model.adapter).",
            ),
            (self.failed > 0, f"rewards failed on {self.failed} completions."),
            (
                self.whole is not None and self.whole > LONG,
                "the run takes more than a day: fewer max_steps, a shorter max_completion_length, or use_vllm.",
            ),
        ]


class Clock(TrainerCallback):
    """Takes the time of the first step, from the drawing of its batch on."""

    def __init__(self) -> None:
        self._began = 0.0
        self.seconds = 0.0

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Note when the step begins: Trainer has fetched prompts, and TRL has drawn nothing yet."""
        self._began = time.perf_counter()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Note when it ends."""
        self.seconds = time.perf_counter() - self._began


def measure(
    recipe: Recipe, whole: Plan, trainer: GuardedTrainer, rewards: Sequence[TrainingReward], clock: Clock
) -> Check:
    """Return what the step that ``trainer`` has made says of a run with the plan ``whole``."""
    geometry = whole.geometry
    log = next(line for line in trainer.state.log_history if "reward" in line)
    drawing, tokens = trainer.rollouts.seconds, trainer.rollouts.tokens
    scoring = sum(reward.seconds for reward in rewards)
    learning = max(0.0, clock.seconds - drawing - scoring - trainer.tested_for)
    micro_steps = geometry.steps_per_generation * recipe.settings.get("num_iterations", 1)
    per_step = learning + (drawing + scoring) * geometry.accumulation / micro_steps
    completions = len(rewards[0].last)
    statuses = zip(*([one.status for one in reward.last] for reward in rewards), strict=True)
    return Check(
        completions=completions,
        group=geometry.num_generations,
        tokens=tokens,
        rewards=tuple(_spreads(recipe, rewards, geometry.num_generations)),
        cut=log["completions/clipped_ratio"],
        without_answer=fmean(any(status in NO_ANSWER for status in row) for row in statuses),
        drawing=drawing,
        scoring=scoring,
        learning=learning,
        steps=whole.steps,
        whole=None if whole.steps is None else whole.steps * per_step,
        asking=_asked(recipe, whole) * drawing / completions,
        gradient=log.get("grad_norm", math.nan),
        failed=sum(reward.failures for reward in rewards),
        agreement=trainer.agreement,
    )


def _spreads(recipe: Recipe, rewards: Sequence[TrainingReward], group: int) -> list[Spread]:
    weights = recipe.mix.reward_weights
    columns = [[one.value for one in reward.last] for reward in rewards]
    totals = [
        sum(weight * value for weight, value in zip(weights, row, strict=True) if value is not None)
        for row in zip(*columns, strict=True)
    ]
    named = [
        (reward.__name__, weight, column) for reward, weight, column in zip(rewards, weights, columns, strict=True)
    ]
    return [_spread(name, weight, column, group) for name, weight, column in [*named, (TOTAL, 1.0, totals)]]


def _spread(name: str, weight: float, values: Sequence[float | None], group: int) -> Spread:
    known = [value for value in values if value is not None]
    groups = [
        [value for value in values[start : start + group] if value is not None]
        for start in range(0, len(values), group)
    ]
    within = [pstdev(one) if one else 0.0 for one in groups]
    return Spread(name, weight, fmean(known) if known else None, fmean(within), fmean(one > 0 for one in within))


def _asked(recipe: Recipe, whole: Plan) -> int:
    """Return how many held-out completions the run would ask for, in training and after it."""
    from .heldout.questions import held_out  # which reads the held-out rows

    section, sets = recipe.evaluation, held_out(recipe)
    final = sum(one.completions for one in sets.final)
    if section.every is None:
        return 2 * final
    steps = whole.steps or 0
    looks = math.ceil(steps / section.every) if isinstance(section.every, int) else recipe.settings["num_train_epochs"]
    in_training = (1 + math.ceil(looks)) * sum(one.completions for one in sets.looks)
    return in_training + (2 * final if sets.apart else 0)
