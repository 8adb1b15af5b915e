"""GRPO training on the same rewards and tasks that evaluation uses: a thin plugin on TRL's GRPOTrainer."""

from typing import TYPE_CHECKING

from ..exports import deferred

if TYPE_CHECKING:
    from .catalog import recipe_names, summaries
    from .overrides import load_recipe
    from .plan import Geometry, Plan, make_plan
    from .recipe import Recipe
    from .trainer import train
    from .types import Alarm, Drawn, HeldOut, Silent, Step, TrainedAdapter, TrainingError, Watcher
else:
    __getattr__ = deferred(
        __name__,
        {
            "catalog": ("recipe_names", "summaries"),
            "overrides": ("load_recipe",),
            "plan": ("Geometry", "Plan", "make_plan"),
            "recipe": ("Recipe",),
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
