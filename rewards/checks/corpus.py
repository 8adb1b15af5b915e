"""The corpus of hard cases: short texts on which reward functions are known to go wrong, with what is right."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from ...errors import GrpokitError
from ..function import FunctionReward
from ..reward import Reward
from ..text import Text


@dataclass(frozen=True)
class Case:
    """One case of ``corpus.jsonl``: a batch for the reward family ``reward``, and what must come out.

    Exactly one of these says what is right. ``values``: one per completion, each a number, null, or a pair
    [low, high]. ``falls``: the values fall strictly from first to last. ``equal``: they are all the same.
    ``invalid``: ``parameters`` are refused when the reward is built. ``tokens`` gives the number of token ids
    per completion; ``reference`` holds for all completions.
    """

    reward: str
    why: str
    completions: tuple[Text, ...] = ("",)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reference: str | int | None = None
    ungated: bool = False
    prompt: Text = "How many are there?"
    tokens: tuple[int, ...] | None = None
    values: tuple[Any, ...] | None = None
    falls: bool = False
    equal: bool = False
    invalid: bool = False

    def applies(self, reward: Reward) -> bool:
        """Return whether this reward has the parameters of the case; a plain function has none of them."""
        known = {f.name for f in fields(reward)} - {"function", "arguments"}
        return set(self.parameters) <= known and not (self.invalid and isinstance(reward, FunctionReward))

    def problem(self, reward: Reward) -> str | None:
        """Ask the reward, built with the case's parameters; return what is wrong with its answer, or None."""
        try:
            built = replace(reward, **self.parameters) if self.parameters else reward
            got = [] if self.invalid else self._ask(built)
        except GrpokitError as error:
            return None if self.invalid else str(error)
        return self._wrong(got)

    def _ask(self, reward: Reward) -> list[float | None]:
        count = len(self.completions)
        ids = None if self.tokens is None else [list(range(length)) for length in self.tokens]
        columns: dict[str, list[Any]] = {} if self.ungated else {"answer": [self.reference] * count}
        return reward(completions=self.completions, prompts=[self.prompt] * count, completion_ids=ids, **columns)

    def _wrong(self, got: list[float | None]) -> str | None:
        if self.invalid:
            return f"{dict(self.parameters)} was accepted"
        if self.values is not None:
            right = all(_matches(value, wanted) for value, wanted in zip(got, self.values, strict=True))
            return None if right else f"gave {got}, expected {list(self.values)}"
        known = [value for value in got if value is not None]
        if self.falls:
            falling = all(first > second for first, second in pairwise(known))
            return None if falling and len(known) == len(got) else f"gave {got}, expected falling values"
        return None if len(set(got)) == 1 else f"gave {got}, expected equal values"


def _matches(value: float | None, wanted: Any) -> bool:
    if value is None or wanted is None:
        return value is None and wanted is None
    if isinstance(wanted, list):
        return bool(wanted[0] <= value <= wanted[1])
    return math.isclose(value, wanted, abs_tol=1e-6)


@lru_cache(maxsize=1)
def load_corpus() -> tuple[Case, ...]:
    """Return all cases that come with the package.

    >>> len(load_corpus()) > 80
    True
    """
    text = files(__package__).joinpath("corpus.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines() if line]
    lists = ("completions", "tokens", "values")
    return tuple(Case(**row | {key: tuple(row[key]) for key in lists if key in row}) for row in rows)
