"""One load of a base into vLLM that all its adapters share, with a proof that each adapter does something."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import first_line
from ..types import EvaluationError
from .checkpoint import locate, read_settings
from .loading import check_adapter, check_trained, say_code
from .model_path import ModelPath
from .spec import Loading
from .vllm_output import ProcessOutput, forwarded

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""The limits on a LoRA's rank that vLLM can be loaded with."""

PROBE_TOKENS, PROBE_CHOICES = 32, 20
"""What an adapter is proven on: so many tokens, and the log-probabilities of so many of the likeliest at each."""

_INVALID = re.compile(r"^\s*Value error, (.+?)(?: \[type=|$)", re.MULTILINE)
"""What pydantic says of settings that do not go together, on its second line."""

_WORKER = re.compile(r"failed with error '(.+?)', please check")
"""What one of its processes says of another's fault."""

_ELSEWHERE = re.compile("engine ?core", re.IGNORECASE)
"""What an exception holds that says no more than that vLLM's other process has failed."""

QUIET = {"VLLM_LOGGING_STREAM": "ext://sys.stderr", "VLLM_LOGGING_LEVEL": "WARNING"}
"""Environment variables that are set where nobody has set them: standard output is the command's own."""


@dataclass(frozen=True)
class LoadedVllm:
    """A base in vLLM. ``settings`` are those that were not left to vLLM; ``output`` is what its processes write.

    ``adapters``: whether it has room for any.
    """

    folder: Path
    llm: Any
    loading: Loading
    settings: Mapping[str, object]
    device: str
    output: ProcessOutput
    adapters: bool

    @property
    def config(self) -> Any:
        """What vLLM made of the checkpoint's configuration."""
        return self.llm.llm_engine.model_config

    def ask(self, prompts: Sequence[Any], settings: Sequence[Any], adapter: Path | None) -> list[Any]:
        """Return vLLM's output for each prompt, with ``adapter`` or with none.

        Raises :class:`EvaluationError` where vLLM fails.
        """
        from vllm.lora.request import LoRARequest

        lora = None if adapter is None else LoRARequest(adapter.name, _lora_number(adapter), str(adapter))
        try:
            outputs: list[Any] = self.llm.generate(prompts, settings, lora_request=lora, use_tqdm=False)
        except Exception as error:  # what one of its many parts raises
            using = "" if adapter is None else f" with adapter {adapter}"
            cause = _cause(error, self.output)
            raise EvaluationError(
                f"vLLM stopped answering {self.folder}{using}: {cause} Finished rows are kept; use --resume."
            ) from None
        return outputs

    def read(self, prompts: Sequence[Any], settings: Any, adapter: Path | None) -> list[Any]:
        """Return vLLM's output for prompts whose own log-probabilities are asked.

        One at a time where there is room for adapters: vLLM 0.32 then finds the adapter of a prompt's tokens by the
        numbers of the requests, and fails where a batch has more tokens than requests, but for a single request.
        """
        if not self.adapters:
            return self.ask(prompts, [settings] * len(prompts), adapter)
        return [output for prompt in prompts for output in self.ask([prompt], [settings], adapter)]

    def change_by(self, adapter: Path) -> float:
        """Return the largest change that an adapter makes to a log-probability of a probe prompt.

        Raises :class:`EvaluationError` when it changes nothing.
        """
        before, after = self._probe(None), self._probe(adapter)
        change = max(
            abs(then[token] - now[token])
            for then, now in zip(before, after, strict=True)
            for token in then.keys() & now.keys()
        )
        if not change > 0:
            raise EvaluationError(
                f"adapter {adapter} changes nothing in vLLM: with it and without it the log-probabilities of a probe "
                "prompt are equal. It is untrained, its weights were not found, or it is lost in the rounding of "
                f"{str(self.config.dtype).removeprefix('torch.')} (--dtype float32)."
            )
        return change

    def _probe(self, adapter: Path | None) -> list[dict[int, float]]:
        from vllm import SamplingParams

        ids = list(range(min(PROBE_TOKENS, self.config.get_vocab_size(), self.config.max_model_len - 1)))
        settings = SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=PROBE_CHOICES)
        (output,) = self.read([{"prompt_token_ids": ids}], settings, adapter)
        return [{token: one.logprob for token, one in place.items()} for place in output.prompt_logprobs[1:]]


def load_vllm(
    path: ModelPath, adapters: Sequence[Path], loading: Loading, settings: Mapping[str, object]
) -> LoadedVllm:
    """Load a base into vLLM, with room for its ``adapters``; ``settings`` are passed on.

    Raises :class:`EvaluationError` where vLLM is missing or cannot serve the model.
    """
    folder = locate(path, code=loading.trust_remote_code)
    say_code(folder, trusted=loading.trust_remote_code)
    ranks = [_rank(adapter) for adapter in adapters]
    output = ProcessOutput()
    try:
        with forwarded(output):
            vllm, platform = _library()
            llm = vllm.LLM(
                model=str(folder),
                dtype=_dtype(folder, loading, on_cpu=platform.is_cpu()),
                generation_config="vllm",  # and not the checkpoint's: the task says how to sample
                trust_remote_code=loading.trust_remote_code,
                **({"enable_lora": True, "max_lora_rank": max(ranks)} if ranks else {}),
                **settings,
            )
            once = vllm.SamplingParams(max_tokens=1)  # a shape that it has no kernel for may only show now
            llm.generate([{"prompt_token_ids": [0]}], [once], use_tqdm=False)
    except EvaluationError:
        raise
    except Exception as error:  # what one of its many parts raises
        raise EvaluationError(f"vLLM cannot serve {folder}: {_cause(error, output)}") from None
    return LoadedVllm(folder, llm, loading, settings, str(platform.device_type), output, bool(ranks))


def _library() -> tuple[Any, Any]:
    """Return the package vllm and what it knows of the machine."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import vllm
        from vllm.platforms import current_platform
    except ImportError:
        raise EvaluationError("vllm: models need the package vllm: pip install 'grpokit[vllm]'.") from None
    return vllm, current_platform


def _dtype(folder: Path, loading: Loading, *, on_cpu: bool) -> str:
    """Return the dtype that the transformers engine would take; vLLM's own choice rounds float32 weights."""
    if loading.dtype != "auto":
        return loading.dtype
    config = read_settings(folder / "config.json")
    return "float32" if on_cpu else str(config.get("dtype") or config.get("torch_dtype") or "auto")


def _cause(error: Exception, output: ProcessOutput) -> str:
    """Return in one sentence what went wrong: an exception in this process may only say that another one has failed."""
    said, elsewhere = first_line(error), output.last_cause()  # which waits, so that our line is the last
    if invalid := _INVALID.search(str(error)):
        said = invalid[1]
    elif elsewhere and _ELSEWHERE.search(said):
        said = elsewhere
    if quoted := _WORKER.search(said):
        said = quoted[1]
    return said if said.endswith(".") else f"{said}."


def _lora_number(adapter: Path) -> int:
    """Return the positive number that vLLM tells adapters apart by."""
    return int.from_bytes(hashlib.sha256(str(adapter.resolve()).encode()).digest()[:3]) + 1


def _rank(adapter: Path) -> int:
    """Return the least of vLLM's rank limits that an adapter fits in."""
    check_adapter(adapter)
    check_trained(adapter)
    rank = int(read_settings(adapter / "adapter_config.json")["r"])
    return next((limit for limit in RANKS if limit >= rank), rank)
