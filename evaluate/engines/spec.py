"""What ``--model`` means: which engine, which weights, which label."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from ..addresses import without_secrets
from ..types import EvaluationError

Kind = Literal["transformers", "vllm", "openai", "replay"]

FORMS = "[NAME=]PATH_OR_ID[@REVISION][+ADAPTER], vllm:PATH_OR_ID[+ADAPTER], openai:URL#MODEL or replay:FILE"


@dataclass(frozen=True)
class ModelSpec:
    """A model and its label.

    ``base`` is a folder, a hub id or ``demo`` for the engines that load weights, the URL for ``openai`` and the
    file for ``replay``. ``adapter`` is the folder of a LoRA on it; ``remote`` the model's name at an endpoint.
    """

    name: str
    base: str
    kind: Kind = "transformers"
    revision: str | None = None
    adapter: str | None = None
    remote: str | None = None

    @classmethod
    def parse(cls, text: str) -> ModelSpec:
        """Read one ``--model``; the default name is the last part of the path. Raises :class:`EvaluationError`.

        >>> ModelSpec.parse("tuned=demo+runs/adapter").adapter
        'runs/adapter'
        >>> ModelSpec.parse("org/model@main").name
        'model'
        >>> ModelSpec.parse("openai:http://localhost:8000/v1#org/model").remote
        'org/model'
        """
        found = re.fullmatch(r"(?:([\w.-]+)=)?(?:(vllm|openai|replay):)?(.+)", text)
        if found is None:
            raise EvaluationError(f"--model {text!r}: write {FORMS}.")
        label, kind, rest = found.groups()
        readers = {None: _weights, "vllm": _vllm, "openai": _endpoint, "replay": _replay}
        spec = readers[kind](rest, text)
        return replace(spec, name=label or spec.name)


def _weights(rest: str, text: str) -> ModelSpec:
    base, adapter = (rest, None) if Path(rest).exists() else _split(rest, "+", text)
    base, revision = (base, None) if Path(base).exists() else _split(base, "@", text)
    return ModelSpec(Path(adapter or base).name or base, base, revision=revision, adapter=adapter)


def _vllm(rest: str, text: str) -> ModelSpec:
    return replace(_weights(rest, text), kind="vllm")


def _endpoint(rest: str, text: str) -> ModelSpec:
    url, remote = _split(rest, "#", text)
    parts = urlsplit(url)
    if remote is None or parts.scheme not in ("http", "https") or not parts.hostname or not _has_valid_port(parts):
        raise EvaluationError(
            f"--model {without_secrets(text)!r}: write openai:URL#MODEL, such as "
            "openai:http://localhost:8000/v1#org/model."
        )
    if "?" in url:
        raise EvaluationError(
            f"--model {without_secrets(text)!r}: an endpoint's URL has no ?query; leave it out (a key is read from "
            "OPENAI_API_KEY)."
        )
    return ModelSpec(Path(remote).name, url, "openai", remote=remote)


def _has_valid_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _replay(rest: str, text: str) -> ModelSpec:
    path = Path(rest)
    return ModelSpec(path.parent.name if path.name == "completions.jsonl" else path.stem, rest, "replay")


def _split(rest: str, mark: str, text: str) -> tuple[str, str | None]:
    left, found, right = rest.partition(mark)
    if found and not (left and right):
        raise EvaluationError(f"--model {without_secrets(text)!r}: something is missing beside {mark!r}.")
    return left, right or None


def parse_models(texts: Iterable[str]) -> list[ModelSpec]:
    """Read all ``--model``s: a folder of ``checkpoint-*`` becomes one model a checkpoint, in the order of steps.

    Raises :class:`EvaluationError` when two models have one name.
    """
    specs = [point for text in texts for point in _trajectory(ModelSpec.parse(text))]
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise EvaluationError(f"two models are named {name!r}; give names: --model NAME=PATH.")
    return specs


def _trajectory(spec: ModelSpec) -> Sequence[ModelSpec]:
    """Return a spec a checkpoint when the spec's folder (the adapter's, if any) holds only checkpoints."""
    folder = Path(spec.adapter or spec.base).expanduser()
    points = sorted(folder.glob("checkpoint-*"), key=_step) if spec.kind in ("transformers", "vllm") else []
    if not points or (folder / "config.json").exists() or (folder / "adapter_config.json").exists():
        return [spec]
    return [_point(spec, point) for point in points]


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.removeprefix("checkpoint-")
    return int(number) if number.isdecimal() else -1


def _point(spec: ModelSpec, checkpoint: Path) -> ModelSpec:
    name = f"{spec.name}-{checkpoint.name.removeprefix('checkpoint-')}"
    if spec.adapter is not None:
        return replace(spec, name=name, adapter=str(checkpoint))
    if (checkpoint / "adapter_config.json").exists():
        raise EvaluationError(f"{checkpoint} holds an adapter: write BASE+{spec.base}.")
    return replace(spec, name=name, base=str(checkpoint))
