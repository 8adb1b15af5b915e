"""What keeps a task file of lm-evaluation-harness from running code that nobody here asked for.

Such a file may name Python functions and classes, metrics that are scripts of the hub, and ways to read data that
write where they like. Its templates and patterns are programs too: see
:mod:`~grpokit.evaluate.tasks.lm_eval_bounds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from ...files import open_file
from ...plain_yaml import LONGEST
from ..engines.model_path import expanded
from ..types import EvaluationError

PLAIN_DATA = frozenset({"arrow", "csv", "json", "parquet", "text"})
"""The readers of ``datasets`` that read plain data and nothing else; others import or unpack what they are given."""

WRITING = frozenset({"cache_dir", "download_config", "save_infos", "token"})
"""What a file may not say of how data are read: where they are written, and with whose key they are fetched."""

DEEPEST = 20
"""So many files may include one another."""

MOST = 100_000
"""Values of a file, each counted wherever an alias repeats it. A task has a hundred."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the library's: one parser reads a file as the other might not
_PLAIN = "tag:yaml.org,2002:"


def check_code(path: Path, depth: int = 0) -> None:
    """Raise :class:`EvaluationError` for a task file, or one that it includes, that names code."""
    path = expanded(str(path)).resolve()  # as the library does: a link's includes lie beside the file that it leads to
    try:
        with open_file(path) as file:
            text = file.read(LONGEST + 1)
        if len(text) > LONGEST:
            raise ValueError(f"it is longer than {LONGEST:,} bytes")
        code = next(_tagged(text), None)
        settings = {} if code else yaml.load(text, Loader=_LOADER)  # a safe loader, which calls nothing
    except (OSError, UnicodeDecodeError, ValueError, TypeError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise EvaluationError(f"cannot read {path}: {reason:.200}.") from None
    if not isinstance(settings, Mapping):
        raise EvaluationError(f"{path}: a task of lm-eval's is a mapping of keys to values.")
    if depth > DEEPEST:
        raise EvaluationError(f"{path}: more than {DEEPEST} files include one another.")
    for number, (key, value) in enumerate(_values(settings)):
        if number == MOST:
            raise EvaluationError(f"{path}: more than {MOST:,} values; aliases (*name) repeat what is behind them.")
        if code := code or _code(key, value):
            break
    if code:
        raise EvaluationError(
            f"{path} names code, {code!r:.80}; --allow-code runs it, with grpo-eval run alone: to score again or to "
            "train, write it as a template."
        )
    included = settings.get("include") or []
    for other in included if isinstance(included, list) else [included]:
        check_code(path.parent / str(other), depth + 1)


def _tagged(text: bytes) -> Iterator[str]:
    """Yield what stands behind a tag by which a loader imports or calls something, wherever in the file.

    It is looked for where the file is parsed, since a loader calls what a key or a twice given key names, too.
    """
    for event in yaml.parse(text, Loader=_LOADER):
        tag = getattr(event, "tag", None) or "!"
        if tag != "!" and (not tag.startswith(_PLAIN) or tag.startswith(f"{_PLAIN}python/")):
            yield f"{tag.removeprefix(_PLAIN)} {getattr(event, 'value', '')}".rstrip()


def _values(settings: object) -> Iterator[tuple[object, object]]:
    """Yield every value with the key that it stands under, those of lists under the list's."""
    left: list[tuple[object, object]] = [(None, settings)]
    while left:
        key, value = left.pop()
        yield key, value
        if isinstance(value, Mapping):
            left += value.items()
        elif isinstance(value, list):
            left += ((key, one) for one in value)


def _code(key: object, value: object) -> str | None:
    """Return what names a class, code of a model that is run, a metric that the library lacks, or an unsafe reader."""
    if key == "class" or (key in ("unsafe_code", "hf_evaluate") and value):
        return f"{key}: {value}"
    if key == "dataset_path" and not _is_plain(value):
        return f"{key}: {value}"
    if key == "dataset_kwargs" and isinstance(value, Mapping):
        return next((f"{name}: {value[name]}" for name in sorted(WRITING & value.keys())), None)
    return f"metric: {value}" if key == "metric" and not _is_known(value) else None


def _is_plain(reader: object) -> bool:
    """Return whether a data set is read as plain data; one of the hub is, since it has no code of its own."""
    from datasets.packaged_modules import _PACKAGED_DATASETS_MODULES

    return not isinstance(reader, str) or reader in PLAIN_DATA or reader not in _PACKAGED_DATASETS_MODULES


def _is_known(metric: object) -> bool:
    """Return whether the library has a metric; one that it has not is looked for on the hub, as a script."""
    import lm_eval.api.metrics  # noqa: F401  # it fills the registry
    from lm_eval.api.registry import METRIC_REGISTRY

    return isinstance(metric, str) and metric in METRIC_REGISTRY
