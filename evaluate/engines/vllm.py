"""vLLM as an engine: one load per base, the adapter as a LoRA request, one seed per row."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ..progress import Grow, unwatched
from ..rendering import prefill
from ..template_arguments import Template
from ..turns import end_of_turn_ids
from ..types import FinishReason, Prompt, Request, Row, Sampling
from .checkpoint import fingerprint, trained_for
from .likelihood import choice_row
from .loading import load_tokenizer
from .model_path import ModelPath
from .prompts import EncodedPrompts
from .spec import Loading, ModelSpec, VllmSettings
from .vllm_loading import LoadedVllm, load_vllm

BATCH = 1024
"""Requests handed over at once: vLLM batches them itself, and each finished lot is journalled."""


@dataclass
class VllmEngine:
    """Generates with ``vllm.LLM``. Its seeds make a run repeatable; they share no noise with other engines."""

    name: str
    base: LoadedVllm
    adapter: Path | None
    probe_change: float | None = None
    template: Template = field(default_factory=dict)

    @cached_property
    def weights(self) -> str:
        """The fingerprint of the weights that answer."""
        folders = [self.base.folder] if self.adapter is None else [self.base.folder, self.adapter]
        return fingerprint(*folders)

    @cached_property
    def _prompts(self) -> EncodedPrompts:
        tokenizer = load_tokenizer(self.base.folder, trust_remote_code=self.base.loading.trust_remote_code)
        return EncodedPrompts(tokenizer, self.base.config.get_vocab_size(), self.template)

    @cached_property
    def _stop_ids(self) -> list[int]:
        """Tokens to stop at beside those that the checkpoint lists, which vLLM knows."""
        return end_of_turn_ids(self._prompts.tokenizer)

    def describe(self) -> dict[str, Any]:
        """Return what the manifest keeps of this engine."""
        return {
            "kind": "vllm",
            "fingerprint": "tensors and settings",
            "checkpoint": str(self.base.folder),
            "adapter": None if self.adapter is None else str(self.adapter),
            "adapter_probe_change": self.probe_change,
            "trained_for": trained_for(self.adapter or self.base.folder),
            "dtype": str(self.base.config.dtype).removeprefix("torch."),
            "quantization": self.base.config.quantization,
            "device": self.base.device,
            "settings": self.base.settings,
            **self._prompts.describe(),
        }

    def plan(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Prompt]:
        """Return the prompts as they are: vLLM orders its own work.

        Raises :class:`EvaluationError` when a prompt and its completion do not fit the model's context.
        """
        self._prompts.begin(sampling.template, self.name)
        context = self.base.config.max_model_len
        if sampling.likelihood:
            self._prompts.check_continued(self.name, prompts, context - 1)  # it cannot generate nothing
        else:
            self._prompts.check_fit(self.name, prompts, sampling, context)
        return list(prompts)

    def generate(self, requests: Sequence[Request], sampling: Sampling, grow: Grow = unwatched) -> Iterator[list[Row]]:
        """Yield rows lot by lot, in the order of ``requests``."""
        for start in range(0, len(requests), BATCH):
            lot = requests[start : start + BATCH]
            if sampling.likelihood:
                yield self._likeliest([request.prompt for request in lot])
                continue
            prompts = [{"prompt_token_ids": self._prompts.ids(request.prompt)} for request in lot]
            settings = [self._settings(request, sampling) for request in lot]
            outputs = self.base.ask(prompts, settings, self.adapter)
            rows = [self._row(request, output.outputs[0]) for request, output in zip(lot, outputs, strict=True)]
            grow(sum(row.tokens or 0 for row in rows))
            yield rows

    def _likeliest(self, prompts: Sequence[Prompt]) -> list[Row]:
        """Read each prompt with each of its texts behind it: vLLM remembers the prompt, which the texts share."""
        from vllm import SamplingParams

        asked = [self._prompts.continued(prompt) for prompt in prompts]
        whole = [{"prompt_token_ids": one.prompt + text} for one in asked for text in one.texts]
        settings = SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=0)
        outputs = iter(self.base.read(whole, settings, self.adapter))
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
        text = prefill(request.prompt.text) + output.text
        return Row(request.prompt.id, request.sample, text, finish, len(ids), ids, self.name, self.weights)


def _log_likelihood(logprobs: Sequence[Any], prompt: Sequence[int], text: Sequence[int]) -> float:
    """Return the sum over a text's tokens; ``logprobs`` has an entry per token of prompt and text together."""
    return float(sum(logprobs[len(prompt) + place][token].logprob for place, token in enumerate(text)))


def _finish_reason(said: str | None, stop: int | str | None) -> FinishReason | None:
    """vLLM says "stop" for both; the stop reason is a string for a stop string only."""
    if said == "stop":
        return "stop" if isinstance(stop, str) else "eos"
    return "length" if said == "length" else None


class VllmLoader:
    """Makes engines out of specs; specs in a row that name the same base share one load of it."""

    def __init__(
        self, specs: Sequence[ModelSpec], batch_size: int | None, loading: Loading, settings: VllmSettings
    ) -> None:
        self._specs = [spec for spec in specs if spec.kind == "vllm"]
        self._loading = loading
        self._settings = settings.given if batch_size is None else {**settings.given, "max_num_seqs": batch_size}
        self._loaded: LoadedVllm | None = None
        self._path: ModelPath | None = None

    def engine(self, spec: ModelSpec) -> VllmEngine:
        """Return the engine of ``spec``. Raises :class:`EvaluationError` for a checkpoint that cannot be used."""
        path = spec.path.without_adapter
        if self._loaded is None or self._path != path:
            self._loaded = None  # let go of the last base before the next one is loaded
            gc.collect()
            tuned = [other.path.adapter_folder for other in self._specs if other.path.without_adapter == path]
            self._loaded = load_vllm(path, [*filter(None, tuned)], self._loading, self._settings)
            self._path = path
        adapter = spec.path.adapter_folder
        change = None if adapter is None else self._loaded.change_by(adapter)
        return VllmEngine(spec.name, self._loaded, adapter, change, spec.template)
