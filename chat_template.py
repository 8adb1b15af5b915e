"""Chat templates are programs of whoever made a model: see :mod:`~grpokit.bounded` for where they run.

The tokenizer's own way of rendering is what runs there.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from .bounded import BoundedProcess, Reply, sized
from .errors import first_line

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def apply_template(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Mapping[str, Any]], /, **arguments: Any
) -> str:
    """Render messages by the tokenizer's chat template, with further arguments of it.

    Raises :class:`~grpokit.bounded.ProgramRefusal` where the template refuses the messages, and
    :class:`~grpokit.bounded.ProgramError` for all else.
    """
    asked = json.dumps([list(map(dict, messages)), arguments], default=str).encode()
    return _process_of(tokenizer).ask(asked)


class _Own(NamedTuple):
    """A tokenizer's process, and the template that it had when that was forked."""

    process: BoundedProcess
    template: object


_processes: WeakKeyDictionary[PreTrainedTokenizerBase, _Own] = WeakKeyDictionary()
_starting = threading.Lock()


def _process_of(tokenizer: PreTrainedTokenizerBase) -> BoundedProcess:
    """Return the tokenizer's child process, a new one where the template is another or the old one cannot be asked."""
    with _starting:
        own = _processes.get(tokenizer)
        if own is None or not own.process.usable or own.template != tokenizer.chat_template:
            own = _Own(BoundedProcess(partial(_render, tokenizer)), tokenizer.chat_template)
            _processes[tokenizer] = own
        return own.process


def _render(tokenizer: PreTrainedTokenizerBase, request: bytes) -> Reply:
    from jinja2 import TemplateError  # with a tokenizer, which brings it

    messages, arguments = json.loads(request)
    try:
        string = str(tokenizer.apply_chat_template(messages, tokenize=False, **arguments))
    except TemplateError as error:
        return Reply("refused", first_line(error))
    return sized(string, sum(len(str(message.get("content"))) for message in messages))
