"""Rewards of multiple choice that is asked by likelihood: is the likeliest option the right one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from ..reward import Batch, Judgement, Reward
from ..text import Text
from .options import Options, row_options


class _Choice(NamedTuple):
    text: str
    logprob: float


@dataclass(frozen=True)
class Choice(Reward):
    """1 where the option that the model finds likeliest is the right one, else 0: lm-evaluation-harness' ``acc``.

    ``argmax_c log p(c | prompt)``, the first of equal ones. The completion is a chat message whose ``choices`` list
    each option as ``{"text": ..., "logprob": ...}``, as a task with ``choices`` in its card makes them. The reference
    is an option's text, its letter, or its index from 0; where the row has labels of its own (ARC's "1" to "4"), those.

    Range {0, 1}; None without such a message ("no choices"), without a reference ("no reference") and for one that is
    none of the options ("no such choice").

    >>> asked = [{"text": "5", "logprob": -3.5}, {"text": "4", "logprob": -0.25}]
    >>> answered = [{"role": "assistant", "content": "4", "choices": asked}]
    >>> choice(completions=[answered, answered, "4"], answer=["B", 0, "B"])
    [1.0, 0.0, None]
    """

    name: ClassVar[str] = "choice"

    reference_column: str | None = None

    def judge(self, batch: Batch) -> list[Judgement]:
        """Return one judgement per completion, in order."""
        references = batch.references(self.reference_column, self.name)
        rows = [{name: values[at] for name, values in batch.columns.items()} for at in range(len(batch))]
        return [self._judge_one(raw, one, row) for raw, one, row in zip(batch.raw, references, rows, strict=True)]

    def _judge_one(self, raw: Text, reference: object, row: Mapping[str, Any]) -> Judgement:
        choices = _choices(raw)
        if choices is None:
            return Judgement(None, "no choices", "the completion does not say how likely each option is")
        if reference is None:
            return Judgement(None, "no reference", "the row has no reference")
        texts = [one.text for one in choices]
        own = row_options(row)
        options = own if own is not None and len(own.texts) == len(texts) else Options.read(texts)
        right = None if options is None else options.place(reference)
        if right is None:
            return Judgement(None, "no such choice", f"the reference {reference!r:.80} is none of the options")
        scores = [self._score(one) for one in choices]
        likeliest = scores.index(max(scores))
        first = f"{texts[likeliest]!r:.80} is likeliest ({scores[likeliest]:.4g})"
        if likeliest == right:
            return Judgement(1.0, "correct", first)
        return Judgement(0.0, "wrong", f"{first}, the right one has {scores[right]:.4g}")

    def _score(self, choice: _Choice) -> float:
        return choice.logprob


@dataclass(frozen=True)
class ChoiceNorm(Choice):
    """:class:`Choice` with each log-probability over the option's length: lm-evaluation-harness' ``acc_norm``.

    ``argmax_c log p(c | prompt) / len(c)``, the length in characters, so that long options are not at a disadvantage.
    Range, statuses and reference as there.

    >>> asked = [{"text": "No", "logprob": -2.0}, {"text": "Never again", "logprob": -3.0}]
    >>> answered = [{"role": "assistant", "content": "No", "choices": asked}]
    >>> choice(completions=[answered], answer=["B"]), choice_norm(completions=[answered], answer=["B"])
    ([0.0], [1.0])
    """

    name: ClassVar[str] = "choice_norm"

    def _score(self, choice: _Choice) -> float:
        return choice.logprob / len(choice.text)


def _choices(raw: Text) -> list[_Choice] | None:
    """Return what the last message says of the options; None where it says nothing that can be read."""
    listed = raw[-1].get("choices") if isinstance(raw, Sequence) and not isinstance(raw, str) and raw else None
    if not isinstance(listed, Sequence) or len(listed) < 2:
        return None
    try:
        choices = [_Choice(str(one["text"]), float(one["logprob"])) for one in listed]
    except (KeyError, TypeError, ValueError):
        return None
    return choices if all(one.text and one.logprob <= 0 for one in choices) else None


choice = Choice()
"""The reward with default parameters."""

choice_norm = ChoiceNorm()
"""The reward with default parameters."""
