"""``grpo-train`` whose completions do not depend on how many processes share a batch.

TRL seeds every process in its own way, so runs of one and of two processes draw other completions and cannot be
compared number by number. Here the noise of a completion depends on the step, the token and its place in the group.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

GROUP = 4


@contextmanager
def same_draws() -> Iterator[None]:
    """Draw like that for the time of the block; held-out questions have noise of their own and are not touched."""
    from grpokit.train.trl.trainer import GuardedTrainer

    whole = GuardedTrainer._generate_single_turn
    token = 0

    def draw(probabilities: torch.Tensor, num_samples: int) -> torch.Tensor:
        nonlocal token
        token += 1
        generator = torch.Generator().manual_seed(token)
        noise = torch.empty(GROUP, probabilities.shape[1]).exponential_(1, generator=generator)
        return (probabilities / noise.repeat(len(probabilities) // GROUP, 1)).argmax(-1, keepdim=True)

    def generate(self: GuardedTrainer, *arguments: Any, **named: Any) -> Any:
        nonlocal token
        token = 1000 * self.state.global_step
        return whole(self, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "multinomial", draw)
        patch.setattr(GuardedTrainer, "_generate_single_turn", generate)
        yield


if __name__ == "__main__":
    from grpokit.commands.train import main

    with same_draws():
        sys.exit(main())
