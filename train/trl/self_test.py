"""Is a completion as likely in the loss as it was when it was drawn? Learning rests on that, and nothing else shows it.

A few completions of the first batch are replayed: the model generates them token by token as it drew them, and reports
how likely each token was. The loss reads them in one padded pass. The two differ where a model is given other positions
or another mask in one of them (huggingface/trl#6800), or draws with other weights than it learns with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList
from trl.models.utils import unwrap_model_for_generation

from ...evaluate.engines.loading import quiet
from ...evaluate.engines.transformers import ran_out

if TYPE_CHECKING:
    from .trainer import GuardedTrainer

ROWS = 4
"""So many completions are replayed, with short and with long prompts: the shortest has the most padding."""

ROUNDING = {torch.float32: 0.001, torch.bfloat16: 0.1, torch.float16: 0.02}
"""By the numbers that a model computes in, the mean difference in nats up to which two ways of computing agree. Of
a sound model of 135 million parameters in bfloat16 it was 0.043."""


class Agreement(NamedTuple):
    """How far the log-probabilities of ``tokens`` drawn tokens are from those in the loss, in nats.

    ``mean`` and ``largest`` are of the absolute differences; ``allowed`` is the mean that rounding explains.
    """

    tokens: int
    mean: float
    largest: float
    allowed: float

    @property
    def holds(self) -> bool:
        """Whether rounding explains the difference."""
        return self.mean <= self.allowed

    @property
    def sentence(self) -> str:
        """The comparison in words.

        >>> print(Agreement(40, 0.00001, 0.00002, 0.001).sentence)
        log-probabilities as drawn and in the loss agree: over 40 tokens they differ by 1e-05 on average, 2e-05 at most.
        """
        word = "agree" if self.holds else "do not agree"
        return (
            f"log-probabilities as drawn and in the loss {word}: over {self.tokens} tokens they differ by "
            f"{self.mean:.2g} on average, {self.largest:.2g} at most."
        )


def measure_agreement(trainer: GuardedTrainer, batch: Mapping[str, Any]) -> Agreement | None:
    """Return how far a generation batch's log-probabilities as drawn are from those in the loss.

    With vLLM its own are compared. None where weights are sharded over processes, which must then call the model
    together, where memory does not suffice, and where nothing was drawn.
    """
    if trainer.use_vllm:
        drawn, read = batch.get("sampling_per_token_logps"), batch.get("old_per_token_logps")
        return (
            None if drawn is None or read is None else _compare(drawn, read, batch["completion_mask"], torch.bfloat16)
        )
    rows = _Rows.of(batch)
    if not trainer.rollouts.cuts or rows is None:
        return None
    try:
        with _as_drawn(trainer) as model:
            drawn = _replay(model, rows, trainer.temperature)
        with torch.no_grad():
            whole = torch.cat([rows.prompts, rows.completions], 1), torch.cat([rows.asked, rows.answered], 1)
            read, *_ = trainer._get_per_token_logps_and_entropies(trainer.model, *whole, rows.completions.shape[1])
    except RuntimeError as error:
        if not ran_out(error):
            raise
        return None
    return _compare(drawn, read, rows.answered, _numbers(trainer))


class _Rows(NamedTuple):
    """Some rows of a generation batch: tokens, and which of them are there and no padding."""

    prompts: torch.Tensor
    asked: torch.Tensor
    completions: torch.Tensor
    answered: torch.Tensor

    @classmethod
    def of(cls, batch: Mapping[str, Any]) -> _Rows | None:
        """Choose rows by the length of their prompts: the shortest, the longest and some between."""
        asked, answered = batch["prompt_mask"], batch["completion_mask"]
        order = sorted((n for n in range(len(asked)) if answered[n].any()), key=lambda n: int(asked[n].sum()))
        chosen = sorted({order[round(place * (len(order) - 1) / (ROWS - 1))] for place in range(ROWS) if order})
        if not chosen:
            return None
        length, width = (int(mask[chosen].sum(1).max()) for mask in (answered, asked))
        return cls(
            batch["prompt_ids"][chosen, -width:],
            asked[chosen, -width:],
            batch["completion_ids"][chosen, :length],
            answered[chosen, :length],
        )


class _Replay(LogitsProcessor):
    """Lets a model draw given tokens, and remembers how likely they were."""

    def __init__(self, tokens: torch.Tensor, temperature: float) -> None:
        self.seen: list[torch.Tensor] = []
        self._tokens = tokens
        self._temperature = temperature

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        wanted = self._tokens[:, len(self.seen), None]
        self.seen.append(torch.log_softmax(scores.float() / self._temperature, dim=-1).gather(1, wanted))
        return torch.full_like(scores, float("-inf")).scatter(1, wanted, 0.0)


def _replay(model: Any, rows: _Rows, temperature: float) -> torch.Tensor:
    """Return the log-probability of each token of the completions, in the order in which they were drawn."""
    replay = _Replay(rows.completions, temperature)
    with torch.inference_mode(), quiet():
        model.generate(
            input_ids=rows.prompts,
            attention_mask=rows.asked,
            logits_processor=LogitsProcessorList([replay]),
            generation_config=GenerationConfig(
                max_new_tokens=rows.completions.shape[1],
                do_sample=False,
                pad_token_id=model.generation_config.pad_token_id,
                disable_compile=True,
            ),
        )
    drawn = torch.cat(replay.seen, dim=1).clone()
    return torch.nn.functional.pad(drawn, (0, rows.completions.shape[1] - drawn.shape[1]))


@contextmanager
def _as_drawn(trainer: GuardedTrainer) -> Iterator[Any]:
    """Give the model as completions are drawn from it."""
    with (
        trainer.rollouts.merged(),
        unwrap_model_for_generation(
            trainer.model_wrapped,
            trainer.accelerator,
            gather_deepspeed3_params=trainer.args.ds3_gather_for_generation,
            gradient_checkpointing_kwargs=trainer.args.gradient_checkpointing_kwargs,
        ) as model,
    ):
        yield model


def _numbers(trainer: GuardedTrainer) -> torch.dtype:
    """Return the least exact numbers that the model, or the loss, computes in."""
    model: Any = trainer.model
    halved = trainer.args.bf16 or trainer.args.fp16 or getattr(model, "quantization_method", None)
    return torch.bfloat16 if halved else model.dtype


def _compare(drawn: torch.Tensor, read: torch.Tensor, there: torch.Tensor, numbers: torch.dtype) -> Agreement | None:
    apart = (drawn - read).abs()[there.bool()].float()
    apart = apart[~apart.isnan()]  # as vLLM gives where it knows none
    if not len(apart):
        return None
    return Agreement(
        len(apart), float(apart.mean()), float(apart.max()), ROUNDING.get(numbers, ROUNDING[torch.bfloat16])
    )
