"""The suite that a recipe's evaluation names: what did it gain, and what did it forget?"""

from __future__ import annotations

from ...evaluate.suites import load_suite
from ...evaluate.suites.card import Suite, SuiteTask
from .recipe import Recipe


def suite_of(recipe: Recipe) -> Suite | None:
    """Return the suite that a recipe's ``evaluation`` names, with its held-out questions as the first target.

    They take the place of a target of the suite that is the recipe's own task, and have its margin. Raises
    EvaluationError for a suite with a mistake, and for one that has the recipe's task as a guard.
    """
    name = recipe.evaluation.suite
    if name is None:
        return None
    suite, trained = load_suite(name), recipe.task.load().name
    own = next((one for one in suite.targets if one.load().name == trained), SuiteTask(task=recipe.task.name))
    others = (one for one in suite.targets if one is not own)
    suite = suite.model_copy(update={"targets": (own, *others)})
    suite.check(f"evaluation.suite={name}")
    return suite
