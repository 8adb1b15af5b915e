"""What keeps a task file of lm-evaluation-harness from running code that nobody here asked for.

Such a file may name Python functions and classes, metrics that are scripts of the hub, and templates that the library
renders without bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..types import EvaluationError

DEEPEST = 20
"""So many files may include one another."""


class _Code(str):
    """A value with a tag by which a loader would import or call something."""


class _Loader(yaml.SafeLoader):
    """Reads tags as the texts behind them."""


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> _Code:
    return _Code(f"!{suffix} {node.value}" if isinstance(node, yaml.ScalarNode) else f"!{suffix}")


_Loader.add_multi_constructor("!", _tagged)
_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _tagged)


def check_code(path: Path) -> None:
    """Raise :class:`EvaluationError` for a task file, or one that it includes, that names code."""
    for where, value in _named(path, 0):
        raise EvaluationError(f"{where} names code, {value!r:.80}; --allow-code runs it.")


def _named(path: Path, depth: int) -> Iterator[tuple[Path, str]]:
    try:
        with path.open("rb") as file:
            settings = yaml.load(file, Loader=_Loader)  # a safe loader, which calls nothing
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise EvaluationError(f"cannot read {path}: {reason:.200}.") from None
    if not isinstance(settings, Mapping):
        raise EvaluationError(f"{path}: a task of lm-eval's is a mapping of keys to values.")
    if depth > DEEPEST:
        raise EvaluationError(f"{path}: more than {DEEPEST} files include one another.")
    yield from ((path, value) for value in _codes(settings))
    included = settings.get("include") or []
    for other in included if isinstance(included, list) else [included]:
        yield from _named(path.parent / str(other), depth + 1)


def _codes(value: object, key: object = None) -> Iterator[str]:
    """Yield what names code: tagged values, classes, code of a model that is run, metrics that the library lacks."""
    if isinstance(value, _Code):
        yield str(value)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            if name == "class" or (name in ("unsafe_code", "hf_evaluate") and one):
                yield f"{name}: {one}"
            elif name == "metric" and not isinstance(one, _Code) and not _is_known(one):
                yield f"metric: {one}"
            else:
                yield from _codes(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _codes(one, key)


def _is_known(metric: object) -> bool:
    """Return whether the library has a metric; one that it has not is looked for on the hub, as a script."""
    import lm_eval.api.metrics  # noqa: F401  # it fills the registry
    from lm_eval.api.registry import METRIC_REGISTRY

    return metric in METRIC_REGISTRY


def render_in_sandbox() -> None:
    """Have the library render templates where they reach no Python objects."""
    from jinja2.sandbox import SandboxedEnvironment
    from lm_eval import utils

    if not isinstance(utils.env, SandboxedEnvironment):
        utils.env = sandbox(utils.env)


def sandbox(environment: Any) -> Any:
    """Return an environment of Jinja that is like another and keeps its templates within bounds."""
    from jinja2.sandbox import SandboxedEnvironment

    made = SandboxedEnvironment(
        loader=environment.loader,
        undefined=environment.undefined,
        keep_trailing_newline=environment.keep_trailing_newline,
    )
    made.filters.update(environment.filters)
    return made
