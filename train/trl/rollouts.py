"""Drawing completions: in smaller chunks where memory runs out, with the adapter merged where it can be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch.overrides import TorchFunctionMode

from ...evaluate.engines.merging import mergeable_layers, merged
from ...evaluate.engines.transformers import ran_out
from ..types import TrainingError

if TYPE_CHECKING:
    from trl.trainer.grpo_trainer import GRPOTrainer

ADAPTER = "default"
"""What PEFT calls the one adapter that is trained."""

Draw: TypeAlias = Callable[..., Any]
"""TRL's ``_generate_single_turn``: token ids of prompts -> token ids of completions, and log-probabilities or None."""


class Rollouts:
    """Draws a generation batch in chunks of rows from the time that a whole one runs out of memory.

    The chunks get the very random numbers that their rows would have had in the whole batch, so the completions
    are the same ones, up to the rounding of matrix products of another size. Under vLLM, and where weights are
    sharded over processes, which must then call the model together, nothing is cut. ``seconds`` is the time that
    drawing took, ``tokens`` what was drawn in it.
    """

    def __init__(self, trainer: GRPOTrainer, note: Callable[[str], None]) -> None:
        sharded = trainer.is_deepspeed_enabled or trainer.is_fsdp_enabled
        self.cuts = not (sharded or trainer.use_vllm or trainer.use_transformers_continuous_batching)
        self.merges = self.cuts and bool(mergeable_layers(trainer.model, ADAPTER))
        self.chunk: int | None = None
        self.seconds, self.tokens = 0.0, 0
        self._trainer = trainer
        self._note = note

    def draw(self, draw: Draw, prompt_ids: list[list[int]], *others: Any, **named: Any) -> Any:
        """Call ``draw`` for all prompts at once, or chunk by chunk, whose size is halved until it fits."""
        began = time.perf_counter()
        if not self.cuts:
            drawn = draw(prompt_ids, *others, **named)
        else:
            with self.merged():
                drawn = self._fit(partial(draw, **named), prompt_ids, *others)
        self.seconds += time.perf_counter() - began
        self.tokens += sum(map(len, drawn[0]))
        return drawn

    @contextmanager
    def merged(self) -> Iterator[None]:
        """Merge the adapter for the time of the block where completions are drawn so."""
        with ExitStack() as stack:
            if self.merges:
                try:
                    stack.enter_context(merged(self._trainer.model, ADAPTER))
                except ValueError:
                    raise TrainingError(
                        "the adapter's weights are no finite numbers any more; give a smaller learning_rate."
                    ) from None
            yield

    def _fit(self, draw: Draw, prompt_ids: list[list[int]], *others: Any) -> Any:
        state = RandomState(self._trainer.accelerator.device)
        while True:
            size = min(self.chunk or len(prompt_ids), len(prompt_ids))
            try:
                if size == len(prompt_ids):
                    return draw(prompt_ids, *others)
                return self._draw_in_chunks(draw, state, size, prompt_ids, *others)
            except RuntimeError as error:
                if size == 1 or not ran_out(error):
                    raise
            self.chunk = (size + 1) // 2
            state.restore()
            torch.cuda.empty_cache()
            self._note(f"out of memory while drawing {size} completions at a time; from here on {self.chunk}.")

    def _draw_in_chunks(
        self, draw: Draw, state: RandomState, size: int, prompt_ids: list[list[int]], *others: Any
    ) -> Any:
        """The random numbers go on from where the chunk with the longest completion, and so the batch, ends."""
        drawn: list[list[int]] = []
        longest, end = 0, state
        for start in range(0, len(prompt_ids), size):
            rows = slice(start, start + size)
            state.restore()
            with RowsOfBatch(rows, len(prompt_ids)):
                completions, _ = draw(prompt_ids[rows], *others)
            drawn += completions
            steps = max(map(len, completions))
            if steps > longest:
                longest, end = steps, RandomState(self._trainer.accelerator.device)
        end.restore()
        return drawn, None


class RandomState:
    """The state of a device's random numbers at the time that this is made."""

    def __init__(self, device: torch.device) -> None:
        self._source: Any = torch if device.type == "cpu" else torch.get_device_module(device)
        self._state = self._source.get_rng_state()

    def restore(self) -> None:
        """Go back to that state."""
        self._source.set_rng_state(self._state)


class RowsOfBatch(TorchFunctionMode):
    """Makes ``torch.multinomial`` draw for some rows of a batch what it would draw for them within the whole batch.

    One draw per row is ``argmax(p / q)`` with q exponential, which is how torch itself computes it; q is made for the
    whole batch and cut.

    >>> p = torch.rand(6, 9)
    >>> _ = torch.manual_seed(0); whole = torch.multinomial(p, num_samples=1)
    >>> _ = torch.manual_seed(0)
    >>> with RowsOfBatch(slice(2, 4), 6):
    ...     part = torch.multinomial(p[2:4], num_samples=1)
    >>> torch.equal(part, whole[2:4])
    True
    """

    def __init__(self, rows: slice, count: int) -> None:
        super().__init__()
        self._rows = rows
        self._count = count

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Take over the one function, let all others through."""
        if func is not torch.multinomial:
            return func(*args, **(kwargs or {}))
        probabilities = args[0]
        noise = probabilities.new_empty(self._count, probabilities.shape[1]).exponential_(1)
        return (probabilities / noise[self._rows]).argmax(-1, keepdim=True)
