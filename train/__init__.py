"""GRPO training on the same rewards and tasks that evaluation uses: a thin plugin on TRL's GRPOTrainer."""

from typing import TYPE_CHECKING

from ..lazy import deferred

if TYPE_CHECKING:
    from .recipe.catalog import recipe_names, summaries
    from .recipe.overrides import load_recipe
    from .recipe.plan import Geometry, Plan, make_plan
    from .recipe.recipe import Recipe
    from .trainer import train
    from .types import Alarm, Drawn, HeldOut, Silent, Step, TrainedAdapter, TrainingError, Watcher
else:
    __getattr__ = deferred(
        __name__,
        {
            "recipe.catalog": ("recipe_names", "summaries"),
            "recipe.overrides": ("load_recipe",),
            "recipe.plan": ("Geometry", "Plan", "make_plan"),
            "recipe.recipe": ("Recipe",),
            "trainer": ("train",),
            "types": ("Alarm", "Drawn", "HeldOut", "Silent", "Step", "TrainedAdapter", "TrainingError", "Watcher"),
        },
    )

__all__ = [
    "Alarm",
    "Drawn",
    "Geometry",
    "HeldOut",
    "Plan",
    "Recipe",
    "Silent",
    "Step",
    "TrainedAdapter",
    "TrainingError",
    "Watcher",
    "load_recipe",
    "make_plan",
    "recipe_names",
    "summaries",
    "train",
]


def __dir__() -> list[str]:
    return __all__
