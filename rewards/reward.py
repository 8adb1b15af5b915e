"""What a reward is.

A reward is a frozen, picklable object that TRL can call as a reward function. It judges a
:class:`Batch` of completions and gives one :class:`Judgement` for each: the value, and why.
Subclasses are frozen dataclasses whose fields are the reward's parameters, validated when it is built.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Self

from .layout import DEFAULT_LAYOUT, KEYS, Layout, LayoutError, Setting, agree
from .text import Completion, NoReferenceError, RewardError, Text, in_trl_form, normalise
from .user_code import copied

REFERENCE_COLUMNS = ("answer", "solution", "reference", "ground_truth")
"""The columns a reference is read from, in this order, unless ``reference_column`` names another."""


NO_ANSWER = ("no answer", "no final answer", "no answer block", "empty answer", "empty", "unclosed")
"""The statuses of a completion in which a reward found no answer to judge ("unclosed": a block that never closes)."""


class Span(NamedTuple):
    """Characters ``start`` to ``end`` (end excluded) of :attr:`Completion.text`."""

    start: int
    end: int


class Range(NamedTuple):
    """The closed interval that a reward's values lie in."""

    low: float
    high: float


class Judgement(NamedTuple):
    """One completion's value and the reason for it.

    ``value`` is None where the reward does not apply (no reference, an unreadable one); reports count
    those apart. ``status`` is a short fixed word that can be counted ("correct", "no answer"); ``reason``
    is a sentence for people; ``span`` is the part of the text that decided.
    """

    value: float | None
    status: str
    reason: str
    span: Span | None = None


