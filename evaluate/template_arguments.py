"""Arguments of a chat template, such as ``enable_thinking``: which there may be, and which a template knows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import nearest
from .types import EvaluationError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Template: TypeAlias = Mapping[str, Any]
"""What a chat template is called with beside the messages, by name."""

NONE: Template = {}
"""No arguments."""

TAKEN = frozenset(
    {"conversation", "messages", "chat_template", "tools", "documents", "tokenize", "add_generation_prompt"}
    | {"continue_final_message", "padding", "truncation", "max_length", "return_tensors", "return_dict"}
    | {"return_assistant_tokens_mask", "tokenizer_kwargs", "bos_token", "eos_token"}
)
"""Names that rendering gives itself."""


def check_template(arguments: Template, where: str = "template") -> None:
    """Raise :class:`EvaluationError` for a name that no argument can have, and for a value that is no JSON.

    >>> check_template({"enable_thinking": False})
    >>> check_template({"tokenize": True})
    Traceback (most recent call last):
    ...
    grpokit.evaluate.types.EvaluationError: template: 'tokenize' is given by rendering itself; leave it out.
    """
    for name, value in arguments.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise EvaluationError(f"{where}: {name!r} is no name of an argument; write one such as enable_thinking.")
        if name in TAKEN:
            raise EvaluationError(f"{where}: {name!r} is given by rendering itself; leave it out.")
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            raise EvaluationError(f"{where}: {name}={value!r:.80} is no text, number, true, false or list.") from None


def parse_template(texts: Sequence[str]) -> dict[str | None, dict[str, Any]]:
    """Read arguments as a command line has them: those of each model by its name, those of all under None.

    Raises :class:`EvaluationError` for one that is not ``[MODEL:]KEY=VALUE``. Values are read as YAML.

    >>> parse_template(["enable_thinking=false", "tuned:effort=high"])
    {None: {'enable_thinking': False}, 'tuned': {'effort': 'high'}}
    """
    from ..plain_yaml import YamlError, parse_yaml

    arguments: dict[str | None, dict[str, Any]] = {}
    for text in texts:
        parts = re.fullmatch(r"(?:([\w.-]+):)?([A-Za-z_]\w*)=(.+)", text, re.DOTALL)
        if parts is None:
            raise EvaluationError(f"--template {text!r}: write [MODEL:]KEY=VALUE, such as enable_thinking=false.")
        model, name, value = parts.groups()
        try:
            arguments.setdefault(model, {})[name] = parse_yaml(value)
        except YamlError as error:
            raise EvaluationError(f"--template {text!r}: {error}.") from None
    for own in arguments.values():
        check_template(own, "--template")
    return arguments


def unknown_arguments(tokenizer: PreTrainedTokenizerBase, arguments: Template) -> str | None:
    """Return a sentence on the arguments that the tokenizer's chat template never reads; None where it reads all."""
    from jinja2 import TemplateError, meta
    from jinja2.sandbox import SandboxedEnvironment

    if not arguments:
        return None
    template = tokenizer.chat_template
    if template is None:
        return f"there is no chat template, which would read {_listed(arguments)}"
    environment = SandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"])
    texts = template.values() if isinstance(template, dict) else [template]
    try:
        known = set().union(*(meta.find_undeclared_variables(environment.parse(_plain(text))) for text in texts))
    except TemplateError:  # rendering says what is wrong with it
        return None
    unknown = [name for name in arguments if name not in known]
    if not unknown:
        return None
    own = sorted(known - TAKEN - {"raise_exception", "strftime_now"})
    hint = nearest(unknown[0], own) if own else "It reads none."
    return f"the chat template does not read {_listed(unknown)}, so nothing comes of it. {hint}"


def _plain(template: str) -> str:
    """Return a template without the marks of generated text, which are transformers' own extension of Jinja."""
    return re.sub(r"\{%-?\s*(end)?generation\s*-?%\}", "", template)


def _listed(names: Mapping[str, Any] | Sequence[str]) -> str:
    return " and ".join(map(repr, names))
