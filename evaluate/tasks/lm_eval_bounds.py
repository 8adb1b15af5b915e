"""Where the programs in a task of lm-evaluation-harness run: its templates, and the patterns of its filters.

A template or a regular expression of a file can go on for ever, or fill the memory. Both run in a child process, as
chat templates do: see :mod:`~grpokit.bounded`.
"""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ...bounded import BoundedProcess, ProgramError, Reply, sized

_processes: dict[str, BoundedProcess] = {}
"""The process that judges by a task, by the task's name; under "" the one that renders the templates of all."""

_starting = threading.Lock()


def bound_templates() -> None:
    """Have the library render templates in a sandbox, in a process of its own."""
    from lm_eval import utils

    utils.apply_template = _rendered


def _rendered(template: str, doc: Mapping[str, Any]) -> str:
    """Return what the library's own ``apply_template`` returns, or raise :class:`~grpokit.bounded.ProgramError`."""
    try:
        return _ask("", _render, (template, dict(doc)))
    except ProgramError as error:
        raise type(error)(f"the template {template!r:.80} {error}") from None


def _render(request: bytes) -> Reply:
    template, document = pickle.loads(request)  # our own parent's
    return sized(_here(template, document), len(template) + sum(len(str(value)) for value in document.values()))


def _here(template: str, doc: Mapping[str, Any]) -> str:
    return str(_compiled(template).render(**doc))


@lru_cache(4096)
def _compiled(template: str) -> Any:
    """Return a template in an environment of Jinja that is the library's and reaches no Python objects."""
    from jinja2.sandbox import SandboxedEnvironment
    from lm_eval.utils import env

    own = SandboxedEnvironment(undefined=env.undefined, keep_trailing_newline=env.keep_trailing_newline)
    own.filters.update(env.filters)
    return own.from_string(template)


def bounded_value(name: str, judge: Callable[..., float | None], *given: Any) -> float | None:
    """Return what ``judge`` says of what is ``given``, called in the process of the task ``name``.

    Raises :class:`~grpokit.bounded.ProgramError` where it raises, or takes more time or memory than it may.
    """

    def answer(request: bytes) -> Reply:
        from lm_eval import utils

        utils.apply_template = _here  # this process is bounded already
        return Reply("text", json.dumps(judge(*pickle.loads(request))))

    value: float | None = json.loads(_ask(name, answer, given))
    return value


def _ask(name: str, answer: Callable[[bytes], Reply], request: tuple[Any, ...]) -> str:
    with _starting:
        process = _processes.get(name)
        if process is None or not process.usable:
            process = _processes[name] = BoundedProcess(answer)
    return process.ask(pickle.dumps(request))
