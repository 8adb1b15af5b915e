"""Engines turn requests into rows: transformers (the default), vLLM, an OpenAI-compatible endpoint, stored rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..types import EvaluationError
from .model_path import expanded
from .spec import Limits, Loading, ModelSpec, VllmSettings

if TYPE_CHECKING:
    from ..types import Engine
    from .transformers import Loader
    from .vllm import VllmLoader

__all__ = ["Limits", "Loading", "ModelSpec", "VllmSettings", "load_engines"]


def load_engines(
    specs: Sequence[ModelSpec],
    *,
    batch_size: int | None = None,
    loading: Loading | None = None,
    limits: Limits | None = None,
    vllm: VllmSettings | None = None,
) -> Iterator[Engine]:
    """Yield an engine per spec, one after another; the next one is loaded when it is asked for.

    ``batch_size`` is the number of rows per batch (None: automatic); ``limits`` are those of endpoints, and ``vllm``
    has what is set of vLLM alone.
    """
    loader: Loader | None = None
    served: VllmLoader | None = None
    for spec in specs:
        if spec.kind == "openai":
            from .endpoint import connect

            yield connect(spec, limits or Limits())
        elif spec.kind == "replay":
            from .replay import ReplayEngine

            yield ReplayEngine(spec.name, expanded(spec.path.base))
        elif spec.kind == "run":
            raise EvaluationError(f"{spec.path.base} is a finished run, which cannot be asked: give its model.")
        elif spec.kind == "vllm":
            from .vllm import VllmLoader

            served = served or VllmLoader(specs, batch_size, loading or Loading(), vllm or VllmSettings())
            yield served.engine(spec)
        else:
            from .transformers import Loader

            loader = loader or Loader(batch_size, loading or Loading())
            yield loader.engine(spec)
