"""GRPO training on the same rewards and tasks that evaluation uses: a thin plugin on TRL's GRPOTrainer."""

from .catalog import load_recipe, recipe_names, summaries
from .plan import Geometry, Plan, make_plan
from .recipe import Recipe
from .trainer import train
from .types import Alarm, Drawn, HeldOut, Silent, Step, TrainedAdapter, TrainingError, Watcher

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
