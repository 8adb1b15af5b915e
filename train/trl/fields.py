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
    "chat_template_kwargs": "write template, such as template: {enable_thinking: false}, which evaluation has, too",
    "remove_unused_columns": "rewards are given by a column of ours",
    "trust_remote_code": "checkpoints that bring code of their own are not run",
    "resume_from_checkpoint": "give --resume",
    "auto_find_batch_size": "a group of completions cannot be split; lower per_device_train_batch_size",
    "eval_strategy": "set evaluation.every, and held-out prompts are asked that often",
    "load_best_model_at_end": "set evaluation.load_best, which chooses by the held-out metric",
    "push_to_hub": "push the finished adapter yourself",
    "log_completions_hub_repo": "completions stay in --out; push them yourself",
    "hub_token": "set HF_TOKEN in the environment, since a recipe is kept beside the adapter",
}
"""Fields that a recipe may not set, and what to do instead."""

WORDS = {
    "importance_sampling_level": ("token", "sequence"),
    "loss_type": ("grpo", "dapo", "dr_grpo", "bnpo", "cispo", "luspo", "sapo", "vespo"),
    "multi_objective_aggregation": ("sum_then_normalize", "normalize_then_sum"),
    "scale_rewards": ("group", "batch", "none"),
    "vllm_importance_sampling_mode": ("token_truncate", "token_mask", "sequence_truncate", "sequence_mask"),
    "vllm_mode": ("server", "colocate"),
}
"""What TRL's fields of free text may say, which it looks at after the first completions are drawn."""

LOGGERS = {"azure_ml": "azureml", "flyte": "flytekit", "kubeflow": "transformers"}
"""Services of ``report_to`` whose package has another name; kubeflow needs none of its own."""

_ENUMERATIONS = ("trainer_utils.py", "training_args.py")
"""The files of transformers with the enumerations that fields are of."""

_SERVICES = ("integrations/integration_utils.py", "INTEGRATION_TO_CALLBACK")
"""The file of transformers, and the name in it of the table, with the services of ``report_to``."""

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
        bodies = [node.body for node in _parsed(package, file) if isinstance(node, ast.ClassDef) and node.name == name]
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
        truth = " Write true or false." if fields[name].split(" ")[0] == "bool" and isinstance(value, str) else ""
        raise TrainingError(f"grpo.{name}={value!r:.80}: GRPOConfig takes {fields[name]}.{truth}")
    words = WORDS.get(name) or _members(fields[name])
    if words and isinstance(value, str) and value not in words:
        raise TrainingError(f"grpo.{name}={value!r:.80}: {nearest(value, list(words))}")
    if name == "report_to":
        _check_services(value)


def _check_services(value: object) -> None:
    known = [*report_services(), "none", "all"]
    for service in value if isinstance(value, list) else [value]:
        if service not in known and service is not None:
            raise TrainingError(f"grpo.report_to={service!r:.80} is no service. {nearest(str(service), known)}")


def check_loggers(report_to: object) -> None:
    """Raise :class:`TrainingError` for a service of ``report_to`` whose package is not installed here."""
    for name in report_to if isinstance(report_to, list) else [report_to]:
        package = LOGGERS.get(str(name), str(name))
        if name not in (None, "none", "all") and find_spec(package) is None:
            raise TrainingError(f"grpo.report_to={name} needs the package {package}, which is not installed.")


@cache
def report_services() -> tuple[str, ...]:
    """Return the services that ``report_to`` may name.

    >>> "wandb" in report_services()
    True
    """
    file, table = _SERVICES
    for node in _parsed("transformers", file):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and ast.unparse(node.targets[0]) == table:
            return tuple(str(ast.literal_eval(key)) for key in node.value.keys if key is not None)
    raise TrainingError(f"the installed transformers has no {table}; install a version that pyproject.toml names.")


@cache
def _members(annotation: str) -> tuple[str, ...]:
    """Return what an enumeration of transformers, named first in an annotation, may say; nothing for other types."""
    wanted = re.split(r"\W", annotation)[0]
    for file in _ENUMERATIONS:
        for node in _parsed("transformers", file):
            if isinstance(node, ast.ClassDef) and node.name == wanted:
                values = (line.value for line in node.body if isinstance(line, ast.Assign))
                return tuple(str(value.value) for value in values if isinstance(value, ast.Constant))
    return ()


@cache
def _parsed(package: str, file: str) -> list[ast.stmt]:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise TrainingError(f"training needs {package}: pip install {package}")
    return ast.parse((Path(spec.origin).parent / file).read_text(encoding="utf-8")).body


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
