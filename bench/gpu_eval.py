"""Tokens per second of the transformers engine, whose batch finds its size, beside a bare ``generate`` of that size."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from grpokit.evaluate import Prompt, Request, Sampling
from grpokit.evaluate.engines import Loading, load_engines
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.engines.transformers import TransformersEngine
from grpokit.evaluate.rendering import encode

if TYPE_CHECKING:
    from gpu_inputs import Inputs

ROWS, TINY_ROWS = 2048, 320
NEW_TOKENS, TINY_NEW_TOKENS = 128, 8


class Throughput(NamedTuple):
    """Tokens per second: of the engine while its batch grows, of it and of a bare ``generate`` at the size it found.

    ``batches`` are the rows of each batch of the first pass.
    """

    batches: list[int]
    growing: float
    engine: float
    bare: float

    @property
    def overhead(self) -> float:
        """How much longer the engine takes than the bare ``generate``."""
        return self.bare / self.engine - 1


def measure_throughput(inputs: Inputs, device: str, *, tiny: bool) -> Throughput:
    """Generate every row three times: growing, and then at the size that was found by the engine and bare."""
    loading = Loading(device=device, dtype="float32" if device == "cpu" else "bfloat16")
    engine = next(load_engines([ModelSpec.parse(str(inputs.base))], loading=loading))
    assert isinstance(engine, TransformersEngine)
    prompts = _prompts(inputs, TINY_ROWS if tiny else ROWS)
    sampling = Sampling(max_new_tokens=TINY_NEW_TOKENS if tiny else NEW_TOKENS)
    requests = [Request(prompt, 0) for prompt in engine.plan(prompts, sampling)]
    sizes: list[int] = []

    def generate() -> int:
        sizes.clear()
        tokens = 0
        for rows in engine.generate(requests, sampling):
            sizes.append(len(rows))
            tokens += sum(row.tokens or 0 for row in rows)
        return tokens

    growing = _per_second(generate)
    batches = list(sizes)
    whole = _per_second(generate)
    return Throughput(batches, growing, whole, _per_second(lambda: _bare(engine, requests, sizes, sampling)))


def _prompts(inputs: Inputs, rows: int) -> list[Prompt]:
    """Repeat the task's questions under numbers of their own."""
    data = inputs.card.with_name("rows.jsonl").read_text(encoding="utf-8").splitlines()
    return [Prompt(str(row), json.loads(data[row % len(data)])["question"], {}) for row in range(rows)]


def _bare(engine: TransformersEngine, requests: Sequence[Request], sizes: Sequence[int], sampling: Sampling) -> int:
    import torch

    model, tokenizer, tokens, start = engine.base.model, engine.base.tokenizer, 0, 0
    for size in sizes:
        ids = [encode(tokenizer, request.prompt.text) for request in requests[start : start + size]]
        batch = tokenizer.pad({"input_ids": ids}, return_tensors="pt").to(engine.base.device)
        length = batch["input_ids"].shape[1]
        with torch.inference_mode():
            output = model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=sampling.max_new_tokens,
                do_sample=False,
            )
        tokens += int((output[:, length:] != tokenizer.pad_token_id).sum())
        start += size
    return tokens


def _per_second(work: Callable[[], int]) -> float:
    from gpu_phases import now

    start = now()
    tokens = work()
    return float(tokens / (now() - start))
