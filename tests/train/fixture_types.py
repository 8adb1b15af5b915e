"""What the fixtures of training give."""

from collections.abc import Callable
from typing import TypeAlias

from grpokit.train import Recipe

MakeRecipe: TypeAlias = Callable[..., Recipe]
"""``tiny``: overrides -> the demo recipe made small."""

MakeCard: TypeAlias = Callable[..., str]
"""``card``: rows, and the user's message -> the path of a task card over them."""
