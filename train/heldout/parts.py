"""The held-out questions in two parts: one chooses a checkpoint, and the other judges what was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...evaluate.types import Prompt
from .overlap import keep_back, without_held_out

LEAST = 100
"""Fewer questions than this are not cut in two: a half would show nothing."""


class HeldOutPart(NamedTuple):
    """Some held-out prompts, and in words where they are from."""

    prompts: list[Prompt]
    source: str


class HeldOutParts(NamedTuple):
    """What is asked while training (``looks``), and what base and tuned are asked in the end (``final``).

    ``apart``: no question is in both. Else both are the same.
    """

    looks: HeldOutPart
    final: HeldOutPart
    apart: bool

    @property
    def prompts(self) -> list[Prompt]:
        """The prompts of both, each once."""
        return [*self.looks.prompts, *self.final.prompts] if self.apart else self.final.prompts

    @property
    def sentence(self) -> str:
        """How many questions choose the checkpoint, and how many judge it, in words."""
        looks, final = (f"{len(part.prompts)} questions ({part.source})" for part in (self.looks, self.final))
        if self.apart:
            return f"{looks} choose the checkpoint, {final} that no look sees judge it."
        return (
            f"the same {final} choose the checkpoint and judge it, which flatters it; {LEAST} or more are cut in two."
        )


def set_apart(whole: HeldOutPart, validation: Sequence[Prompt], cluster: str | None) -> HeldOutParts:
    """Let looks ask the ``validation`` prompts that are not held-out ones too, else one half of the ``whole`` part.

    Halves are cut by a hash of the ``cluster`` (a column), or of the prompt: the same ones whatever their order and the
    training's seed. Fewer than 100 questions, and clusters so large that one part would have less than a third of the
    questions, are not cut.

    >>> whole = HeldOutPart([Prompt(str(number), f"What is {number}?", {}) for number in range(100)], "test split")
    >>> parts = set_apart(whole, [], None)
    >>> len(parts.looks.prompts), len(parts.final.prompts), parts.final.source
    (50, 50, 'the other half of the test split')
    >>> set_apart(HeldOutPart(whole.prompts[:99], "test split"), [], None).apart
    False
    """
    own = without_held_out(validation, whole.prompts).prompts
    if own:
        return HeldOutParts(HeldOutPart(own, "validation split"), whole, apart=True)
    final, looks = keep_back(whole.prompts, 0.5, cluster)
    if len(whole.prompts) < LEAST or 3 * min(len(final), len(looks)) < len(whole.prompts):
        return HeldOutParts(whole, whole, apart=False)
    return HeldOutParts(
        HeldOutPart(looks, f"one half of the {whole.source}"),
        HeldOutPart(final, f"the other half of the {whole.source}"),
        apart=True,
    )
