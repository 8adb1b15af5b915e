"""What an evaluation is made of, on one screen: prompts, requests, rows, engines and runs."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from ..errors import GrpokitError
from .progress import Grow, unwatched

if TYPE_CHECKING:
    from ..rewards.graded import Grade
    from ..rewards.text import Text

COLDEST = 1e-6
"""The lowest temperature but 0: below it logits overflow, and another token than the likeliest is drawn."""

FinishReason = Literal["eos", "stop", "length", "refused", "missing"]


CONTINUATIONS = "continuations"
"""The column of a prompt that holds the texts whose likelihood is asked, where the task asks for that."""


BEFORE_CONTINUATIONS = "before_continuations"
"""The column of a prompt that holds what stands between it and each of those texts, where the task says that."""


class EvaluationError(GrpokitError):
    """An evaluation cannot be done as asked."""


class Prompt(NamedTuple):
    """One question: ``text`` as the model is asked (string or messages), ``columns`` as rewards see it.

    ``columns`` holds the row of the data set; the reference stands in ``columns["reference"]``.
    """

    id: str
    text: Text
    columns: Mapping[str, Any]


class Request(NamedTuple):
    """Sample number ``sample`` (from 0) of ``prompt``."""

    prompt: Prompt
    sample: int

    def key(self, seed: int) -> int:
        """Return the signed 64-bit number that the row's noise is drawn from: of seed, prompt id and sample alone.

        >>> Request(Prompt("7", "2+2?", {}), 0).key(0)
        -5162914506015751792
        """
        text = f"{seed}\0{self.sample}\0{self.prompt.id}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little", signed=True)


class Row(NamedTuple):
    """One line of ``completions.jsonl``; ``tokens`` counts generated tokens, the closing eos included.

    ``finish_reason``, ``tokens`` and ``token_ids`` are None for completions whose source did not say. A row that an
    endpoint "refused" has an empty text. So has a "missing" one: its source has null there, and no reward applies.
    ``graded`` holds what the tool that wrote a log made of the completion: a value and what it said, by metric.
    """

    prompt_id: str
    sample: int
    text: Text
    finish_reason: FinishReason | None
    tokens: int | None
    token_ids: Sequence[int] | None
    model: str
    weights: str
    graded: Mapping[str, Grade] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the line as a JSON object; only what was graded elsewhere says so."""
        line = self._asdict()
        if self.graded is None:
            del line["graded"]
        return line


@dataclass(frozen=True)
class Sampling:
    """How completions are drawn. Temperature 0 is greedy; ``top_k`` 0 and ``top_p`` 1 switch those filters off.

    With ``likelihood`` nothing is generated: the model says how likely each of the texts in :data:`CONTINUATIONS` is
    behind the prompt, and its completion is the likeliest. ``template`` holds arguments of the chat template, such as
    ``enable_thinking``; a model's own go before them.
    """

    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    max_new_tokens: int = 256
    stop: tuple[str, ...] = ()
    seed: int = 0
    likelihood: bool = False
    template: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.likelihood and (self.samples > 1 or self.temperature > 0):
            raise EvaluationError("choices are asked by their likelihood, once: leave out samples and temperature.")
        if self.samples < 1:
            raise EvaluationError(f"samples={self.samples}: give at least 1.")
        if self.temperature != 0 and not COLDEST <= self.temperature < math.inf:
            raise EvaluationError(f"temperature={self.temperature}: give 0 (greedy) or a number from {COLDEST:g} up.")
        if self.samples > 1 and self.temperature == 0:
            raise EvaluationError(
                f"samples={self.samples} with temperature=0: greedy samples are all equal; give a temperature, "
                "such as 1.0, or one sample."
            )
        if not 0 < self.top_p <= 1:
            raise EvaluationError(f"top_p={self.top_p}: give a number above 0 and at most 1.")
        if self.top_k < 0:
            raise EvaluationError(f"top_k={self.top_k}: give 0 (off) or a positive number.")
        if not all(self.stop):
            raise EvaluationError("stop='': every completion would end before it begins; give the text to stop at.")
        if self.max_new_tokens < 1:
            raise EvaluationError(f"max_new_tokens={self.max_new_tokens}: give at least 1.")


class Engine(Protocol):
    """Turns requests into rows."""

    @property
    def name(self) -> str:
        """The model's name, as reports show it."""
        ...

    @property
    def weights(self) -> str:
        """The fingerprint of the weights that answer."""
        ...

    def plan(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Prompt]:
        """Return the prompts in the order they are best generated; raise when one cannot be.

        A finished run is in the order in which they were given.
        """
        ...

    def generate(self, requests: Sequence[Request], sampling: Sampling, grow: Grow = unwatched) -> Iterator[list[Row]]:
        """Yield finished rows batch by batch, in any order; ``grow`` is told of tokens as they are generated."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return what the manifest keeps of this engine: checkpoint, adapter, template hash, device, proof."""
        ...
