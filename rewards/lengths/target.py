"""Rewards for the length of a completion: characters around a target, or tokens that should not run over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..parameters import check_positive, check_whole
from ..reward import Batch, Judgement, Reward, Span
from ..text import Completion


def closeness(length: float, target: float, tolerance: float) -> float:
    """Return ``1 − min(1, |length − target| / tolerance)``: 1 at the target, 0 from one tolerance away.

    >>> [closeness(length, target=200, tolerance=100) for length in (200, 150, 250, 300, 900)]
    [1.0, 0.5, 0.5, 0.0, 0.0]
    """
    return 1.0 - min(1.0, abs(length - target) / tolerance)


def token_closeness(tokens: int, target: int, overrun: float) -> float:
    """Return 1 at ``target`` tokens, ``1 − ((target − n)/target)²`` below and a steep straight line above.

    Above the target the value falls to 0 at ``target · (1 + overrun)`` tokens.

    >>> [token_closeness(n, target=100, overrun=0.25) for n in (0, 50, 90, 100, 110, 125, 500)]
    [0.0, 0.75, 0.99, 1.0, 0.6, 0.0, 0.0]
    """
    if tokens > target:
        return closeness(tokens, target, overrun * target)
    return 1.0 - ((target - tokens) / target) ** 2


@dataclass(frozen=True)
class Length(Reward):
    """Closeness to an ideal length in characters: ``1 − min(1, |len − target| / tolerance)``, in [0, 1].

    ``len`` counts the characters of the final part (what follows the reasoning; the whole text without
    reasoning), with runs of white space counted as one space and none at the ends, and characters that
    cannot be seen (controls, zero-width ones) not at all: a summary's length is what its reader reads, and
    blanks cannot pad it. ``tolerance`` is the distance, in characters, at which
    the value reaches 0; it defaults to ``target``. Where nothing is written after the reasoning the value
    is 0 whatever the tolerance. Never None.

    Raises :class:`RewardError` at construction when ``target`` or ``tolerance`` is not positive.

    The length reward of summarisation recipes for GRPO (``reward_len``), brought to [0, 1].

    >>> Length(target=10)(completions=["ten  chars", "twenty characters ok", ""])
    [0.9, 0.0, 0.0]
    >>> Length(target=5)(completions=["<think>a long thought</think>\\nshort"])
    [1.0]
    """

    name: ClassVar[str] = "length"
    reads: ClassVar[tuple[str, ...]] = ("reasoning_tags",)
    target: float = 120
    tolerance: float | None = None

    def __post_init__(self) -> None:
        check_positive(self.name, "target", self.target, example=120)
        if self.tolerance is not None:
            check_positive(self.name, "tolerance", self.tolerance, example=60)

    def judge(self, batch: Batch) -> list[Judgement]:
        return [self._judge_one(completion) for completion in batch.read(self.layout)]

    def _judge_one(self, completion: Completion) -> Judgement:
        if completion.final is None:
            return Judgement(0.0, "no answer", "the reasoning never ends, so nothing is written after it")
        length = _visible_length(completion.final)
        if not length:
            return Judgement(0.0, "empty", "nothing is written")
        value = closeness(length, self.target, self.tolerance or self.target)
        span = Span(completion.final_start, completion.final_start + len(completion.final))
        return Judgement(value, _side(length, self.target), f"{length} characters for {self.target:g}", span)


def _visible_length(text: str) -> int:
    """Return the number of characters that can be seen, each run of white space between them counted as one."""
    plain = " ".join(text.split())
    if plain.isprintable():
        return len(plain)
    return len(" ".join("".join(filter(str.isprintable, plain)).split()))


@dataclass(frozen=True)
class TokenLength(Reward):
    """Closeness to an ideal token count, slow below it and steep above it, in [0, 1].

    With n the tokens of the completion (reasoning and closing end-of-sequence token included)::

        n ≤ target:  1 − ((target − n) / target)²
        n > target:  1 − min(1, (n − target) / (overrun · target))

    so half the ideal still earns 0.75, and with the default ``overrun`` of a quarter, half as much again
    earns nothing. ``target`` is in tokens, ``overrun`` a share of the target. An empty completion earns 0.
    Never None; needs ``completion_ids``.

    Raises :class:`RewardError` at construction for a target below 1 or an overrun that is not positive, and
    when called without ``completion_ids``.

    >>> TokenLength(target=4)(completions=["", "", ""], completion_ids=[[7, 8], [7, 8, 9, 9], [7] * 5])
    [0.75, 1.0, 0.0]
    """

    name: ClassVar[str] = "token_length"
    target: int = 50
    overrun: float = 0.25

    def __post_init__(self) -> None:
        check_whole(self.name, "target", self.target, example=50)
        check_positive(self.name, "overrun", self.overrun, example=0.25)

    def judge(self, batch: Batch) -> list[Judgement]:
        return [self._judge_one(count) for count in batch.token_counts(self.name)]

    def _judge_one(self, tokens: int) -> Judgement:
        value = token_closeness(tokens, self.target, self.overrun)
        return Judgement(value, _side(tokens, self.target), f"{tokens} tokens for {self.target}")


def _side(length: float, target: float) -> str:
    if length == target:
        return "on target"
    return "short" if length < target else "long"


length = Length()
token_length = TokenLength()
