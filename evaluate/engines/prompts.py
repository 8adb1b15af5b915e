"""The token ids that an engine asks its model with, and what the manifest keeps of them."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..rendering import encode_as, prefill, rendered, tokenizer_fingerprint, tokens_fingerprint
from ..runs.shards import Shard
from ..template_arguments import NONE, Template, unknown_arguments
from ..turns import end_of_turn
from ..types import BEFORE_CONTINUATIONS, CONTINUATIONS, EvaluationError, Prompt, Sampling

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class TooLong(EvaluationError):
    """A prompt of ``tokens`` tokens and its completion do not fit the model's ``context``."""

    def __init__(self, message: str, tokens: int, context: int) -> None:
        super().__init__(message)
        self.tokens = tokens
        self.context = context


class Continued(NamedTuple):
    """The token ids of a prompt, and of each text whose likelihood behind it is asked."""

    prompt: list[int]
    texts: list[list[int]]


def continuations(prompt: Prompt) -> list[str]:
    """Return the texts whose likelihood behind a prompt is asked; raise :class:`EvaluationError` where it has none."""
    texts = prompt.columns.get(CONTINUATIONS)
    if not texts:
        raise EvaluationError(f"prompt {prompt.id!r} has no texts to choose from: the card names no column of choices.")
    return list(texts)


class EncodedPrompts:
    """Prompts as token ids, each encoded once. Every engine that loads weights asks with the same ones.

    ``rows`` are those of the model's embedding. ``own`` are the model's own arguments of the chat template, which go
    before a task's.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, rows: int, own: Template = NONE) -> None:
        self.tokenizer = tokenizer
        self.rows = rows
        self._own = own
        self._template = own
        self._said: set[str] = set()
        self._ids: dict[str, list[int]] = {}
        self._system: set[str | None] = set()

    def begin(self, template: Template, model: str) -> None:
        """Forget all prompts: what is asked next is rendered with these arguments of the chat template.

        Those that the template of ``model`` does not read are said on standard error, once.
        """
        self._template = {**template, **self._own}
        self._ids, self._system = {}, set()
        unknown = unknown_arguments(self.tokenizer, self._template)
        if unknown is not None and unknown not in self._said:
            self._said.add(unknown)
            if Shard.current().first:
                print(f"note: {model}: {unknown}", file=sys.stderr)

    def ids(self, prompt: Prompt) -> list[int]:
        """Return the token ids of a prompt; raise :class:`EvaluationError` for a token that the model does not know."""
        if prompt.id not in self._ids:
            rendering = rendered(self.tokenizer, prompt.text, self._template)
            self._ids[prompt.id] = self._known(encode_as(self.tokenizer, prompt.text, rendering.string), prompt)
            self._system |= {rendering.system} - {None}
        return self._ids[prompt.id]

    def continued(self, prompt: Prompt) -> Continued:
        """Return a prompt and the texts to choose from as token ids, as lm-evaluation-harness cuts them.

        White space at the prompt's end belongs to the texts, and what follows the prompt's own tokens in the tokens
        of both together is the text's. Behind a prompt without chat template, and behind the beginning of an answer, a
        space stands before the text.
        """
        string = rendered(self.tokenizer, prompt.text, self._template).string
        start = string.rstrip()
        if BEFORE_CONTINUATIONS in prompt.columns:
            gap = string[len(start) :] + str(prompt.columns[BEFORE_CONTINUATIONS])
        else:
            behind = self._templated(prompt) and not prefill(prompt.text)
            gap = string[len(start) :] or ("" if behind else " ")
        asked = encode_as(self.tokenizer, prompt.text, start)
        whole = [encode_as(self.tokenizer, prompt.text, start + gap + text) for text in continuations(prompt)]
        return Continued(asked, [self._known(ids, prompt)[len(asked) :] for ids in whole])

    def _known(self, ids: list[int], prompt: Prompt) -> list[int]:
        if (highest := max(ids, default=0)) >= self.rows:
            token = self.tokenizer.convert_ids_to_tokens(highest)
            raise EvaluationError(
                f"prompt {prompt.id!r} holds {token!r}, token {highest}, and the model's embedding has "
                f"{self.rows} rows; take it out, or give the tokenizer that belongs to the weights."
            )
        return ids

    def _templated(self, prompt: Prompt) -> bool:
        return not isinstance(prompt.text, str) and self.tokenizer.chat_template is not None

    def check_continued(self, model: str, prompts: Sequence[Prompt], context: int | None) -> None:
        """Raise :class:`EvaluationError` when a prompt and one of its texts do not fit the model's context."""
        for prompt in prompts:
            asked, texts = self.continued(prompt)
            tokens = len(asked) + max(map(len, texts))
            if context and tokens > context:
                raise EvaluationError(
                    f"{model}: prompt {prompt.id!r} and the longest text to choose have {tokens} tokens, more than "
                    f"the context of {context}. Give shorter prompts."
                )

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

    def describe(self) -> dict[str, Any]:
        """Return a turn's end, and fingerprints of tokenizer, chat template and the tokens of all prompts so far.

        ``system`` says what became of their system messages where the template shows none; arguments of the template
        are there where there are any.
        """
        template = self.tokenizer.chat_template
        return {
            **({"template_arguments": dict(self._template)} if self._template else {}),
            "tokenizer": tokenizer_fingerprint(self.tokenizer),
            "template": None if template is None else hashlib.sha256(str(template).encode()).hexdigest()[:16],
            "end_of_turn": end_of_turn(self.tokenizer),
            "system": " or ".join(sorted(filter(None, self._system))) or None,
            "prompt_tokens": tokens_fingerprint(self._ids),
        }
