"""Engines turn requests into rows: transformers (the default), vLLM, an OpenAI-compatible endpoint, stored rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ..types import Engine
    from .spec import ModelSpec
    from .transformers import Loader
    from .vllm import VllmLoader


@dataclass(frozen=True)
class Loading:
    """How the transformers engine loads weights.

    ``dtype`` auto is float32 on a CPU and the checkpoint's own on a GPU; ``device`` auto is this process's GPU
    where there is one. ``quantization`` loads the base in 4 bits (NF4, double quantisation) or 8 bits by
    bitsandbytes.
    """

    dtype: str = "auto"
    device: str = "auto"
    quantization: Literal["4bit", "8bit"] | None = None
    attention: str | None = None


@dataclass(frozen=True)
class Limits:
    """How an endpoint is asked.

    ``concurrency`` requests are under way at once. Each has ``request_timeout`` seconds, from its first byte to the
    last of its answer, and one that fails for now is repeated ``retries`` times.
    """

    concurrency: int = 16
    request_timeout: float = 120.0
    retries: int = 6


def load_engines(
    specs: Sequence[ModelSpec],
    *,
    batch_size: int | None = None,
    loading: Loading | None = None,
    limits: Limits | None = None,
) -> Iterator[Engine]:
    """Yield an engine per spec, one after another; the next one is loaded when it is asked for.

    ``batch_size`` is the number of rows per batch (None: automatic); ``limits`` are those of endpoints.
    """
    loader: Loader | None = None
    vllm: VllmLoader | None = None
    for spec in specs:
        if spec.kind == "openai":
            from .endpoint import connect

            yield connect(spec, limits or Limits())
        elif spec.kind == "replay":
            from .replay import ReplayEngine

            yield ReplayEngine(spec.name, Path(spec.base))
        elif spec.kind == "vllm":
            from .vllm import VllmLoader

            vllm = vllm or VllmLoader([spec for spec in specs if spec.kind == "vllm"])
            yield vllm.engine(spec)
        else:
            from .transformers import Loader

            loader = loader or Loader(batch_size, loading or Loading())
            yield loader.engine(spec)
