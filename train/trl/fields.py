"""The fields of the installed TRL's GRPOConfig, read from its source: asking the class would import torch."""

from __future__ import annotations

import ast
import math
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ...errors import nearest
from ...plain_yaml import LARGEST
from ..types import TrainingError

OURS = {
    "output_dir": "give --out",
    "reward_weights": "write weights in rewards, such as 'correctness=1,xml_format=0.5'",
    "model_init_kwargs": "use model.dtype and model.revision",
    "trust_remote_code": "checkpoints that bring code of their own are not run",
    "resume_from_checkpoint": "give --resume",
    "auto_find_batch_size": "a group of completions cannot be split; lower per_device_train_batch_size",
    "eval_strategy": "set evaluation.every, and held-out prompts are asked that often",
    "load_best_model_at_end": "set evaluation.load_best, which chooses by the held-out metric",
    "push_to_hub": "push the finished adapter yourself",
}
"""Fields that a recipe may not set, and what to do instead."""

_SOURCES = (
    ("transformers", "training_args.py", "TrainingArguments"),
    ("trl", "trainer/base_config.py", "_BaseConfig"),
    ("trl", "trainer/grpo_config.py", "GRPOConfig"),
)
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str": (str,),
    "dict": (dict,),
    "list": (list,),
    "None": (type(None),),
    "Literal": (bool,),  # False is the only one
    "ParallelismConfig": (),  # an object, which no recipe can hold
}
"""By the name of a type; any other is an enumeration, whose members are given as text."""


@cache
def grpo_fields() -> dict[str, str]:
    """Return name to annotation of every field, those of TrainingArguments included.

    >>> grpo_fields()["num_generations"]
    'int | None'
    """
    fields: dict[str, str] = {}
    for package, file, name in _SOURCES:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise TrainingError(f"training needs {package}: pip install {package}")
        tree = ast.parse((Path(spec.origin).parent / file).read_text(encoding="utf-8"))
        bodies = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
        lines = [line for body in bodies for line in body if isinstance(line, ast.AnnAssign)]
        fields |= {line.target.id: ast.unparse(line.annotation) for line in lines if isinstance(line.target, ast.Name)}
    return fields


def check_field(name: str, value: object) -> None:
    """Raise :class:`TrainingError` when GRPOConfig has no field ``name``, or ``value`` is of another type.

    >>> check_field("beta", 0.04)
    >>> check_field("beta", "low")
    Traceback (most recent call last):
    grpokit.train.types.TrainingError: grpo.beta='low': GRPOConfig takes float.
    """
    if name in OURS:
        raise TrainingError(f"grpo.{name} is set by grpokit: {OURS[name]}.")
    fields = grpo_fields()
    if name not in fields:
        raise TrainingError(f"no GRPOConfig field {name!r}. {near(name, list(fields))}")
    if not _countable(value):
        raise TrainingError(f"grpo.{name}={value!r:.80}: give finite numbers of at most 64 bits.")
    if not _fits(value, fields[name]):
        raise TrainingError(f"grpo.{name}={value!r:.80}: GRPOConfig takes {fields[name]}.")


def _countable(value: object) -> bool:
    """Say whether no number in a value is NaN, which passes every check of a range, infinite or beyond 64 bits."""
    if isinstance(value, dict):
        return all(map(_countable, value.values()))
    if isinstance(value, list):
        return all(map(_countable, value))
    if isinstance(value, int):
        return abs(value) <= LARGEST
    return not isinstance(value, float) or math.isfinite(value)


def _fits(value: object, annotation: str) -> bool:
    names = {re.split(r"\W", part.strip())[0] for part in annotation.split("|")}
    allowed = tuple(kind for name in names for kind in _TYPES.get(name, (str,)))
    return isinstance(value, allowed) and (not isinstance(value, bool) or bool in allowed)


def near(name: str, fields: list[str]) -> str:
    """Return the repair for an unknown field without the list of all: there are some two hundred.

    >>> near("learning_rat", ["learning_rate", "beta"])
    "Did you mean 'learning_rate'?"
    """
    return nearest(name, fields).split("All:")[0].strip() or "See TRL's GRPOConfig for its fields."
