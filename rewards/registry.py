"""Rewards by name: the built-in ones, those that installed packages register, and import paths."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import GrpokitError, nearest
from .answers.correctness import correctness
from .answers.likeliest import choice, choice_norm
from .formats.reasoning_format import reasoning_format
from .formats.xml_format import xml_format, xml_format_soft, xml_tag_count
from .function import FunctionReward
from .gate import Gate
from .graded import Graded
from .language.consistency import language_consistency
from .lengths.conciseness import conciseness
from .lengths.schedules import cosine_length, soft_overlong
from .lengths.target import length, token_length
from .models.reward_model import reward_model
from .reasoning.cot_clarity import cot_clarity
from .repeats import repetition
from .reward import Reward
from .similarity.overlap import edit_similarity, token_overlap
from .similarity.rouge import rouge, rouge_1, rouge_2, rouge_l
from .similarity.semantic import semantic_similarity, summary_quality
from .spec import RewardSpec, parse_reward
from .text import RewardError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "grpokit.rewards"
"""The entry-point group in which another package registers its rewards: a Reward, its class, or a function."""

READY: dict[str, Reward] = {
    "correctness": correctness,
    "choice": choice,
    "choice_norm": choice_norm,
    "xml_format": xml_format,
    "xml_format_soft": xml_format_soft,
    "xml_tag_count": xml_tag_count,
    "reasoning_format": reasoning_format,
    "conciseness": conciseness,
    "repetition": repetition,
    "cot_clarity": cot_clarity,
    "length": length,
    "token_length": token_length,
    "cosine_length": cosine_length,
    "soft_overlong": soft_overlong,
    "token_overlap": token_overlap,
    "rouge": rouge,
    "rouge_1": rouge_1,
    "rouge_2": rouge_2,
    "rouge_l": rouge_l,
    "edit_similarity": edit_similarity,
    "semantic_similarity": semantic_similarity,
    "summary_quality": summary_quality,
    "language_consistency": language_consistency,
    "reward_model": reward_model,
}
"""The built-in rewards by name, with default parameters."""


class UnknownReward(GrpokitError):
    """No built-in, registered or importable reward has this name."""


def names() -> list[str]:
    """Return the names that :func:`get` knows: built-in ones first, then those of installed packages.

    >>> "correctness" in names()
    True
    """
    return [*READY, *(name for name in sorted(_registered()) if name not in READY)]


def get(name: str, **parameters: Any) -> Reward:
    """Return a reward by registered name, import path ``pkg.module:object`` or spec, with parameters.

    A built-in name can't be taken over by another package. A function found by path becomes a
    :class:`~grpokit.rewards.function.FunctionReward`; the parameters are given to it at every call.

    Raises :class:`UnknownReward` for a name that nobody has, :class:`~grpokit.rewards.text.RewardError` for a
    parameter that the reward does not have or cannot use.

    >>> get("length", target=200).parameters
    {'target': 200}
    """
    spec = parse_reward(name)
    return build(spec._replace(parameters=(*spec.parameters, *parameters.items())))


def build(spec: RewardSpec) -> Reward:
    """Build the reward that a parsed spec describes, nested ones first."""
    parameters = dict(spec.parameters)
    nested = [build(inner) for inner in spec.nested]
    if spec.name == Gate.name:
        return _build_gate(nested, parameters)
    if nested:
        raise RewardError(f"{spec.name}: parameters are given as key=value; only gate(...) takes other rewards.")
    return _with_parameters(spec.name, _find(spec.name), parameters)


def spec_of(reward: Reward) -> str:
    """Return the spec that builds this reward again.

    >>> spec_of(get("length", target=200))
    'length(target=200)'
    """
    if isinstance(reward, Gate):
        parts = [spec_of(reward.condition), spec_of(reward.bonus)]
        parts += [f"threshold={reward.threshold!r}"] if "threshold" in reward.parameters else []
        return f"{Gate.name}({','.join(parts)})"
    if isinstance(reward, FunctionReward):
        return _written(_registered_name(reward.path, reward.function) or reward.path, dict(reward.arguments))
    if isinstance(reward, Graded):
        return _written(Graded.name, reward.parameters)
    ready = READY.get(reward.name)
    if type(ready) is type(reward):
        return _written(reward.name, reward.parameters)
    path = f"{type(reward).__module__}:{type(reward).__qualname__}"
    return _written(_registered_name(path, reward) or path, reward.parameters)


def _registered_name(path: str, made: object) -> str | None:
    """Return the name under which a package registers what is at ``path``, or the reward that ``made`` varies.

    A file may name that, and no import path. Nothing is imported for it.
    """
    for name, point in _registered().items():
        ready = getattr(sys.modules.get(point.module), point.attr, None)
        if f"{point.module}:{point.attr}" == path or (isinstance(made, Reward) and type(ready) is type(made)):
            return name
    return None


def _written(name: str, parameters: Mapping[str, object]) -> str:
    inner = ",".join(f"{key}={value!r}" for key, value in parameters.items())
    return f"{name}({inner})" if inner else name


def _build_gate(nested: list[Reward], parameters: dict[str, Any]) -> Reward:
    if len(nested) != 2:
        raise RewardError(
            f"gate takes two rewards, the condition and the bonus, and got {len(nested)}; write such as "
            "gate(xml_format, conciseness)."
        )
    _check_parameters(Gate.name, ["threshold"], parameters)
    return Gate(nested[0], nested[1], **parameters)


def _find(name: str) -> object:
    if name in READY:
        return READY[name]
    if name == Graded.name:  # of completions that another tool graded, so that no list offers it
        return Graded
    if ":" in name:
        return _import(name)
    registered = _registered()
    if name not in registered:
        raise UnknownReward(f"no reward {name!r}. {nearest(name, names())}")
    return _load(name, registered[name])


@lru_cache(maxsize=1)
def _registered() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _load(name: str, point: EntryPoint) -> object:
    try:
        with redirect_stdout(sys.stderr):
            target: object = point.load()
    except (Exception, SystemExit) as error:  # the import of another package's module may raise anything
        raise UnknownReward(
            f"reward {name!r} is registered as {point.value!r}, which cannot be imported: {error}"
        ) from error
    return target


def _import(path: str) -> object:
    module_name, _, attributes = path.partition(":")
    if os.getcwd() not in sys.path:  # a console script does not look in its caller's folder by itself
        sys.path.append(os.getcwd())
    try:
        with redirect_stdout(sys.stderr):
            target: object = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # the module is the user's own and may raise anything
        raise UnknownReward(
            f"no reward {path!r}: importing {module_name!r} raised {type(error).__name__}: {error}"
        ) from error
    for attribute in attributes.split("."):
        if not hasattr(target, attribute):
            raise UnknownReward(f"no reward {path!r}: {module_name!r} has no {attribute!r}. {_public(target)}")
        target = getattr(target, attribute)
    return target


def _public(module: object) -> str:
    own = [
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == getattr(module, "__name__", "")
    ]
    return f"It has: {', '.join(own) or 'no function of its own'}."


def _with_parameters(name: str, target: object, parameters: dict[str, Any]) -> Reward:
    if isinstance(target, Reward):
        _check_parameters(name, [f.name for f in fields(target) if f.init], parameters)
        return _constructed(name, lambda: replace(target, **parameters)) if parameters else target
    if isinstance(target, type) and issubclass(target, Reward):
        _check_parameters(name, [f.name for f in fields(target) if f.init], parameters)
        return _constructed(name, lambda: target(**parameters))
    if not callable(target):
        raise RewardError(f"reward {name!r} is a {type(target).__name__}; give a function or a Reward.")
    return FunctionReward(target, tuple(parameters.items()))


def _constructed(name: str, make: Callable[[], Reward]) -> Reward:
    try:
        return make()
    except TypeError as error:  # a value of the wrong type met a comparison, or a required parameter is missing
        raise RewardError(f"{name}: {error}; see `grpo-eval rewards show {name}`.") from error


def _check_parameters(name: str, known: list[str], parameters: Mapping[str, object]) -> None:
    for key in parameters:
        if key not in known:
            hint = nearest(key, known) if known else "It has no parameters."
            raise RewardError(f"{name} has no parameter {key!r}. {hint}")
