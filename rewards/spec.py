"""The spec string of a mix: ``"layout(answer_tag=result);correctness=2,gate(xml_format,length(target=200))=0.5"``.

Grammar (white space is free)::

    mix    := ["layout" ["(" [setting ("," setting)*] ")"] ";"] item ("," item)*
    item   := reward ["=" NUMBER]                 the weight, 1 when missing
    reward := NAME ["(" [part ("," part)*] ")"]
    part   := setting | reward                    a parameter, or a nested reward (for gates)
    setting := KEY "=" VALUE

NAME is a registered name or ``pkg.module:object``. VALUE is a Python literal or a bare word, which is a string.
Nothing is evaluated: a value goes through :func:`ast.literal_eval`.
"""

from __future__ import annotations

import ast
import math
import re
import shlex
from typing import NamedTuple

from ..errors import GrpokitError

_REWARD = re.compile(r"\s*([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.]*)?)\s*(?:\((.*)\)\s*)?", re.DOTALL)
_SETTING = re.compile(r"\s*([A-Za-z_]\w*)\s*=(.*)", re.DOTALL)
_BARE_WORD = re.compile(r"[^\s'\"()\[\]{}=,]+")
_QUOTED_OR_SIGN = re.compile(r"'(?:\\.|[^'\\])*+'|\"(?:\\.|[^\"\\])*+\"|.", re.DOTALL)
_LONGEST = 10_000
_DEEPEST = 20


OWN = frozenset({"grpokit.evaluate.tasks.reasoning_gym:solved", "grpokit.evaluate.tasks.lm_eval_metric:LmEvalMetric"})
"""Paths of this package's own rewards that belong to its tasks: a file may name them."""


class SpecError(GrpokitError):
    """A spec string that does not follow the grammar."""


class ForeignCode(GrpokitError):
    """A file names a reward by import path, and to build that reward is to run code that nobody here asked for."""


class RewardSpec(NamedTuple):
    """One reward as written: its name, nested rewards in order, parameters by name."""

    name: str
    nested: tuple[RewardSpec, ...] = ()
    parameters: tuple[tuple[str, object], ...] = ()

    @property
    def import_paths(self) -> list[str]:
        """The names, of this reward and of those within it, that are import paths ``pkg.module:object``."""
        own = [self.name] if ":" in self.name and self.name not in OWN else []
        return [*own, *(path for inner in self.nested for path in inner.import_paths)]


class WeightedSpec(NamedTuple):
    """A reward and its weight in the mix."""

    reward: RewardSpec
    weight: float = 1.0


class LayoutSpec(NamedTuple):
    """What stands before the rewards of a mix: the layout's settings, None without one, and the rest of the spec."""

    settings: dict[str, object] | None
    rest: str


def parse_layout(text: str) -> LayoutSpec:
    """Take the layout off a mix.

    >>> parse_layout("layout(answer_tag=result); correctness=1")
    LayoutSpec(settings={'answer_tag': 'result'}, rest=' correctness=1')
    >>> parse_layout("correctness=1").settings is None
    True
    """
    head, *rest = _split(text, ";")
    if not rest:
        return LayoutSpec(None, text)
    layout = parse_reward(head)
    if layout.name != "layout" or layout.nested or len(rest) > 1:
        raise _misplaced_layout(text)
    return LayoutSpec(dict(layout.parameters), rest[0])


def parse_mix(text: str) -> list[WeightedSpec]:
    """Parse the rewards of a mix and their weights.

    Raises :class:`SpecError` with the part of the string that does not follow the grammar.

    >>> parse_mix("correctness=2, length(target=200)")[0].weight
    2.0
    >>> parse_mix("length(target=200, unit=word)")[0].reward.parameters
    (('target', 200), ('unit', 'word'))
    """
    items = []
    for item in _split(text, ","):
        reward, *weight = _split(item, "=")
        items.append(WeightedSpec(parse_reward(reward), _weight("=".join(weight)) if weight else 1.0))
        if items[-1].reward.name == "layout":
            raise _misplaced_layout(text)
    return items


