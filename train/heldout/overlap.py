"""Training rows that are held-out rows too, and a part of the rows that is kept back: prompts are known by their words.

Case, white space and punctuation make no other prompt of one, save punctuation beside numbers, single letters and signs
of operations: 12-3 is not 123.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from ...evaluate.types import Prompt
from ...rewards.text import Text

_PIECE = re.compile(r"\w+|[^\w\s]")
_MINUS = "-−–"  # before a number it makes another one of it, whatever stands before
_SIGNS = frozenset(_MINUS + "*/%")  # punctuation to Unicode, and signs of operations


def prompt_key(text: Text) -> str:
    """Return what a prompt asks, in words and signs, without its system message.

    >>> prompt_key("What is 12 - 3 ?") == prompt_key("what is 12-3"), prompt_key("What is 123?")
    (True, 'what is 123')
    >>> prompt_key("Well-known, isn't it?"), prompt_key("(1.5), or x*y"), prompt_key("what is -3 + 5")
    ('well known isn t it', '1 . 5 or x * y', 'what is - 3 + 5')
    """
    pieces = _PIECE.findall(_asked(text).casefold())
    kept = []
    for place, piece in enumerate(pieces):
        if _is_punctuation(piece):
            before = place > 0 and _counts(pieces[place - 1])
            after = place + 1 < len(pieces) and _counts(pieces[place + 1])
            if not after or not (before or piece in _MINUS):
                continue
        kept.append(piece)
    return " ".join(kept)


def _asked(text: Text) -> str:
    if isinstance(text, str):
        return text
    return "\n".join(str(message.get("content")) for message in text if message.get("role") != "system")


def _is_punctuation(piece: str) -> bool:
    return len(piece) == 1 and unicodedata.category(piece).startswith("P")


def _counts(piece: str) -> bool:
    """Return whether a piece is a number, a single letter or a sign, beside which punctuation means something."""
    if len(piece) > 1:
        return any(map(str.isdigit, piece))
    return not _is_punctuation(piece) or piece in _SIGNS


class TrainingRows(NamedTuple):
    """The rows that are trained on, and how many others were left out because they are held-out rows too."""

    prompts: list[Prompt]
    left_out: int

    @property
    def sentence(self) -> str:
        """How many rows were left out, in words; "" where none was."""
        if not self.left_out:
            return ""
        of = len(self.prompts) + self.left_out
        was = "row was a held-out row too and is" if self.left_out == 1 else "rows were held-out rows too and are"
        return (
            f"{self.left_out:,} of {of:,} training {was} left out of training (compared without case, spaces and "
            "punctuation)."
        )


def without_held_out(training: Sequence[Prompt], held_out: Iterable[Prompt]) -> TrainingRows:
    """Leave out the training rows whose prompt is one of the held-out ones.

    >>> training = [Prompt("0", "What is 12-3?", {}), Prompt("1", "what is 123", {})]
    >>> rows = without_held_out(training, [Prompt("0", "What is  123 ?", {})])
    >>> [prompt.id for prompt in rows.prompts], rows.left_out
    (['0'], 1)
    """
    asked = {prompt_key(prompt.text) for prompt in held_out}
    kept = [prompt for prompt in training if prompt_key(prompt.text) not in asked]
    return TrainingRows(kept, len(training) - len(kept))


class Parts(NamedTuple):
    """The rows to train on, and those that are kept back."""

    training: list[Prompt]
    held_out: list[Prompt]


def keep_back(prompts: Sequence[Prompt], share: float, cluster: str | None) -> Parts:
    """Keep a share of the rows back, the same ones whatever their order and the training's seed.

    Rows of one ``cluster`` (a column), and of one prompt, stay together. They are taken in the order of a hash until
    the share is reached.

    >>> prompts = [Prompt(str(number), f"What is {number // 2} + 1?", {}) for number in range(10)]
    >>> parts = keep_back(prompts, 0.2, None)
    >>> len(parts.training), [prompt.text for prompt in parts.held_out]
    (8, ['What is 2 + 1?', 'What is 2 + 1?'])
    """
    units: dict[str, int] = {}
    keys = [_unit(prompt, cluster) for prompt in prompts]
    for key in keys:
        units[key] = units.get(key, 0) + 1
    wanted, taken = share * len(prompts), set[str]()
    rows = 0
    for key in sorted(units, key=lambda key: blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()):
        if rows >= round(wanted):
            break
        taken.add(key)
        rows += units[key]
    pairs = list(zip(prompts, keys, strict=True))
    return Parts([p for p, key in pairs if key not in taken], [p for p, key in pairs if key in taken])


def _unit(prompt: Prompt, cluster: str | None) -> str:
    value = None if cluster is None else prompt.columns.get(cluster)
    return prompt_key(prompt.text) if value is None else f"{cluster}={value}"
