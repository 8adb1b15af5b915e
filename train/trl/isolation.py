"""Nothing that happens in between changes training: random states and modes are put back as they were."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import nn


@contextmanager
def isolated(model: nn.Module) -> Iterator[None]:
    """Put ``model`` into evaluation mode for the time of the block; whatever it does, training goes on as without it.

    Kept are the random states of Python, NumPy and torch (CPU and every GPU), and of each module whether it trains:
    TRL draws its completions and its batches from these states, so one number drawn in between is another run.

    >>> layer = torch.nn.Dropout()
    >>> state = torch.get_rng_state()
    >>> with isolated(layer):
    ...     drawn = torch.rand(3), layer.training
    >>> drawn[1], layer.training, torch.equal(state, torch.get_rng_state())
    (False, True, True)
    """
    training = [module for module in model.modules() if module.training]
    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    model.eval()
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):  # bitsandbytes packs 4-bit weights in the evaluation mode
            module.train()  # on some CPUs, for good, and gradients through packed weights are wrong
    try:
        yield
    finally:
        for module in training:
            module.training = True
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        if gpus:
            torch.cuda.set_rng_state_all(gpus)
