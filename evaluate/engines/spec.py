"""What ``--model`` means: which engine, which weights, which label; how weights are loaded and endpoints asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from ...errors import nearest
from ..redaction import without_secrets
from ..runs.run import SUITE, holds_runs
from ..types import EvaluationError
from .model_path import ModelPath, expanded, split

Kind = Literal["transformers", "vllm", "openai", "replay", "run"]

FORMS = "[NAME=]PATH_OR_ID[@REVISION][+ADAPTER], vllm:PATH_OR_ID[+ADAPTER], openai:URL#MODEL, replay:FILE or RUN"


@dataclass(frozen=True)
class Loading:
    """How weights are loaded: by the transformers engine, and as far as it knows the setting by vLLM.

    ``dtype`` auto is float32 on a CPU and the checkpoint's own on a GPU; ``device`` auto is this process's GPU
    where there is one. ``quantization`` loads the base in 4 bits (NF4, double quantisation) or 8 bits by
    bitsandbytes. With ``trust_remote_code`` the Python code that a checkpoint brings is run; only a user says that,
    never a file.
    """

    dtype: str = "auto"
    device: str = "auto"
    quantization: Literal["4bit", "8bit"] | None = None
    attention: str | None = None
    trust_remote_code: bool = False


@dataclass(frozen=True)
class Limits:
    """How an endpoint is asked.

    ``concurrency`` requests are under way at once. Each has ``request_timeout`` seconds, from its first byte to the
    last of its answer, and one that fails for now is repeated ``retries`` times.
    """

    concurrency: int = 16
    request_timeout: float = 120.0
    retries: int = 6


@dataclass(frozen=True)
class VllmSettings:
    """How vLLM is loaded, by its own names of the settings; what is None is as vLLM has it.

    ``tensor_parallel_size`` GPUs share a model; ``gpu_memory_utilization`` is vLLM's share of each GPU's memory;
    ``max_model_len`` is the longest prompt and completion together; ``enforce_eager`` compiles nothing.
    """

    tensor_parallel_size: int | None = None
    gpu_memory_utilization: float | None = None
    max_model_len: int | None = None
    enforce_eager: bool | None = None

    @classmethod
    def parse(cls, texts: Sequence[str]) -> VllmSettings:
        """Read all ``--vllm KEY=VALUE``. Raises :class:`EvaluationError` for a key or value that is none.

        >>> VllmSettings.parse(["max_model_len=2048", "enforce_eager=true"]).given
        {'max_model_len': 2048, 'enforce_eager': True}
        """
        values: dict[str, float | bool] = {}
        for text in texts:
            key, _, value = text.partition("=")
            if key not in _VLLM_VALUES:
                raise EvaluationError(f"--vllm {text}: no setting {key!r}. {nearest(key, [*_VLLM_VALUES])}")
            if key in values:
                raise EvaluationError(f"--vllm {text}: {key} is given twice; give it once.")
            pattern, wanted, read = _VLLM_VALUES[key]
            if not re.fullmatch(pattern, value):
                raise EvaluationError(f"--vllm {text}: give {wanted}.")
            values[key] = read(value)
        return cls(**values)  # type: ignore[arg-type]  # each was read as its field's type

    @property
    def given(self) -> dict[str, float | bool]:
        """The settings that are not left to vLLM."""
        return {name: value for name, value in asdict(self).items() if value is not None}


_VLLM_VALUES: dict[str, tuple[str, str, Callable[[str], float | bool]]] = {
    "tensor_parallel_size": (r"0*[1-9]\d*", "a number of GPUs, such as 2", int),
    "gpu_memory_utilization": (r"0?\.\d*[1-9]\d*|1(\.0*)?", "a share above 0 and at most 1, such as 0.8", float),
    "max_model_len": (r"0*[1-9]\d*", "a number of tokens, such as 4096", int),
    "enforce_eager": ("true|false", "true or false", "true".__eq__),
}
"""What a setting may be, in a pattern and in words, and how it is read."""


@dataclass(frozen=True)
class ModelSpec:
    """A model and its label.

    ``path.base`` is the URL for ``openai``, the file for ``replay`` and the folder for ``run``: a finished run, or
    a folder of them, whose rows are taken as they are. ``remote`` is the model's name at an endpoint,
    and ``vllm`` says whether that is served by vLLM (None: the server is asked). ``template`` holds the model's own
    arguments of the chat template, which go before a task's.
    """

    name: str
    path: ModelPath
    kind: Kind = "transformers"
    remote: str | None = None
    vllm: bool | None = None
    template: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def loads(self) -> bool:
        """Whether weights are loaded to ask it."""
        return self.kind in ("transformers", "vllm")

    @classmethod
    def parse(cls, text: str) -> ModelSpec:
        """Read one ``--model``; the default name is the last part of the path. Raises :class:`EvaluationError`.

        >>> ModelSpec.parse("tuned=demo+runs/adapter").path.adapter
        'runs/adapter'
        >>> ModelSpec.parse("org/model@main").name
        'model'
        >>> ModelSpec.parse("openai:http://localhost:8000/v1#org/model").remote
        'org/model'
        """
        parts = re.fullmatch(r"(?:([\w.-]+)=)?(?:(vllm|openai|replay):)?(.+)", text)
        if parts is None:
            raise EvaluationError(f"--model {text!r}: write {FORMS}.")
        label, prefix, rest = parts.groups()
        try:
            spec = _unlabelled(prefix, rest)
        except EvaluationError as error:
            raise EvaluationError(f"--model {error}") from None
        return replace(spec, name=label or spec.name)


def _unlabelled(prefix: str | None, rest: str) -> ModelSpec:
    if prefix == "openai":
        return _endpoint(rest)
    if prefix == "replay":
        file = Path(rest)
        name = file.parent.name if file.name == "completions.jsonl" else file.stem
        return ModelSpec(name, ModelPath(rest), "replay")
    path = ModelPath.parse(rest)
    if prefix is None and _is_run(path):
        return ModelSpec(path.name, path, "run")
    return ModelSpec(path.name, path, "vllm" if prefix == "vllm" else "transformers")


def _is_run(path: ModelPath) -> bool:
    """Return whether a path is a run or a folder of runs, and no checkpoint that was evaluated in its own folder."""
    folder = expanded(path.base)
    weights = ("config.json", "adapter_config.json", "checkpoint-*")
    if path.adapter is not None or any(any(folder.glob(name)) for name in weights):
        return False
    return (folder / SUITE).exists() or holds_runs(folder)


def _endpoint(rest: str) -> ModelSpec:
    url, remote = split(rest, "#")
    written = repr(without_secrets(f"openai:{rest}"))
    if remote is None or not _can_be_connected_to(url):
        raise EvaluationError(f"{written}: write openai:URL#MODEL, such as openai:http://localhost:8000/v1#org/model.")
    if "?" in url:
        raise EvaluationError(
            f"{written}: an endpoint's URL has no ?query; leave it out (a key is read from OPENAI_API_KEY)."
        )
    return ModelSpec(Path(remote).name, ModelPath(url), "openai", remote)


def _can_be_connected_to(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return url.isprintable() and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is no number or beyond 65535
        return False


def with_templates(specs: Sequence[ModelSpec], templates: Mapping[str | None, Mapping[str, Any]]) -> list[ModelSpec]:
    """Return the models with their own arguments of the chat template, by the models' names; those under None are not.

    Raises :class:`EvaluationError` for a name that no model has, and for stored answers, which are not asked again.
    """
    kinds = {spec.name: spec.kind for spec in specs}
    for name in filter(None, templates):
        if name not in kinds:
            raise EvaluationError(f"--template {name}:…: no --model has this name. {nearest(name, list(kinds))}")
        if kinds[name] in ("replay", "run"):
            raise EvaluationError(f"--template {name}:…: {name!r} is stored answers, which no template changes.")
    return [replace(spec, template={**spec.template, **templates.get(spec.name, {})}) for spec in specs]


def parse_models(texts: Iterable[str]) -> list[ModelSpec]:
    """Read all ``--model``s: a folder of ``checkpoint-*`` becomes one model per checkpoint, in the order of steps.

    Raises :class:`EvaluationError` when two models have one name.
    """
    specs = [point for text in texts for point in _trajectory(ModelSpec.parse(text))]
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise EvaluationError(f"two models are named {name!r}; give names: --model NAME=PATH.")
    return specs


def _trajectory(spec: ModelSpec) -> Sequence[ModelSpec]:
    """Return a spec per checkpoint when the spec's folder (the adapter's, if any) holds only checkpoints."""
    folder = expanded(spec.path.adapter or spec.path.base)
    points = sorted(folder.glob("checkpoint-*"), key=_step) if spec.kind in ("transformers", "vllm") else []
    if not points or (folder / "config.json").exists() or (folder / "adapter_config.json").exists():
        return [spec]
    return [_point(spec, point) for point in points]


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.removeprefix("checkpoint-")
    return int(number) if number.isdecimal() else -1


def _point(spec: ModelSpec, checkpoint: Path) -> ModelSpec:
    name = f"{spec.name}-{checkpoint.name.removeprefix('checkpoint-')}"
    if spec.path.adapter is not None:
        return replace(spec, name=name, path=replace(spec.path, adapter=str(checkpoint)))
    if (checkpoint / "adapter_config.json").exists():
        raise EvaluationError(f"{checkpoint} holds an adapter: write BASE+{spec.path.base}.")
    return replace(spec, name=name, path=replace(spec.path, base=str(checkpoint)))
