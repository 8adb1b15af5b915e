"""The spec string of a mix, parsed by hand: ``"correctness=2,gate(xml_format,length(target=200))=0.5"``.

Grammar (white space is free)::

    mix    := ["layout(" [KEY "=" VALUE ("," KEY "=" VALUE)*] ")" ";"] item ("," item)*
    item   := reward ["=" NUMBER]                 the weight, 1 when missing
    reward := NAME ["(" [part ("," part)*] ")"]
    part   := KEY "=" VALUE | reward              a parameter, or a nested reward (for gates)

NAME is a registered name or ``pkg.module:object``. VALUE is a Python literal or a bare word, which is a string.
Nothing is evaluated: values go through :func:`ast.literal_eval`.
"""

from __future__ import annotations

import ast
import math
import re
from typing import NamedTuple

from ..errors import GrpokitError

_NAME = re.compile(r"[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.]*)?")
_KEY = re.compile(r"\s*([A-Za-z_]\w*)\s*=")
_OPENING = {"(": ")", "[": "]", "{": "}"}
_LONGEST = 10_000


class SpecError(GrpokitError):
    """A spec string that does not follow the grammar."""


class RewardSpec(NamedTuple):
    """One reward as written: its name, nested rewards in order, parameters by name."""

    name: str
    nested: tuple[RewardSpec, ...] = ()
    parameters: tuple[tuple[str, object], ...] = ()


class WeightedSpec(NamedTuple):
    """A reward and its weight in the mix."""

    reward: RewardSpec
    weight: float = 1.0


def parse_mix(text: str) -> list[WeightedSpec]:
    """Parse a whole mix.

    Raises :class:`SpecError` with the place where the string stops following the grammar.

    >>> parse_mix("correctness=2, length(target=200)")[0].weight
    2.0
    >>> parse_mix("length(target=200, unit=word)")[0].reward.parameters
    (('target', 200), ('unit', 'word'))
    """
    reader = _Reader(text)
    items = [reader.item()]
    while not reader.at_end():
        reader.expect(",")
        items.append(reader.item())
    return items


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
    if not re.match(r"\s*layout\s*\(", text):
        return LayoutSpec(None, text)
    reader = _Reader(text)
    layout = reader.reward()
    if layout.nested:
        raise SpecError(f"rewards spec {text!r}: a layout takes settings, such as layout(answer_tag=result).")
    reader.expect(";")
    return LayoutSpec(dict(layout.parameters), text[reader.place :])


def parse_reward(text: str) -> RewardSpec:
    """Parse one reward without a weight.

    >>> parse_reward("gate(xml_format, conciseness)").nested[1].name
    'conciseness'
    """
    reader = _Reader(text)
    reward = reader.reward()
    if not reader.at_end():
        raise reader.error("the end: one reward without a weight")
    return reward


class _Reader:
    """A cursor over the spec: every method reads one thing and moves past it."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise SpecError(f"rewards spec of {len(text)} characters: give at most {_LONGEST}, or a YAML file.")
        self.text = text
        self.place = 0

    def item(self) -> WeightedSpec:
        reward = self.reward()
        return WeightedSpec(reward, self.weight() if self.take("=") else 1.0)

    def reward(self) -> RewardSpec:
        self.skip_space()
        found = _NAME.match(self.text, self.place)
        if not found:
            raise self.error("a reward's name")
        self.place = found.end()
        if not self.take("("):
            return RewardSpec(found.group())
        return self.arguments(found.group())

    def arguments(self, name: str) -> RewardSpec:
        nested: list[RewardSpec] = []
        parameters: dict[str, object] = {}
        while not self.take(")"):
            if nested or parameters:
                self.expect(",")
            key = _KEY.match(self.text, self.place)
            if not key:
                nested.append(self.reward())
                continue
            self.place = key.end()
            if key.group(1) in parameters:
                raise SpecError(f"rewards spec {self.text!r}: {name} is given {key.group(1)!r} twice; give it once.")
            parameters[key.group(1)] = self.value()
        return RewardSpec(name, tuple(nested), tuple(parameters.items()))

    def value(self) -> object:
        start = self.place
        self.skip_value()
        written = self.text[start : self.place].strip()
        if not written:
            raise self.error("a value")
        try:
            value: object = ast.literal_eval(written)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return self.bare_word(written)
        return value

    def bare_word(self, written: str) -> str:
        if re.fullmatch(r"[^\s'\"()\[\]{}=,]+", written):
            return written
        raise SpecError(f"rewards spec {self.text!r}: {written!r} is no Python literal; put text into quotes.")

    def skip_value(self) -> None:
        """Move to the comma or bracket that ends the value, past quotes and inner brackets."""
        closers: list[str] = []
        while self.place < len(self.text):
            char = self.text[self.place]
            if char in "'\"":
                self.skip_quoted(char)
                continue
            if not closers and char in ",)":
                return
            if char in _OPENING:
                closers.append(_OPENING[char])
            elif closers and char == closers[-1]:
                closers.pop()
            self.place += 1
        raise self.error("')'")

    def skip_quoted(self, quote: str) -> None:
        self.place += 1
        while self.place < len(self.text) and self.text[self.place] != quote:
            self.place += 2 if self.text[self.place] == "\\" else 1
        self.place += 1

    def weight(self) -> float:
        self.skip_space()
        start = self.place
        while self.place < len(self.text) and self.text[self.place] != ",":
            self.place += 1
        written = self.text[start : self.place].strip()
        try:
            weight = float(written)
        except ValueError:
            weight = math.nan
        if not math.isfinite(weight):
            raise SpecError(f"rewards spec {self.text!r}: weight {written!r} is no finite number; write such as 0.5.")
        return weight

    def take(self, char: str) -> bool:
        self.skip_space()
        if not self.text.startswith(char, self.place):
            return False
        self.place += 1
        return True

    def expect(self, char: str) -> None:
        if not self.take(char):
            raise self.error(repr(char))

    def skip_space(self) -> None:
        while self.place < len(self.text) and self.text[self.place].isspace():
            self.place += 1

    def at_end(self) -> bool:
        self.skip_space()
        return self.place >= len(self.text)

    def error(self, wanted: str) -> SpecError:
        found = repr(self.text[self.place : self.place + 12]) if self.place < len(self.text) else "the end"
        return SpecError(
            f"rewards spec {self.text!r}: expected {wanted} at character {self.place + 1}, found {found}. "
            "Write such as 'correctness=2,length(target=200)=0.25'."
        )
