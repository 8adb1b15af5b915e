"""Chat templates are programs of whoever made a model: a child process runs them, within a time, a size and a memory.

The child is forked, so that it has the tokenizer, whose own way of rendering is what runs there, and costs next to
nothing. It holds nothing else of its parent's open, and goes when its parent does.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
import threading
import warnings
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from ..errors import first_line
from .template_arguments import NONE, Template
from .types import EvaluationError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SECONDS = 10.0
"""Processor time that a chat template may take for one prompt; it takes a ten-thousandth of that."""

PATIENCE = 6
"""How many times as long its answer is waited for, since the machine may do other things beside it."""

CHARACTERS = 1_000_000
"""How much a chat template may add to the messages."""

MEMORY = 2**30
"""Bytes that a chat template may take, where the system limits a process's memory."""


class _Reply(NamedTuple):
    """What came of a template: its "text", or why there is none."""

    kind: str
    text: str


_GONE = _Reply("gone", "ends the process that it runs in")


def apply_template(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[Mapping[str, Any]],
    *,
    generation_prompt: bool = True,
    template: Template = NONE,
) -> str:
    """Render messages by the tokenizer's chat template, with further arguments of it.

    Raises jinja2's TemplateError, by which a template refuses messages, and :class:`EvaluationError` for all else.
    """
    from jinja2 import TemplateError

    reply = _process_of(tokenizer).ask(messages, {**template, "add_generation_prompt": generation_prompt})
    if reply.kind == "refused":
        raise TemplateError(reply.text)
    if reply.kind != "text":
        raise EvaluationError(f"the model's chat template {reply.text}.")
    return reply.text


_processes: WeakKeyDictionary[PreTrainedTokenizerBase, _Process] = WeakKeyDictionary()
_starting = threading.Lock()


def _process_of(tokenizer: PreTrainedTokenizerBase) -> _Process:
    """Return the tokenizer's child process, a new one where the template is another or the old one has ended."""
    with _starting:
        process = _processes.get(tokenizer)
        if process is None or process.ended or process.template != tokenizer.chat_template:
            process = _processes[tokenizer] = _Process(tokenizer)
        return process


class _Process:
    """One child process; threads that ask it wait for each other."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.template = tokenizer.chat_template
        self.ended = False
        self._lock = threading.Lock()
        context = multiprocessing.get_context("fork")
        self._ours, theirs = context.Pipe()
        self._child = context.Process(target=_serve, args=(tokenizer, theirs), daemon=True)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # the child runs no code that waits for a thread
                self._child.start()
        except OSError as error:
            raise EvaluationError(f"cannot start a process for the model's chat template: {error.strerror}.") from None
        theirs.close()

    def ask(self, messages: Sequence[Mapping[str, Any]], arguments: Template) -> _Reply:
        """Return what the template makes of messages; the process has ended where it is at fault for that."""
        with self._lock:
            try:
                self._ours.send_bytes(json.dumps([list(map(dict, messages)), dict(arguments)], default=str).encode())
                if self._ours.poll(PATIENCE * SECONDS):
                    return _Reply(*json.loads(self._ours.recv_bytes()))
            except (OSError, EOFError):
                self._child.join(1.0)  # one that the kernel has ended says why
            self.ended = True
            late = self._child.exitcode in (None, -signal.SIGPROF)
            self._child.kill()
            self._child.join()
            return _Reply("late", f"takes more than {SECONDS:g} s for one prompt") if late else _GONE

    def __del__(self) -> None:
        """Let the child end, which waits for more to do."""
        if hasattr(self, "_ours"):
            self._ours.close()


os.register_at_fork(after_in_child=_processes.clear)  # a process that is forked later starts its own


def _serve(tokenizer: PreTrainedTokenizerBase, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end ends this
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    os.closerange(3, pipe.fileno())
    os.closerange(pipe.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
    _limit_memory()
    try:
        while True:
            messages, arguments = json.loads(pipe.recv_bytes())
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            reply = _render(tokenizer, messages, arguments)
            signal.setitimer(signal.ITIMER_PROF, 0)
            pipe.send_bytes(json.dumps(reply).encode())
    except (EOFError, OSError, MemoryError):  # the parent is gone, or there is no room to say more
        os._exit(0)


def _limit_memory() -> None:
    """Let the process grow by :data:`MEMORY`, where its size can be read."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    size = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _render(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, Any]], arguments: dict[str, Any]) -> _Reply:
    from jinja2 import TemplateError

    longest = CHARACTERS + sum(len(str(message.get("content"))) for message in messages)
    try:
        string = str(tokenizer.apply_chat_template(messages, tokenize=False, **arguments))
    except TemplateError as error:
        return _Reply("refused", first_line(error))
    except MemoryError:
        return _Reply("failed", f"takes more than {MEMORY:,} bytes")
    except Exception as error:  # a template divides by zero, indexes past an end, recurses
        return _Reply("failed", f"fails: {type(error).__name__}: {first_line(error)}")
    if len(string) > longest:
        return _Reply("failed", f"makes a prompt of {len(string):,} characters")
    return _Reply("text", string)
