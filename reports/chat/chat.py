"""A talk with several models at once: one prompt, every model's answer as it grows, and what the rewards say of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ...errors import GrpokitError
from ...evaluate.engines import Loading, load_engines
from ...evaluate.engines.prompts import TooLong
from ...evaluate.engines.spec import ModelSpec
from ...evaluate.scoring import score_rows, try_mix
from ...evaluate.types import FinishReason, Prompt, Row, Sampling
from ...rewards import RewardMix
from ...rewards.fault_isolation import GuardedMix
from ...rewards.reward import Judgement

if TYPE_CHECKING:
    from ...evaluate.engines.streaming import Partial
    from ...evaluate.engines.transformers import TransformersEngine

TIE, NEITHER = "tie", "none"
"""Choices of a vote beside the models' names: the answers are equally good, or none of them is good."""


class ChatError(GrpokitError):
    """A talk cannot be held as asked."""


class Turn(NamedTuple):
    """A question of a talk that goes on, and what each model answered, in the order of the chat's models."""

    prompt: str
    answers: tuple[str, ...]


class Question(NamedTuple):
    """What the models are asked: ``system`` may be empty; an empty ``reference`` is none."""

    system: str
    prompt: str
    reference: str = ""

    def to_prompt(self, turns: Sequence[Turn] = (), place: int = 0) -> Prompt:
        """Return the question as an evaluation asks it, behind the ``turns`` of the model at ``place``.

        Its id is that of the questions alone, so that all models share the noise of a talk.
        """
        messages = [{"role": "system", "content": self.system}] if self.system.strip() else []
        for turn in turns:
            messages += [{"role": "user", "content": turn.prompt}]
            messages += [{"role": "assistant", "content": turn.answers[place]}]
        messages += [{"role": "user", "content": self.prompt}]
        asked = (self.system, *(turn.prompt for turn in turns), self.prompt)
        identity = hashlib.sha256(repr(asked).encode()).hexdigest()[:16]
        return Prompt(identity, messages, {"reference": self.reference.strip() or None})


class Answer(NamedTuple):
    """An answer so far. ``finish_reason`` is None while it grows; ``rewards`` are empty until it is whole."""

    text: str
    tokens: int
    finish_reason: FinishReason | None
    total: float | None
    rewards: Mapping[str, Judgement]


@dataclass(frozen=True)
class Chat:
    """Loaded models, the mix that scores their answers, and what a page offers to begin with.

    ``specs`` say where the models of ``engines`` came from, one for one. ``reference`` is the data's own name of the
    reference's column, under which rewards get it too. ``loading`` says how the weights were loaded.
    """

    specs: tuple[ModelSpec, ...]
    engines: tuple[TransformersEngine, ...]
    mix: RewardMix
    sampling: Sampling
    examples: tuple[Question, ...]
    reference: str | None = None
    loading: Loading = field(default_factory=Loading)

    @cached_property
    def guarded(self) -> GuardedMix:
        """The mix as it is called: what a reward does wrong costs its own answers."""
        return GuardedMix(self.mix)

    @property
    def names(self) -> list[str]:
        """The models' names, in the order they were given."""
        return [engine.name for engine in self.engines]

    def ask(self, question: Question, sampling: Sampling, turns: Sequence[Turn] = ()) -> Iterator[list[Answer]]:
        """Yield all answers after every token that one of the models wrote; the models take turns.

        ``turns`` are what was said before; each model sees its own answers.

        Raises :class:`ChatError` for an empty prompt and for one that does not fit a model's context.
        """
        from ...evaluate.engines.streaming import stream

        if not question.prompt.strip():
            raise ChatError("the prompt is empty; write something to ask.")
        prompts = [question.to_prompt(turns, place) for place in range(len(self.engines))]
        self._check_fit(prompts, sampling, "ask something shorter" if not turns else "begin a new talk")
        answers = [Answer("", 0, None, None, {}) for _ in self.engines]
        growing = {place: stream(engine, prompts[place], sampling) for place, engine in enumerate(self.engines)}
        while growing:
            for place, parts in list(growing.items()):
                part = next(parts)
                answers[place] = self._answer(part, prompts[place])
                if part.finish_reason is not None:
                    del growing[place]
                yield list(answers)

    def _check_fit(self, prompts: Sequence[Prompt], sampling: Sampling, way_out: str) -> None:
        for engine, prompt in zip(self.engines, prompts, strict=True):
            try:
                engine.plan([prompt], sampling)
            except TooLong as error:
                room = error.context - error.tokens
                hint = f"lower max new tokens to {room}, or {way_out}" if room > 0 else way_out
                raise ChatError(
                    f"prompt and system message have {error.tokens} tokens; with {sampling.max_new_tokens} new ones "
                    f"that is more than the context of {engine.name}, {error.context}: {hint}."
                ) from None

    def _answer(self, part: Partial, prompt: Prompt) -> Answer:
        """Score a whole answer, alone: a reward that compares within a group sees a group of one."""
        count = len(part.token_ids)
        if part.finish_reason is None:
            return Answer(part.text, count, None, None, {})
        row = Row(prompt.id, 0, part.text, part.finish_reason, count, part.token_ids, "", "")
        score = score_rows([row], [prompt], self.guarded, self.reference)[0]
        return Answer(part.text, count, part.finish_reason, score.total, score.rewards)


def open_chat(
    specs: Sequence[ModelSpec],
    mix: RewardMix,
    sampling: Sampling,
    examples: Iterable[Question] = (),
    loading: Loading | None = None,
    reference: str | None = None,
) -> Chat:
    """Load the models; those that name the same base share one load of it.

    Raises :class:`ChatError` for a model whose weights are not loaded here or whose name a vote could not say, and
    :class:`~grpokit.errors.GrpokitError` for a checkpoint, an adapter or a mix that cannot be used.
    """
    from ...evaluate.engines.transformers import TransformersEngine

    for spec in specs:
        if spec.kind != "transformers":
            raise ChatError(f"{spec.name}: answers of {spec.kind} models do not stream here; give a folder or hub id.")
        if spec.name in (TIE, NEITHER):
            raise ChatError(f"a model is named {spec.name!r}, as a vote for no model is; give another name: NAME=PATH.")
    try_mix(mix, Question("", "?").to_prompt(), [], reference)
    engines = tuple(engine for engine in load_engines(specs, loading=loading) if isinstance(engine, TransformersEngine))
    return Chat(tuple(specs), engines, mix, sampling, tuple(examples), reference, loading or Loading())


def questions(prompts: Iterable[Prompt], limit: int) -> list[Question]:
    """Return the first ``limit`` prompts that are one message of a user's, with or without a system message."""
    return list(islice(filter(None, map(_question, prompts)), limit))


def _question(prompt: Prompt) -> Question | None:
    messages = list(prompt.text) if not isinstance(prompt.text, str) else [{"role": "user", "content": prompt.text}]
    if [message["role"] for message in messages] not in (["user"], ["system", "user"]):
        return None
    system = str(messages[0]["content"]) if len(messages) > 1 else ""
    return Question(system, str(messages[-1]["content"]), _reference(prompt.columns.get("reference")))


def _reference(value: object) -> str:
    """Return a reference that can stand in a box of text: of several right answers the first."""
    if isinstance(value, list) and value:
        return _reference(value[0])
    return str(value) if isinstance(value, str | int | float) else ""
