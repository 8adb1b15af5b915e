"""vLLM as an engine, for a GPU: one engine a base, the adapter as a LoRA request, one seed a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..rendering import encode
from ..types import EvaluationError, FinishReason, Prompt, Request, Row, Sampling
from .checkpoint import fingerprint, locate
from .keys import row_key
from .loading import load_tokenizer
from .spec import ModelSpec

BATCH = 1024
"""Requests handed over at once: vLLM batches them itself, and each finished lot is journalled."""


@dataclass
class VllmEngine:
    """Generates with ``vllm.LLM``. Its seeds make a run repeatable; they share no noise with other engines."""

    name: str
    folder: Path
    adapter: Path | None
    llm: Any

    @cached_property
    def weights(self) -> str:
        """The fingerprint of the weights that answer."""
        return fingerprint(self.folder) if self.adapter is None else fingerprint(self.folder, self.adapter)

    @cached_property
    def _tokenizer(self) -> Any:
        return load_tokenizer(self.folder)

    def describe(self) -> dict[str, Any]:
        """Return what the manifest keeps of this engine."""
        adapter = None if self.adapter is None else str(self.adapter)
        return {"kind": "vllm", "checkpoint": str(self.folder), "adapter": adapter}

    def plan(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Prompt]:
        """Return the prompts as they are: vLLM orders its own work."""
        return list(prompts)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Row]]:
        """Yield rows lot by lot, in the order of ``requests``."""
        from vllm.lora.request import LoRARequest

        lora = None if self.adapter is None else LoRARequest(self.adapter.name, 1, str(self.adapter))
        for start in range(0, len(requests), BATCH):
            lot = requests[start : start + BATCH]
            prompts = [{"prompt_token_ids": encode(self._tokenizer, request.prompt.text)} for request in lot]
            settings = [_settings(request, sampling) for request in lot]
            outputs = self.llm.generate(prompts, settings, lora_request=lora, use_tqdm=False)
            yield [self._row(request, output.outputs[0]) for request, output in zip(lot, outputs, strict=True)]

    def _row(self, request: Request, output: Any) -> Row:
        ids = list(output.token_ids)
        finish = _finish_reason(output.finish_reason, output.stop_reason)
        return Row(request.prompt.id, request.sample, output.text, finish, len(ids), ids, self.name, self.weights)


def _settings(request: Request, sampling: Sampling) -> Any:
    from vllm import SamplingParams

    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k or -1,
        max_tokens=sampling.max_new_tokens,
        stop=list(sampling.stop),
        seed=row_key(sampling.seed, request.prompt.id, request.sample) % 2**31,
        skip_special_tokens=False,
    )


def _finish_reason(said: str | None, stop: int | str | None) -> FinishReason | None:
    """vLLM says "stop" for both; the stop reason is a string for a stop string only."""
    if said == "stop":
        return "stop" if isinstance(stop, str) else "eos"
    return "length" if said == "length" else None


def load_vllm(spec: ModelSpec) -> VllmEngine:
    """Load a checkpoint into vLLM, with LoRA switched on when the spec has an adapter."""
    try:
        from vllm import LLM
    except ImportError:
        raise EvaluationError("vllm: models need the package vllm and a GPU: pip install 'grpokit[vllm]'.") from None
    folder = locate(spec.base, spec.revision)
    adapter = None if spec.adapter is None else Path(spec.adapter).expanduser()
    llm = LLM(model=str(folder), enable_lora=adapter is not None, generation_config="vllm")
    return VllmEngine(spec.name, folder, adapter, llm)
