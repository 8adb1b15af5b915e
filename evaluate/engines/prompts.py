"""The token ids that an engine asks its model with, and what the manifest keeps of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..rendering import encode_as, rendered, tokenizer_fingerprint, tokens_fingerprint
from ..turns import end_of_turn
from ..types import EvaluationError, Prompt, Sampling

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class TooLong(EvaluationError):
    """A prompt of ``tokens`` tokens and its completion do not fit the model's ``context``."""

    def __init__(self, message: str, tokens: int, context: int) -> None:
        super().__init__(message)
        self.tokens = tokens
        self.context = context


class EncodedPrompts:
    """Prompts as token ids, each encoded once. Every engine that loads weights asks with the same ones."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self._ids: dict[str, list[int]] = {}
        self._system: set[str | None] = set()

    def ids(self, prompt: Prompt) -> list[int]:
        """Return the token ids of a prompt."""
        if prompt.id not in self._ids:
            rendering = rendered(self.tokenizer, prompt.text)
            self._ids[prompt.id] = encode_as(self.tokenizer, prompt.text, rendering.string)
            self._system |= {rendering.system} - {None}
        return self._ids[prompt.id]

    def check_fit(self, model: str, prompts: Sequence[Prompt], sampling: Sampling, context: int | None) -> None:
        """Raise :class:`TooLong` when a prompt and its completion do not fit the model's context."""
        longest = max(prompts, key=lambda prompt: len(self.ids(prompt)))
        tokens = len(self.ids(longest))
        if context and tokens + sampling.max_new_tokens > context:
            room = f"--max-new-tokens {context - tokens} or less, or " if tokens < context else ""
            raise TooLong(
                f"{model}: prompt {longest.id!r} has {tokens} tokens; with max_new_tokens={sampling.max_new_tokens} "
                f"that is more than the context of {context}. Give {room}shorter prompts.",
                tokens,
                context,
            )

    def describe(self) -> dict[str, str | None]:
        """Return a turn's end, and fingerprints of tokenizer, chat template and the tokens of all prompts so far.

        ``system`` says what became of their system messages where the template shows none.
        """
        template = self.tokenizer.chat_template
        return {
            "tokenizer": tokenizer_fingerprint(self.tokenizer),
            "template": None if template is None else hashlib.sha256(str(template).encode()).hexdigest()[:16],
            "end_of_turn": end_of_turn(self.tokenizer),
            "system": " or ".join(sorted(filter(None, self._system))) or None,
            "prompt_tokens": tokens_fingerprint(self._ids),
        }
