"""The score of a reward model: a checkpoint that was trained to say how good an answer to a prompt is."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import ClassVar

from ..parameters import is_number
from ..reward import Batch, Judgement, Range, Reward
from ..text import RewardError, Text, in_trl_form, strip_eos
from .checkpoint import weights_of
from .scorer import TooLong, scorer


@dataclass(frozen=True, kw_only=True)
class RewardModel(Reward):
    """``scale · (score − center)``, where the score is the one logit that a reward model gives prompt and completion.

    ``model`` is a sequence-classification checkpoint with one label, or a LoRA adapter on one: a folder or a hub id.
    Prompts and completions that are messages go through the model's own chat template; plain strings stand one behind
    the other, as in TRL, whose values for a reward model these are. ``device`` is a torch device; "cuda" is the GPU of
    this process. On a CPU the model computes in float32, elsewhere in the checkpoint's own dtype. A process loads it
    once per device, and judges in batches of texts of like length, whose rounding is the only effect that they have on
    each other.

    Scores are raw and have no range, unless ``low`` and ``high`` are given: then they are clipped to them. ``center``
    and ``scale`` bring the score to the size of the other rewards of a mix: their mean and 1 / standard deviation over
    completions of the base do.

    None where prompt and completion are longer than the model's context. The fingerprint is that of the weights and
    the chat template, wherever they lie.

    Raises :class:`RewardError` at construction for parameters of the wrong kind; when called without ``model`` or
    without prompts, for a model that cannot be loaded, has another number of labels than one, a head that the files
    do not hold, or no chat template where prompts are messages.

    Source: Ouyang et al., "Training language models to follow instructions", arXiv 2203.02155.

    >>> RewardModel(model="org/judge", scale=0.5, low=-1, high=1).range
    Range(low=-1, high=1)
    """

    name: ClassVar[str] = "reward_model"
    loads_model: ClassVar[bool] = True
    reads_prompt: ClassVar[bool] = True
    model: str = ""
    device: str = "cpu"
    center: float = 0.0
    scale: float = 1.0
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        for name in ("model", "device"):
            if not isinstance(getattr(self, name), str):
                raise RewardError(f"{self.name}: {name}={getattr(self, name)!r}; write a name.")
        if not is_number(self.center):
            raise RewardError(f"{self.name}: center={self.center!r}; write a number, such as the mean score of a base.")
        if not is_number(self.scale) or self.scale == 0:
            raise RewardError(f"{self.name}: scale={self.scale!r}; write a number other than 0, such as 0.5.")
        ends = ((self.low, -math.inf), (self.high, math.inf))
        if not all(is_number(end) or end == open_end for end, open_end in ends) or not self.low < self.high:
            raise RewardError(
                f"{self.name}: low={self.low!r}, high={self.high!r}; write numbers of which low is the smaller one."
            )

    @property
    def range(self) -> Range:
        """From ``low`` to ``high``: without them there are no ends."""
        return Range(self.low, self.high)

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits over what gives the values: weights, chat template, and what is made of the score."""
        if not self.model:
            return super().fingerprint
        values = [self.center, self.scale, self.low, self.high]
        payload = json.dumps([self.name, self.version, list(map(repr, map(float, values))), weights_of(self.model)])
        return hashlib.sha256(payload.encode()).hexdigest()[:16]

    def judge(self, batch: Batch) -> list[Judgement]:
        if not self.model:
            raise RewardError(f"{self.name} judges by a model: write {self.name}(model=PATH_OR_ID).")
        if batch.prompts is None:
            raise RewardError(f"{self.name} judges an answer to its prompt, and there are no prompts here.")
        asked = [_with_answer(*pair) for pair in zip(batch.prompts, batch.raw, strict=True)]
        return [self._judgement(score) for score in scorer(self.model, self.device).score(asked)]

    def _judgement(self, score: float | TooLong) -> Judgement:
        if isinstance(score, TooLong):
            return Judgement(None, "too long", f"prompt and completion have {score.size}; {score.context}")
        value = min(max(self.scale * (score - self.center), self.low), self.high)
        return Judgement(value, "scored", f"the model's score is {score:.4g}")


def _with_answer(prompt: Text, completion: Text) -> Text:
    """Return prompt and completion as one text: a string where the prompt is one, else messages.

    >>> _with_answer("2+2=", "4</s>")
    '2+2=4'
    >>> _with_answer([{"role": "user", "content": "2+2?"}], "4")[-1]
    {'role': 'assistant', 'content': '4'}
    """
    answer = in_trl_form(completion, prompt)
    if isinstance(prompt, str) or isinstance(answer, str):
        return f"{prompt}{strip_eos(str(answer))}"
    contents = [(message, message.get("content")) for message in answer]
    return [
        *prompt,
        *({**message, "content": strip_eos(text)} if isinstance(text, str) else message for message, text in contents),
    ]


reward_model = RewardModel()
