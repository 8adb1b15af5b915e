"""vLLM as an engine, for a GPU: one engine per base, the adapter as a LoRA request, one seed per row."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ..turns import end_of_turn_ids
from ..types import EvaluationError, FinishReason, Prompt, Request, Row, Sampling
from .checkpoint import fingerprint, locate, trained_for
from .likelihood import choice_row
from .loading import check_adapter, check_trained, load_tokenizer, say_code
from .model_path import ModelPath
from .prompts import EncodedPrompts
from .spec import ModelSpec

BATCH = 1024
"""Requests handed over at once: vLLM batches them itself, and each finished lot is journalled."""

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""The limits on a LoRA's rank that vLLM can be loaded with."""


@dataclass
class VllmEngine:
    """Generates with ``vllm.LLM``. Its seeds make a run repeatable; they share no noise with other engines."""

    name: str
    folder: Path
    adapter: Path | None
    llm: Any
    trust_remote_code: bool = False

    @cached_property
    def weights(self) -> str:
        """The fingerprint of the weights that answer."""
        return fingerprint(self.folder) if self.adapter is None else fingerprint(self.folder, self.adapter)

    @cached_property
    def _prompts(self) -> EncodedPrompts:
        return EncodedPrompts(load_tokenizer(self.folder, trust_remote_code=self.trust_remote_code))

    @cached_property
    def _stop_ids(self) -> list[int]:
        """Tokens to stop at beside those that the checkpoint lists, which vLLM knows."""
        return end_of_turn_ids(self._prompts.tokenizer)

    def describe(self) -> dict[str, Any]:
        """Return what the manifest keeps of this engine."""
        return {
            "kind": "vllm",
            "fingerprint": "tensors and settings",
            "checkpoint": str(self.folder),
            "adapter": None if self.adapter is None else str(self.adapter),
            "trained_for": trained_for(self.adapter or self.folder),
            "dtype": str(self.llm.llm_engine.model_config.dtype).removeprefix("torch."),
            **self._prompts.describe(),
        }

    def plan(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Prompt]:
        """Return the prompts as they are: vLLM orders its own work.

        Raises :class:`EvaluationError` when a prompt and its completion do not fit the model's context.
        """
        context = self.llm.llm_engine.model_config.max_model_len
        if sampling.likelihood:
            self._prompts.check_continued(self.name, prompts, context - 1)  # it cannot generate nothing
        else:
            self._prompts.check_fit(self.name, prompts, sampling, context)
        return list(prompts)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Row]]:
        """Yield rows lot by lot, in the order of ``requests``."""
        from vllm.lora.request import LoRARequest

        lora = None if self.adapter is None else LoRARequest(self.name, _lora_number(self.adapter), str(self.adapter))
        for start in range(0, len(requests), BATCH):
            lot = requests[start : start + BATCH]
            if sampling.likelihood:
                yield self._likeliest([request.prompt for request in lot], lora)
                continue
            prompts = [{"prompt_token_ids": self._prompts.ids(request.prompt)} for request in lot]
            settings = [self._settings(request, sampling) for request in lot]
            outputs = self.llm.generate(prompts, settings, lora_request=lora, use_tqdm=False)
            yield [self._row(request, output.outputs[0]) for request, output in zip(lot, outputs, strict=True)]

    def _likeliest(self, prompts: Sequence[Prompt], lora: Any) -> list[Row]:
        """Read each prompt with each of its texts behind it: vLLM remembers the prompt, which the texts share."""
        from vllm import SamplingParams

        asked = [self._prompts.continued(prompt) for prompt in prompts]
        whole = [{"prompt_token_ids": one.prompt + text} for one in asked for text in one.texts]
        settings = SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=0)
        outputs = iter(self.llm.generate(whole, [settings] * len(whole), lora_request=lora, use_tqdm=False))
        rows = []
        for prompt, one in zip(prompts, asked, strict=True):
            values = [_log_likelihood(next(outputs).prompt_logprobs, one.prompt, text) for text in one.texts]
            rows.append(choice_row(prompt, values, self.name, self.weights))
        return rows

    def _settings(self, request: Request, sampling: Sampling) -> Any:
        from vllm import SamplingParams

        return SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k or -1,
            max_tokens=sampling.max_new_tokens,
            stop=list(sampling.stop),
            stop_token_ids=self._stop_ids,
            seed=request.key(sampling.seed) % 2**31,
            skip_special_tokens=False,
        )

    def _row(self, request: Request, output: Any) -> Row:
        ids = list(output.token_ids)
        finish = _finish_reason(output.finish_reason, output.stop_reason)
        return Row(request.prompt.id, request.sample, output.text, finish, len(ids), ids, self.name, self.weights)


def _log_likelihood(logprobs: Sequence[Any], prompt: Sequence[int], text: Sequence[int]) -> float:
    """Return the sum over a text's tokens; ``logprobs`` has an entry per token of prompt and text together."""
    return float(sum(logprobs[len(prompt) + place][token].logprob for place, token in enumerate(text)))


def _lora_number(adapter: Path) -> int:
    """Return the positive number that vLLM tells adapters apart by."""
    return int.from_bytes(hashlib.sha256(str(adapter.resolve()).encode()).digest()[:3]) + 1


def _finish_reason(said: str | None, stop: int | str | None) -> FinishReason | None:
    """vLLM says "stop" for both; the stop reason is a string for a stop string only."""
    if said == "stop":
        return "stop" if isinstance(stop, str) else "eos"
    return "length" if said == "length" else None


class VllmLoader:
    """Makes engines out of specs; specs in a row that name the same base share one load of it."""

    def __init__(self, specs: Sequence[ModelSpec], *, trust_remote_code: bool = False) -> None:
        self._specs = specs
        self._trusted = trust_remote_code
        self._loaded: _Loaded | None = None

    def engine(self, spec: ModelSpec) -> VllmEngine:
        """Return the engine of ``spec``. Raises :class:`EvaluationError` for a checkpoint that cannot be used."""
        path = spec.path.without_adapter
        if self._loaded is None or self._loaded.path != path:
            self._loaded = None  # let go of the last base before the next one is loaded
            gc.collect()
            tuned = [other.path for other in self._specs if other.path.without_adapter == path]
            self._loaded = _load(path, tuned, trust_remote_code=self._trusted)
        return VllmEngine(spec.name, self._loaded.folder, spec.path.adapter_folder, self._loaded.llm, self._trusted)


class _Loaded(NamedTuple):
    path: ModelPath
    folder: Path
    llm: Any


def _load(path: ModelPath, tuned: Sequence[ModelPath], *, trust_remote_code: bool) -> _Loaded:
    """Load a base into vLLM, with room for the adapters of ``tuned``."""
    try:
        from vllm import LLM
    except ImportError:
        raise EvaluationError("vllm: models need the package vllm and a GPU: pip install 'grpokit[vllm]'.") from None
    folder = locate(path, code=trust_remote_code)
    say_code(folder, trusted=trust_remote_code)
    ranks = [_rank(each.adapter_folder) for each in tuned if each.adapter_folder is not None]
    lora = {"enable_lora": True, "max_lora_rank": max(ranks)} if ranks else {}
    llm = LLM(model=str(folder), generation_config="vllm", trust_remote_code=trust_remote_code, **lora)
    return _Loaded(path, folder, llm)


def _rank(adapter: Path) -> int:
    """Return the least of vLLM's rank limits that an adapter fits in."""
    check_adapter(adapter)
    check_trained(adapter)
    rank = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))["r"]
    return next((limit for limit in RANKS if limit >= rank), rank)
