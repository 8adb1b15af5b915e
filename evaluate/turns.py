"""The token that ends a turn in a chat template, which a checkpoint does not always list as an end of sequence.

A model that was taught to chat ends its answer with it. Where generation does not stop there, the model goes on with
the user's next turn and talks to itself until the token limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bounded import ProgramError
from ..chat_template import apply_template

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ANSWER = "Four, since 2 + 2 = 4."
_CHAT = [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": _ANSWER}]


def end_of_turn(tokenizer: PreTrainedTokenizerBase) -> str | None:
    """Return the token that follows an assistant's text in the chat template.

    None without a template, for one that writes no single token there, and for one that cannot show a short chat:
    what is asked then says what is wrong with it.
    """
    if tokenizer.chat_template is None:
        return None
    try:
        chat = apply_template(tokenizer, _CHAT, add_generation_prompt=False)
    except ProgramError:  # what is asked by it says what is wrong with it
        return None
    _, answer, after = chat.rpartition(_ANSWER)
    following = [token for token in tokenizer.get_added_vocab() if answer and after.lstrip().startswith(token)]
    return max(following, key=len, default=None)


def end_of_turn_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the id of the token that :func:`end_of_turn` returns, or nothing."""
    token = end_of_turn(tokenizer)
    return [] if token is None else [tokenizer.get_added_vocab()[token]]