@dataclass(frozen=True)
class Batch:
    """What a reward is called with: n raw completions and, per completion, prompts, token ids and columns.

    ``extras`` is what a trainer gives beside them, once for all completions: its state, functions that log.
    """

    raw: Sequence[Text]
    prompts: Sequence[Text] | None
    completion_ids: Sequence[Sequence[int]] | None
    columns: Mapping[str, Sequence[Any]]
    extras: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _readings: dict[tuple[str, ...], list[Completion]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        self._check_length("prompts", self.prompts)
        self._check_length("completion_ids", self.completion_ids)
        for name, values in self.columns.items():
            self._check_length(name, values)

    def _check_length(self, name: str, values: Sequence[Any] | None) -> None:
        if values is None:
            return
        if isinstance(values, str):
            raise RewardError(f"{name}={values!r} is one string; give a list with one value per completion.")
        if len(values) != len(self.raw):
            raise RewardError(
                f"{name} has {len(values)} values for {len(self.raw)} completions; give one per completion."
            )

    def __len__(self) -> int:
        return len(self.raw)

    def take(self, rows: Sequence[int]) -> Batch:
        """Return a batch of these of the completions, in this order.

        >>> Batch(["a", "b"], None, None, {"answer": ["1", "2"]}).take([1]).columns
        {'answer': ['2']}
        """
        prompts, ids = self.prompts, self.completion_ids
        return Batch(
            [self.raw[row] for row in rows],
            None if prompts is None else [prompts[row] for row in rows],
            None if ids is None else [ids[row] for row in rows],
            {name: [values[row] for row in rows] for name, values in self.columns.items()},
            self.extras,
        )

    def copy(self) -> Batch:
        """Return a batch whose lists and mappings are the receiver's own, at any depth."""
        columns = {name: copied(values) for name, values in self.columns.items()}
        return Batch(copied(self.raw), copied(self.prompts), copied(self.completion_ids), columns, self.extras)

    def as_messages(self) -> Batch:
        """Return the batch as it is of a chat: prompts and completions are messages."""
        prompts = [""] * len(self) if self.prompts is None else self.prompts
        asked = [[{"role": "user", "content": one}] if isinstance(one, str) else one for one in prompts]
        raw = [in_trl_form(one, prompt) for one, prompt in zip(self.raw, asked, strict=True)]
        return Batch(raw, asked, self.completion_ids, self.columns, self.extras)

    @property
    def completions(self) -> list[Completion]:
        """The completions as the default layout reads them; a reward reads them by its own with :meth:`read`."""
        return self.read(DEFAULT_LAYOUT)

    def read(self, layout: Layout) -> list[Completion]:
        """Return the completions as a layout reads them, normalised once for all rewards of a mix."""
        known = self._readings.get(layout.reasoning_tags)
        if known is None:
            prompts = [None] * len(self) if self.prompts is None else self.prompts
            known = [normalise(raw, prompt, layout) for raw, prompt in zip(self.raw, prompts, strict=True)]
            self._readings[layout.reasoning_tags] = known
        return known

    def references(self, column: str | None, reward: str) -> Sequence[Any]:
        """Return one reference per completion, None where a row has none.

        Raises :class:`NoReferenceError` naming the columns that exist when there is no such column.
        """
        references = self.optional_references(column)
        if references is None:
            wanted = repr(column) if column else " or ".join(map(repr, REFERENCE_COLUMNS))
            have = ", ".join(self.columns) or "none"
            raise NoReferenceError(f"{reward} needs a reference column {wanted}; columns here: {have}.")
        return references

    def optional_references(self, column: str | None) -> Sequence[Any] | None:
        """Return the references, or None when the batch has no reference column at all."""
        for name in (column,) if column else REFERENCE_COLUMNS:
            if name in self.columns:
                return self.columns[name]
        return None

    def token_counts(self, reward: str) -> list[int]:
        """Return the number of tokens of each completion; raise when no token ids were given."""
        if self.completion_ids is None:
            raise RewardError(
                f"{reward} counts tokens, but there are no completion_ids. Score completions that carry "
                "token ids, or use a reward that counts characters, such as 'length'."
            )
        return [len(ids) for ids in self.completion_ids]

    @cached_property
    def groups(self) -> list[list[int]]:
        """Indices of the completions that answer the same prompt; without prompts all are one group."""
        if self.prompts is None:
            return [list(range(len(self)))]
        groups: dict[str, list[int]] = {}
        for index, prompt in enumerate(self.prompts):
            key = prompt if isinstance(prompt, str) else json.dumps(prompt, sort_keys=True, default=str)
            groups.setdefault(key, []).append(index)
        return list(groups.values())


@dataclass(frozen=True)
class Reward(ABC):
    """Base of all rewards: judge a batch, be called by TRL, explain, and have a stable fingerprint.

    A reward that looks for reasoning or answers takes ``batch.read(self.layout)`` and names in ``reads`` what of the
    layout its values depend on; ``batch.completions`` is for those that look at the whole text.
    """

    name: ClassVar[str]
    """The registered name."""
    version: ClassVar[int] = 1
    """Version of the reward's own semantics: raised when the same text would get another value by them."""
    judges_by: ClassVar[tuple[type[Reward], ...]] = ()
    """The rewards whose verdicts its values depend on, beside its parts: their versions count as its own."""
    reads: ClassVar[tuple[str, ...]] = ()
    """What the values depend on of the layout, by the names of :class:`~grpokit.rewards.layout.Layout`'s attributes. A
    parameter of such a name is the layout's where it is None."""

    loads_model: ClassVar[bool] = False
    """Whether it loads a model, which every process that judges would load again."""
    reads_prompt: ClassVar[bool] = False
    """Whether it judges the prompt's text too, which is another one as messages than as a string."""

    bound: Layout | None = field(default=None, init=False, repr=False)
    """The layout of the mix that the reward belongs to; None where its own parameters say as much. No parameter."""

    @property
    def range(self) -> Range:
        """The documented range of the values: [0, 1] unless a reward says otherwise."""
        return Range(0.0, 1.0)

    @property
    def foreign(self) -> bool:
        """Whether the code of the reward, or of one that it is made of, is not this package's."""
        own = type(self).__module__.startswith(__package__ + ".")
        return not own or any(part.foreign for part in self.parts().values())

    @property
    def spreads(self) -> bool:
        """Whether several processes may judge beside each other: it is this package's, and loads no model."""
        return not (self.foreign or self.loads_model) and all(part.spreads for part in self.parts().values())

    @abstractmethod
    def judge(self, batch: Batch) -> list[Judgement]:
        """Return one judgement per completion, in order."""

    def judge_apart(self, batch: Batch) -> list[Judgement]:
        """Judge a batch that others judge too: code that is not ours gets a copy of it."""
        return self.judge(batch.copy() if self.foreign else batch)

    def __call__(
        self,
        *,
        completions: Sequence[Text],
        prompts: Sequence[Text] | None = None,
        completion_ids: Sequence[Sequence[int]] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """Return one value per completion, as TRL calls reward functions."""
        return [judged.value for judged in self.judge(make_batch(completions, prompts, completion_ids, columns))]

    def explain(
        self,
        *,
        completions: Sequence[Text],
        prompts: Sequence[Text] | None = None,
        completion_ids: Sequence[Sequence[int]] | None = None,
        **columns: Any,
    ) -> list[Judgement]:
        """Return value, status, reason and the span looked at, per completion."""
        return self.judge(make_batch(completions, prompts, completion_ids, columns))

    @property
    def layout(self) -> Layout:
        """Where reasoning and answer stand: as the mix says, or the reward's own parameters where it stands alone."""
        return self.bound or agree([*self.settings(), *self.inherited()])

    def settings(self) -> Iterator[Setting]:
        """Yield the layout's settings that the parameters name, those of the rewards that it is made of too."""
        for key in KEYS:
            value = getattr(self, key) if key in self.reads and hasattr(self, key) else None
            if value is not None:
                yield Setting(self.__name__, key, value)
        for part in self.parts().values():
            yield from part.settings()

    def inherited(self) -> Iterator[Setting]:
        """Yield the settings that the mix gave it, so that a reward taken out of a mix keeps them in another."""
        for key in KEYS:
            if self.bound is not None and getattr(self.bound, key) != getattr(DEFAULT_LAYOUT, key):
                yield Setting(self.__name__, key, getattr(self.bound, key))
        for part in self.parts().values():
            yield from part.inherited()

    def within(self, layout: Layout) -> Self:
        """Return this reward as it is in a mix of this layout, and so the rewards that it is made of."""
        parts = self.parts()
        bound = None if agree(self.settings()) == layout else layout  # one form, so that equal rewards are equal
        if bound == self.bound and all(part.layout == layout for part in parts.values()):
            return self
        made = copy(self)
        for name, part in parts.items():
            object.__setattr__(made, name, part.within(layout))
        object.__setattr__(made, "bound", bound)
        return made

    def parts(self) -> dict[str, Reward]:
        """Return the rewards that it is made of, by the names of its parameters."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Reward)}

    def check_layout(self) -> None:
        """Raise :class:`RewardError` where the reward's own parameters make up no layout."""
        try:
            agree(self.settings())
        except LayoutError as error:
            raise RewardError(f"{self.name}: {error}") from None

    @property
    def all_parameters(self) -> dict[str, Any]:
        """All parameters by name, the layout's with the values that it gives them."""
        layout = self.layout
        return {f.name: getattr(layout if f.name in self.reads else self, f.name) for f in fields(self) if f.init}

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that differ from their defaults."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.init and getattr(self, f.name) != f.default}
        usual = {key: getattr(DEFAULT_LAYOUT, key) for key in KEYS if key in self.reads}
        return {name: value for name, value in own.items() if name not in usual or value != usual[name]}

    @property
    def __name__(self) -> str:
        """The name with its non-default parameters, so that two instances never share a curve."""
        if not self.parameters:
            return self.name
        inner = ",".join(f"{key}={value}" for key, value in self.parameters.items())
        return f"{self.name}({inner})"

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits of (name, versions, all parameters): equal means the same semantics."""
        values = {name: repr(value) for name, value in self.all_parameters.items()}
        for key in self.reads:  # of the rest only what differs, so that stored fingerprints of the default stay
            if key not in values and getattr(self.layout, key) != getattr(DEFAULT_LAYOUT, key):
                values[f"layout.{key}"] = repr(getattr(self.layout, key))
        others = [[reward.name, reward.version] for reward in self.judges_by]
        payload = json.dumps([self.name, self.version, values, *others], sort_keys=True)
        return hashlib.sha256(payload.encode()).hexdigest()[:16]


def make_batch(
    completions: Sequence[Text],
    prompts: Sequence[Text] | None,
    completion_ids: Sequence[Sequence[int]] | None,
    columns: Mapping[str, Any],
) -> Batch:
    """Build a batch from TRL's keyword arguments; what is no column (trainer state, log functions) are its extras."""
    kept = {
        name: values
        for name, values in columns.items()
        if isinstance(values, Sequence) and name not in ("trainer_state", "environments")
    }
    extras = {name: value for name, value in columns.items() if name not in kept}
    return Batch(completions, prompts, completion_ids, kept, extras)


RewardFunction = Callable[..., list[float | None]]
"""Any function that TRL accepts as a reward."""