def import_paths(spec: str) -> list[str]:
    """Return the import paths in a mix: what building it would import.

    >>> import_paths("correctness=1,gate(xml_format,my_rewards:score)=0.5")
    ['my_rewards:score']
    """
    return [path for part in parse_mix(parse_layout(spec).rest) for path in part.reward.import_paths]


def registered_only(spec: str, where: str) -> str:
    """Return the spec that the file ``where`` holds, once it is seen to name registered rewards alone.

    Whoever wrote the file is not who runs the command. Raises :class:`ForeignCode`, with what to type instead.

    >>> registered_only("os:system(cmd=id)=1", "runs/first/manifest.json")
    Traceback (most recent call last):
    grpokit.rewards.spec.ForeignCode: runs/first/manifest.json names the reward 'os:system', which is code to import, \
and no file may choose that. If you trust it, give --rewards 'os:system(cmd=id)=1', or --allow-code for the files that \
you name.
    """
    paths = import_paths(spec)
    if not paths:
        return spec
    raise ForeignCode(
        f"{where} names the reward {paths[0]!r}, which is code to import, and no file may choose that. If you trust "
        f"it, give --rewards {shlex.quote(spec)}, or --allow-code for the files that you name."
    )


def parse_reward(text: str) -> RewardSpec:
    """Parse one reward without a weight.

    >>> parse_reward("gate(xml_format, conciseness)").nested[1].name
    'conciseness'
    """
    return _reward(text, 0)


def _reward(text: str, depth: int) -> RewardSpec:
    if depth > _DEEPEST:
        raise SpecError(f"rewards spec: a reward within more than {_DEEPEST} others; nest fewer.")
    written = _REWARD.fullmatch(text)
    if written is None:
        raise SpecError(
            f"rewards spec: expected a reward, found {_shown(text)}; write its name, or with parameters such as "
            "'length(target=200)'."
        )
    name, inside = written.groups(default="")
    nested: list[RewardSpec] = []
    parameters: dict[str, object] = {}
    for part in _split(inside, ",") if inside.strip() else []:
        setting = _SETTING.fullmatch(part)
        if setting is None:
            nested.append(_reward(part, depth + 1))
        elif setting[1] in parameters:
            raise SpecError(f"rewards spec: {name} is given {setting[1]!r} twice; give it once.")
        else:
            parameters[setting[1]] = _value(name, setting[1], setting[2].strip())
    return RewardSpec(name, tuple(nested), tuple(parameters.items()))


def _value(name: str, key: str, written: str) -> object:
    try:
        value: object = ast.literal_eval(written)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):  # TypeError: a list as a key of a dict
        if _BARE_WORD.fullmatch(written):
            return written
        raise SpecError(
            f"rewards spec: {name} has {key}={_shown(written)}, no Python literal; write a number, or text in quotes."
        ) from None
    return value


def _weight(written: str) -> float:
    try:
        weight = float(written)
    except ValueError:
        weight = math.nan
    if not math.isfinite(weight):
        raise SpecError(f"rewards spec: weight {_shown(written.strip())} is no finite number; write such as 0.5.")
    return weight


def _split(text: str, sign: str) -> list[str]:
    """Cut the text at every sign that stands outside of quotes and brackets."""
    if len(text) > _LONGEST:
        raise SpecError(f"rewards spec of {len(text)} characters: give at most {_LONGEST}, or a YAML file.")
    cuts, depth = [-1], 0
    for mark in _QUOTED_OR_SIGN.finditer(text):
        depth += (mark[0] in "([{") - (mark[0] in ")]}")
        if mark[0] == sign and depth == 0:
            cuts.append(mark.start())
    return [text[start + 1 : end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def _misplaced_layout(text: str) -> SpecError:
    return SpecError(
        f"rewards spec {_shown(text)}: a layout stands once, before the rewards, and ends with ';'. Write such as "
        "'layout(answer_tag=result);correctness=1'."
    )


def _shown(text: str) -> str:
    return "nothing" if not text.strip() else repr(text) if len(text) <= 200 else f"{text[:200]!r}…"
