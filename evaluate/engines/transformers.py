"""The embedded engine: generation by transformers on CPU or GPU, for a checkpoint with or without an adapter."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from accelerate.utils.memory import should_reduce_batch_size

from ..progress import Grow, unwatched
from ..rendering import prefill
from ..runs.run import Answered
from ..template_arguments import Template
from ..types import FinishReason, Prompt, Request, Row, Sampling
from .batch_size import BatchSize
from .checkpoint import fingerprint, trained_for
from .drawing import Drawing
from .likelihood import choice_row, log_likelihoods
from .loading import LoadedBase, load_base, quiet
from .model_path import ModelPath
from .prompts import Continued, EncodedPrompts
from .sampling import StopAt
from .spec import Loading, ModelSpec

LOGITS = 2**27
"""Logits that are held at once where finished completions are read again."""


@dataclass
class TransformersEngine:
    """Generates with one set of weights. ``batch_size`` None means automatic, see :class:`BatchSize`.

    ``template`` holds arguments of the chat template that go before those of a task.
    """

    name: str
    base: LoadedBase
    adapter: Path | None = None
    batch_size: int | None = None
    probe_change: float | None = None
    template: Template = field(default_factory=dict)

    @cached_property
    def _prompts(self) -> EncodedPrompts:
        return EncodedPrompts(self.base.tokenizer, self.base.embedding_rows, self.template)

    @cached_property
    def weights(self) -> str:
        """The fingerprint of the weights that answer."""
        folders = [self.base.folder] if self.adapter is None else [self.base.folder, self.adapter]
        return fingerprint(*folders)

    def describe(self) -> dict[str, Any]:
        """Return what the manifest keeps of this engine."""
        return {
            "kind": "transformers",
            "fingerprint": "tensors and settings",
            "checkpoint": str(self.base.folder),
            "adapter": None if self.adapter is None else str(self.adapter),
            "adapter_probe_change": self.probe_change,
            "adapter_merged": None if self.adapter is None else self.adapter in self.base.merges,
            "trained_for": trained_for(self.adapter or self.base.folder),
            "dtype": str(self.base.model.dtype).removeprefix("torch."),
            "quantization": self.base.loading.quantization,
            "attention": self.base.model.config._attn_implementation,
            "device": str(self.base.device),
            "batch_size": self.batch_size or "auto",
            **self._prompts.describe(),
        }

    def plan(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Prompt]:
        """Return the prompts in the order they are best generated: the longest first.

        Memory then runs out at once or never, and a batch holds prompts of like length. Raises
        :class:`EvaluationError` when a prompt and its completion do not fit the model's context.
        """
        self._prompts.begin(sampling.template, self.name)
        ordered = sorted(prompts, key=lambda prompt: (-len(self._prompts.ids(prompt)), prompt.id))
        context = getattr(self.base.model.config, "max_position_embeddings", None)
        if sampling.likelihood:
            self._prompts.check_continued(self.name, ordered, context)
            return ordered
        self._prompts.check_fit(self.name, ordered[:1], sampling, context)
        return ordered

    def generate(self, requests: Sequence[Request], sampling: Sampling, grow: Grow = unwatched) -> Iterator[list[Row]]:
        """Yield finished rows batch by batch, in the order of ``requests``; halve the batch when memory runs out.

        Of a batch that is interrupted, the rows that are finished are yielded before the interrupt goes on.
        """
        batch, size, start = self._likeliest if sampling.likelihood else self._batch, self._size, 0
        while start < len(requests):
            size.begin()
            try:
                for rows in batch(requests[start : start + size.rows], sampling, grow):
                    size.end(rows)
                    yield rows
                    start += len(rows)
            except RuntimeError as error:
                if size.rows == 1 or not ran_out(error):
                    raise
                size.ran_out()

    def rebatched(self) -> TransformersEngine:
        """Return this engine with batches of about a third of the size, so that other rows stand side by side."""
        rows = self._size.rows
        return replace(self, batch_size=max(1, rows // 3) if rows > 1 else 3)

    @property
    def _size(self) -> BatchSize:
        """Rows per batch: as many as was said, or as found so far."""
        return self._found if self.batch_size is None else self._batches(self.batch_size)

    @cached_property
    def _found(self) -> BatchSize:
        return self._batches(None)

    def _batches(self, fixed: int | None) -> BatchSize:
        return BatchSize(fixed, self.base.device, self.base.model.dtype)

    def _batch(self, requests: Sequence[Request], sampling: Sampling, grow: Grow) -> Iterator[list[Row]]:
        tokenizer = self.base.tokenizer
        ids = [self._prompts.ids(request.prompt) for request in requests]
        inputs = tokenizer.pad({"input_ids": ids}, padding=True, return_tensors="pt").to(self.base.device)
        stop = StopAt(tokenizer, sampling.stop, inputs["input_ids"].shape[1]) if sampling.stop else None
        drawing = Drawing(inputs, [request.key(sampling.seed) for request in requests], sampling, stop, grow)
        interrupt = None
        try:
            with self.base.drawing(self.adapter) as model, torch.inference_mode(), quiet():
                drawing.draw(model, self._ends)
        except KeyboardInterrupt as stopped:
            interrupt = stopped
        rows = [self.row(request, tokens, sampling) for request, tokens in zip(requests, drawing.tokens, strict=True)]
        if interrupt is None:
            yield rows
            return
        yield [row for row in rows if row.finish_reason != "length"]
        raise interrupt

    @property
    def _ends(self) -> list[int]:
        """The tokens that end a completion."""
        return self.base.model.generation_config.eos_token_id or []

    def _likeliest(self, requests: Sequence[Request], sampling: Sampling, grow: Grow) -> Iterator[list[Row]]:
        prompts = [request.prompt for request in requests]
        with self.base.active(self.adapter) as model, torch.inference_mode(), quiet():
            values = log_likelihoods(model, [self._prompts.continued(prompt) for prompt in prompts])
        yield [choice_row(prompt, own, self.name, self.weights) for prompt, own in zip(prompts, values, strict=True)]

    def plausibility(self, answers: Sequence[Answered], adapter: Path | None) -> list[float | None]:
        """Return the mean log-probability per token of each row's completion, with ``adapter`` or under the base alone.

        None for a row without tokens. A prompt is read once for all its samples, and as many prompts at once as have
        room for the logits.
        """
        texts = [[list(row.token_ids) for row in one.rows if row.token_ids] for one in answers]
        places = [place for place, own in enumerate(texts) if own]
        asked = {place: Continued(self._prompts.ids(answers[place].prompt), texts[place]) for place in places}
        places.sort(key=lambda place: (-len(asked[place].prompt), -max(map(len, asked[place].texts))))
        means: dict[int, list[float]] = {}
        while places:
            first = asked[places[0]]
            tokens = max(map(len, first.texts)) * len(first.texts)
            room = min(LOGITS // (len(self.base.tokenizer) * tokens), self._size.rows)
            some, places = places[: max(1, room)], places[max(1, room) :]
            with self.base.active(adapter) as model, torch.inference_mode(), quiet():
                sums = log_likelihoods(model, [asked[place] for place in some])
            means |= {
                place: [one / len(text) for one, text in zip(own, texts[place], strict=True)]
                for place, own in zip(some, sums, strict=True)
            }
        values = {place: iter(own) for place, own in means.items()}
        return [next(values[place]) if row.token_ids else None for place, one in enumerate(answers) for row in one.rows]

    def row(self, request: Request, generated: list[int], sampling: Sampling) -> Row:
        """Return the row of generated tokens, which may run on past an end token or a stop string.

        Its text has what the prompt says of the answer before them.
        """
        end = next((place for place, token in enumerate(generated) if token in self._ends), None)
        tokens = generated if end is None else generated[: end + 1]
        text = self._decode(generated[:end])
        finish: FinishReason = "length" if end is None else "eos"
        stops = [place for stop in sampling.stop if (place := text.find(stop)) >= 0]
        if stops:
            text, finish = text[: min(stops)], "stop"
            # the shortest run of tokens that holds the text: the rows of a batch stop at different steps
            count = next(n for n in range(len(generated) + 1) if self._decode(generated[:n]).startswith(text))
            tokens = generated[:count]
        said = prefill(request.prompt.text) + text
        return Row(
            request.prompt.id, request.sample, said, finish, len(tokens), tokens, model=self.name, weights=self.weights
        )

    def ids(self, prompt: Prompt) -> list[int]:
        """Return the token ids that a prompt of the plan is asked with."""
        return self._prompts.ids(prompt)

    def _decode(self, tokens: list[int]) -> str:
        return str(self.base.tokenizer.decode(tokens, skip_special_tokens=False))


def ran_out(error: BaseException) -> bool:
    """Return whether an error says that a device, or the machine, has no memory left.

    GPUs raise ``torch.OutOfMemoryError``; the allocator for CPUs raises a plain RuntimeError.

    >>> ran_out(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 80000000000 bytes."))
    True
    >>> ran_out(RuntimeError("shape mismatch"))
    False
    """
    if isinstance(error, torch.OutOfMemoryError):
        return True
    on_windows = "not enough memory" in str(error)
    return isinstance(error, RuntimeError) and (should_reduce_batch_size(error) or on_windows)


class Loader:
    """Makes engines out of specs; specs in a row that name the same base share one load of it."""

    def __init__(self, batch_size: int | None, loading: Loading) -> None:
        self._batch_size = batch_size
        self._loading = loading
        self._loaded: LoadedBase | None = None
        self._path: ModelPath | None = None

    def engine(self, spec: ModelSpec) -> TransformersEngine:
        """Return the engine of ``spec``. Raises :class:`EvaluationError` for a checkpoint that cannot be used."""
        base = spec.path.without_adapter
        if self._loaded is None or base != self._path:
            self._loaded = None  # let go of the last base before the next one is loaded
            gc.collect()  # adapters and their model refer to each other
            self._loaded, self._path = load_base(base, self._loading), base
        adapter = spec.path.adapter_folder
        change = None if adapter is None else self._loaded.add_adapter(adapter)
        return TransformersEngine(spec.name, self._loaded, adapter, self._batch_size, change, spec.template)
